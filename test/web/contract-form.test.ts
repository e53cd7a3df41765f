/** The form of a contract: its values, the requests that come of them, and the errors that come back. */
import { ContractCreate } from '../../api/contract/contract-shapes';
import { RATE_LIMIT_PRESETS } from '../../domain/contract/rate-limits';
import { RequestFailed } from '../../web/src/base/problem';
import { changesOf, NEW_CONTRACT } from '../../web/src/contract/contract-body';
import type { ContractBody } from '../../web/src/contract/contract-body';
import { bodyOf, valuesOf } from '../../web/src/contract/contract-form';
import { featureRows, resetFeature, setFeature } from '../../web/src/contract/feature-overrides';
import { errorsByField } from '../../web/src/contract/form-errors';
import { LIMIT_PRESETS } from '../../web/src/contract/limit-presets';

const ID = '01a221d6-694c-7712-9177-6b43eefecbdd';
const NAMED = { ...NEW_CONTRACT, name: 'Acme', product_id: ID, generator_id: ID };

test('a new form has the defaults of the interface', () => {
  const { name, type, status, product_id, generator_id, quota } = NAMED;
  const given = { name, type, status, product_id, generator_id, quota };
  const { rate_limits, ...defaults } = ContractCreate.parse(given);
  expect(rate_limits).toBeNull();
  expect(NAMED).toMatchObject(defaults);
  expect(ContractCreate.parse(NAMED)).toMatchObject({ ...defaults, rate_limits: NAMED.rate_limits });
  const { none: _none, ...presets } = LIMIT_PRESETS;
  expect(presets).toEqual(RATE_LIMIT_PRESETS);
});

test('every field keeps its value on the way into the form and back', () => {
  const full: ContractBody = {
    ...NAMED,
    account_manager: 'ann@example.com',
    feature_overrides: { sso: true, seats: 25, old: null },
    activation_limit: 10,
    expiry: { duration: 'P1Y', basis: 'assignment' },
    device_lease_minutes: 30,
    start_date: '2027-02-01',
    term: 'P1Y',
    renewal: { ...NAMED.renewal, mode: 'auto', quota_effect: { add: 50 }, opt_out_at: '2027-03-01T10:00:21.000Z' },
    dunning: { past_due_days: 2, suspend_days: 4, terminate_days: null },
    rate_limits: { ...NAMED.rate_limits, per_day: 5, licenses: { per_minute: 1, per_hour: null, per_day: null } },
    auto_replenish: { target: 500 },
    ip_allowlist: ['192.0.2.7', '2001:db8::/48'],
    webhook_url: 'https://partner.example/hook',
    metadata: { order: 'SO-1' },
  };
  for (const body of [
    NAMED,
    full,
    {
      ...full,
      term: null,
      end_date: '2028-01-01',
      expiry: { date: '2028-01-01' },
      activation_limit: 'unlimited' as const,
    },
  ])
    expect(bodyOf(valuesOf(body))).toEqual({ body, errors: {} });
});

test('fields from which no request can be made are named', () => {
  const values = { ...valuesOf(NEW_CONTRACT), quota: '' as const, end_kind: 'term' as const, metadata: '[1]' };
  expect(bodyOf(values).errors).toEqual({
    name: 'required',
    product_id: 'required',
    generator_id: 'required',
    quota: 'required',
    term: 'required',
    metadata: 'not_an_object',
  });
});

test('an edit sends only what was changed', () => {
  const after = { ...NAMED, quota: 500, metadata: {}, renewal: { ...NAMED.renewal, notice_days: 60 } };
  expect(changesOf(NAMED, after)).toEqual({ quota: 500, renewal: { ...NAMED.renewal, notice_days: 60 } });
  expect(changesOf(NAMED, { ...NAMED })).toEqual({});
});

test('toggles and JSON of features are two views of the same overrides', () => {
  const features = { sso: false, seats: 5, plan: 'pro', nested: { a: 1 } };
  const overrides = setFeature(features, { nested: { a: 2 } }, 'sso', true);
  expect(overrides).toEqual({ nested: { a: 2 }, sso: true });
  expect(
    featureRows(features, overrides).map(({ name, value, overridden, kind }) => [name, value, overridden, kind]),
  ).toEqual([
    ['sso', true, true, 'boolean'],
    ['seats', 5, false, 'number'],
    ['plan', 'pro', false, 'text'],
    ['nested', { a: 2 }, true, 'other'],
  ]);
  expect(setFeature(features, overrides, 'sso', false)).toEqual({ nested: { a: 2 } });
  expect(resetFeature(overrides, 'nested')).toEqual({ sso: true });
});

test('errors of the interface stand at their fields', () => {
  const failed = (code: string, more: object) =>
    new RequestFailed(422, { code, detail: 'Why.', metadata: {}, ...more } as never);
  const errors = [
    { path: 'renewal.notice_days', message: 'too large' },
    { path: 'ip_allowlist.0', message: 'line 1 is wrong' },
    { path: 'ip_allowlist.2', message: 'line 3 is wrong' },
    { path: 'expiry', message: 'must be a duration' },
  ];
  expect(errorsByField(failed('VALIDATION_FAILED', { errors }))).toEqual({
    'renewal.notice_days': 'too large',
    ip_allowlist: 'line 1 is wrong; line 3 is wrong',
    expiry_kind: 'must be a duration',
  });
  expect(errorsByField(failed('QUOTA_BELOW_USED', {}))).toEqual({ quota: 'Why.' });
  expect(errorsByField(failed('IMMUTABLE_FIELD', { metadata: { field: 'end_date' } }))).toEqual({ end_date: 'Why.' });
  expect(errorsByField(failed('CONTRACT_TERMINATED', {}))).toEqual({});
});
