/** The status of a license, and the changes that an admin makes to it. */
import { decideLicenseChange, licenseChangesAllowed } from '../../domain/license/license-change';
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

const SUSPENDED = { ...UNUSED_LICENSE, suspended_at: EARLIER };
const REVOKED = { ...SUSPENDED, revoked_at: EARLIER };

test.each([
  ['suspend', UNUSED_LICENSE, { suspended_at: NOW }],
  ['suspend', SUSPENDED, 'unchanged'],
  ['reinstate', SUSPENDED, { suspended_at: null }],
  ['reinstate', UNUSED_LICENSE, 'unchanged'],
  ['revoke', UNUSED_LICENSE, { revoked_at: NOW }],
  ['revoke', SUSPENDED, { revoked_at: NOW }],
  ['revoke', REVOKED, 'unchanged'],
] as const)('to %s a license with %j sets %j', (change, facts, outcome) => {
  expect(decideLicenseChange(change, facts, NOW)).toEqual(outcome);
  expect(licenseChangesAllowed(facts)[change]).toBe(true);
});

test.each(['suspend', 'reinstate'] as const)('a revoked license refuses %s with the time of its revocation', (change) => {
  expect(decideLicenseChange(change, REVOKED, NOW)).toMatchObject({
    code: 'LICENSE_REVOKED',
    metadata: { revoked_at: EARLIER },
  });
  expect(licenseChangesAllowed(REVOKED)[change]).toBe('LICENSE_REVOKED');
});
