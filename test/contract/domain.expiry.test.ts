/** When licenses expire (domain.md 5.7). */
import fc from 'fast-check';
import { startOfDay } from '../../domain/base/calendar';
import { licenseExpiry } from '../../domain/contract/expiry';
import type { ExpiryRule } from '../../domain/contract/expiry';
import { licenseStatus } from '../../domain/license/license-facts';
import { UNUSED_LICENSE } from '../harness/license-facts';

/** The expiry by a rule of a contract that caps nothing. */
function expiryOf(expiry: ExpiryRule, basis_at: string, timezone: string) {
  return licenseExpiry({ expiry, timezone, cap_expiry_at_contract_end: false, end_date: null }, basis_at);
}

const NOON = '2027-06-15T12:00:00.000Z';

test('without a rule a license never expires', () => {
  expect(expiryOf(null, NOON, 'UTC')).toBeNull();
});

test.each([
  ['2027-01-31T10:00:00.000Z', 'P1M', 'UTC', '2027-02-28T10:00:00.000Z'],
  ['2028-02-29T10:00:00.000Z', 'P1Y', 'UTC', '2029-02-28T10:00:00.000Z'],
  // The wall time in the contract's zone is kept across the clock change.
  ['2027-03-01T17:00:00.000Z', 'P1M', 'America/New_York', '2027-04-01T16:00:00.000Z'],
  // In Auckland it is the 1st of the next month already: no clamping.
  ['2027-01-31T12:00:00.000Z', 'P1M', 'Pacific/Auckland', '2027-02-28T12:00:00.000Z'],
])('a license generated at %s for %s in %s expires at %s', (made_at, duration, zone, expires_at) => {
  expect(expiryOf({ duration, basis: 'generation' }, made_at, zone)).toBe(expires_at);
});

test.each([
  ['2027-12-31', 'UTC', '2028-01-01T00:00:00.000Z'],
  ['2027-12-31', 'Asia/Kolkata', '2027-12-31T18:30:00.000Z'],
  ['2027-12-31', 'America/New_York', '2028-01-01T05:00:00.000Z'],
])('a license with the date %s is valid through that day in %s', (date, zone, expires_at) => {
  expect(expiryOf({ date }, NOON, zone)).toBe(expires_at);
});

test('licenses are generated through the last day and refused after it', () => {
  const rule = { date: '2027-06-15' };
  expect(expiryOf(rule, '2027-06-15T23:59:59.999Z', 'UTC')).toBe('2027-06-16T00:00:00.000Z');
  for (const made_at of ['2027-06-16T00:00:00.000Z', '2027-07-01T00:00:00.000Z']) {
    expect(expiryOf(rule, made_at, 'UTC')).toMatchObject({
      refused: true,
      code: 'EXPIRY_IN_PAST',
      metadata: rule,
    });
  }
  // In Honolulu the day goes on for ten hours more.
  expect(expiryOf(rule, '2027-06-16T09:59:59.999Z', 'Pacific/Honolulu')).toBe('2027-06-16T10:00:00.000Z');
});

test('no license is expired when it is generated, with any rule, instant and zone', () => {
  const at = fc.date({
    min: new Date('2020-01-01T00:00:00Z'),
    max: new Date('2050-01-01T00:00:00Z'),
    noInvalidDate: true,
  });
  const zone = fc.constantFrom(
    'UTC',
    'Europe/Berlin',
    'America/New_York',
    'Africa/Cairo',
    'Pacific/Auckland',
    'Asia/Kolkata',
  );
  const rule = fc.oneof(
    fc
      .constantFrom('P1D', 'P1W', 'P1M', 'P1Y', 'P2M3D')
      .map((duration) => ({ duration, basis: 'generation' as const })),
    at.map((date) => ({ date: date.toISOString().slice(0, 10) })),
  );
  fc.assert(
    fc.property(rule, at, zone, (given, made, inZone) => {
      const made_at = made.toISOString();
      const expires_at = expiryOf(given, made_at, inZone);
      if (typeof expires_at !== 'string') return expect(expires_at).toMatchObject({ code: 'EXPIRY_IN_PAST' });
      expect(licenseStatus({ ...UNUSED_LICENSE, expires_at }, made_at)).toBe('available');
      expect(licenseStatus({ ...UNUSED_LICENSE, expires_at }, expires_at)).toBe('expired');
      if ('date' in given) expect(expires_at > startOfDay(given.date, inZone)).toBe(true);
    }),
  );
});

test.each([
  ['a period that ends later', { duration: 'P1Y', basis: 'generation' }, '2027-12-30T23:00:00.000Z'],
  ['a period that ends earlier', { duration: 'P1M', basis: 'generation' }, '2027-07-15T12:00:00.000Z'],
  ['a later date', { date: '2028-05-01' }, '2027-12-30T23:00:00.000Z'],
  ['no rule', null, '2027-12-30T23:00:00.000Z'],
  ['an expiry of their own', { duration: 'P1Y', basis: 'assignment' }, null],
] as [string, ExpiryRule, string | null][])(
  'a contract that caps the expiry ends its licenses with it: %s',
  (_, expiry, expires_at) => {
    const terms = { expiry, timezone: 'Europe/Berlin', cap_expiry_at_contract_end: true, end_date: '2027-12-31' };
    expect(licenseExpiry(terms, NOON)).toBe(expires_at);
  },
);

test('a contract that caps the expiry generates no license after its end', () => {
  const terms = { expiry: null, timezone: 'UTC', cap_expiry_at_contract_end: true, end_date: '2027-06-15' };
  expect(licenseExpiry(terms, NOON)).toMatchObject({ code: 'EXPIRY_IN_PAST', metadata: { date: '2027-06-14' } });
  expect(licenseExpiry({ ...terms, end_date: null }, NOON)).toBeNull();
});
