/** The answer about a license key: every reason, and their precedence. */
import fc from 'fast-check';
import { validate } from '../../domain/license/validation';
import type { LicenseInUse, LicenseQuestion, ValidationCode } from '../../domain/license/validation';
import { buildLicenseInUse } from '../harness/license-facts';

const NOW = '2027-06-15T12:00:00.000Z';
const BEFORE = '2027-06-15T11:59:59.999Z';

/** What gives each code alone, in the order of precedence. */
const CASES: readonly [ValidationCode, Partial<LicenseInUse>, LicenseQuestion][] = [
  ['ENVIRONMENT_MISMATCH', { environment: 'staging' }, { environment: 'production' }],
  ['WRONG_PRODUCT', { product_code: 'pro' }, { product_code: 'lite' }],
  ['REVOKED', { revoked_at: BEFORE }, {}],
  ['SUSPENDED', { suspended_at: BEFORE }, {}],
  ['TEST_LICENSE_EXPIRED', { is_test: true, expires_at: NOW }, {}],
  ['EXPIRED', { expires_at: NOW }, {}],
  ['NOT_ASSIGNED', { is_pooled: true }, {}],
  ['BILLING_SUSPENDED', { issued_licenses: 'suspend', suspended_by: 'billing' }, {}],
  ['CONTRACT_INACTIVE', { issued_licenses: 'suspend', suspended_by: 'compliance' }, {}],
  ['TOO_MANY_DEVICES', { activation_limit: 2, other_devices: 2 }, { device_id: 'a' }],
  ['NOT_ACTIVATED', {}, { device_id: 'a' }],
];
const FOREIGN = 2;

test('an unknown key is NOT_FOUND', () => {
  expect(validate(undefined, {}, NOW)).toEqual({ code: 'NOT_FOUND', reasons: ['NOT_FOUND'], shows_license: false });
});

test.each<[string, Partial<LicenseInUse>, LicenseQuestion]>([
  ['without questions', {}, {}],
  ['of the product and environment', {}, { product_code: 'pro', environment: 'production' }],
  ['on an activated device, at the limit', { has_place: true, activation_limit: 3, other_devices: 2 }, { device_id: 'a' }],
  ['whose contract is suspended and keeps them', { suspended_by: 'billing' }, {}],
  [
    'whose contract is suspended and refuses new devices',
    { suspended_by: 'billing', issued_licenses: 'no_new_activations', has_place: true },
    { device_id: 'a' },
  ],
  ['of a pool, that a customer has', { is_pooled: true, customer_id: 'ada', assigned_at: BEFORE }, {}],
  ['of a pool, that a program activated without a customer', { is_pooled: true, activated_at: BEFORE }, {}],
  ['a millisecond before its expiry', { expires_at: '2027-06-15T12:00:00.001Z' }, {}],
])('a license is valid %s', (_, license, question) => {
  expect(validate(buildLicenseInUse(license), question, NOW)).toEqual({ code: 'VALID', reasons: [], shows_license: true });
});

test.each(CASES)('%s', (code, license, question) => {
  const { reasons, ...answer } = validate(buildLicenseInUse(license), question, NOW);
  expect(answer).toEqual({ code, shows_license: !['ENVIRONMENT_MISMATCH', 'WRONG_PRODUCT'].includes(code) });
  // A device without a place is not activated either.
  expect(reasons).toEqual(code === 'TOO_MANY_DEVICES' ? [code, 'NOT_ACTIVATED'] : [code]);
});

test('of several reasons the first of the table is the code, and a foreign key has no others', () => {
  fc.assert(
    fc.property(fc.subarray([...CASES], { minLength: 1 }), (cases) => {
      const license = buildLicenseInUse(Object.assign({}, ...cases.map(([, changes]) => changes)));
      const question: LicenseQuestion = Object.assign({}, ...cases.map(([, , asked]) => asked));
      const codes = CASES.map(([code]) => code);
      const { code, reasons, shows_license } = validate(license, question, NOW);
      expect(code).toBe(reasons[0]);
      expect(reasons).toEqual(codes.filter((known) => reasons.includes(known)));
      const foreign = codes.slice(0, FOREIGN);
      expect(shows_license).toBe(!foreign.includes(code));
      if (!shows_license) expect(reasons.filter((reason) => !foreign.includes(reason))).toEqual([]);
    }),
  );
});
