/** The status of a license. */
import { licenseStatus } from '../../domain/license/license-facts';
import type { LicenseFacts } from '../../domain/license/license-facts';
import { UNUSED_LICENSE } from '../harness/license-facts';

const EARLIER = '2027-06-01T00:00:00.000Z';
const NOW = '2027-06-15T12:00:00.000Z';
const LATER = '2027-07-01T00:00:00.000Z';
const CUSTOMER = '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f';

/** Facts that add up: each line also has all facts of the lines before it. */
const STEPS: [string, Partial<LicenseFacts>][] = [
  ['available', {}],
  ['held', { held_until: LATER }],
  ['assigned', { customer_id: CUSTOMER, assigned_at: EARLIER }],
  ['active', { activated_at: EARLIER }],
  ['expired', { expires_at: NOW }],
  ['suspended', { suspended_at: EARLIER }],
  ['revoked', { revoked_at: EARLIER }],
];

test.each(STEPS.map(([status], index) => [status, STEPS.slice(0, index + 1)] as const))(
  'the status is %s, whatever facts of less weight there are',
  (status, steps) => {
    const all: LicenseFacts = Object.assign({}, UNUSED_LICENSE, ...steps.map(([, facts]) => facts));
    const only: LicenseFacts = { ...UNUSED_LICENSE, ...steps.at(-1)?.[1] };
    expect(licenseStatus(all, NOW)).toBe(status);
    expect(licenseStatus(only, NOW)).toBe(status);
  },
);

test('a hold and a validity are over from their instant on', () => {
  const held = { ...UNUSED_LICENSE, held_until: NOW };
  expect(licenseStatus(held, '2027-06-15T11:59:59.999Z')).toBe('held');
  expect(licenseStatus(held, NOW)).toBe('available');
  const valid = { ...UNUSED_LICENSE, expires_at: NOW };
  expect(licenseStatus(valid, '2027-06-15T11:59:59.999Z')).toBe('available');
  expect(licenseStatus(valid, NOW)).toBe('expired');
});
