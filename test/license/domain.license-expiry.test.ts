/** The expiry that a license gets at its assignment or first activation (domain.md 5.7). */
import { ownExpiry, ownExpiryRule } from '../../domain/license/license-expiry';
import type { OwnExpiryRule } from '../../domain/license/license-expiry';

const YEAR: OwnExpiryRule = { duration: 'P1Y', basis: 'assignment', timezone: 'UTC', cap_at_contract_end: false };
const LEAP_DAY = '2028-02-29T10:00:00.000Z';

test('the event that the rule names gives the expiry, and no other event', () => {
  expect(ownExpiry(YEAR, 'assignment', LEAP_DAY, null)).toBe('2029-02-28T10:00:00.000Z');
  expect(ownExpiry(YEAR, 'first_activation', LEAP_DAY, null)).toBeNull();
  expect(ownExpiry({ ...YEAR, basis: 'first_activation' }, 'first_activation', LEAP_DAY, null)).not.toBeNull();
  expect(ownExpiry(null, 'assignment', LEAP_DAY, null)).toBeNull();
});

test('the time of day of the contract is kept across a clock change', () => {
  const rule: OwnExpiryRule = { ...YEAR, duration: 'P1M', timezone: 'America/New_York' };
  expect(ownExpiry(rule, 'assignment', '2027-03-01T17:00:00.000Z', null)).toBe('2027-04-01T16:00:00.000Z');
});

test('the end of the contract counts only if the rule caps the expiry', () => {
  expect(ownExpiry(YEAR, 'assignment', LEAP_DAY, '2028-06-01')).toBe('2029-02-28T10:00:00.000Z');
  const capped = { ...YEAR, timezone: 'Asia/Kolkata', cap_at_contract_end: true };
  expect(ownExpiry(capped, 'assignment', LEAP_DAY, '2028-06-01')).toBe('2028-05-31T18:30:00.000Z');
  expect(ownExpiry(capped, 'assignment', LEAP_DAY, '2030-06-01')).toBe('2029-02-28T10:00:00.000Z');
  expect(ownExpiry(capped, 'assignment', LEAP_DAY, null)).toBe('2029-02-28T10:00:00.000Z');
});

test('licenses have a rule of their own unless their job decides', () => {
  const terms = { timezone: 'UTC', cap_expiry_at_contract_end: true, end_date: null };
  expect(ownExpiryRule({ ...terms, expiry: { duration: 'P1Y', basis: 'assignment' } })).toEqual({
    ...YEAR,
    cap_at_contract_end: true,
  });
  expect(ownExpiryRule({ ...terms, expiry: { duration: 'P1Y', basis: 'generation' } })).toBeNull();
  expect(ownExpiryRule({ ...terms, expiry: { date: '2028-01-01' } })).toBeNull();
  expect(ownExpiryRule({ ...terms, expiry: null })).toBeNull();
});
