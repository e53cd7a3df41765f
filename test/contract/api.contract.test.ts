/**
 * Contracts over HTTP: the response of each call, its refusals with their codes, and what it writes.
 */
import { randomFillSync, randomUUID } from 'node:crypto';
import { newApiKey } from '../../domain/access/api-key';
import { startTestApi } from '../harness/api';
import type { ApiAnswer, TestApi } from '../harness/api';
import { addCatalogue, addContract, contractBody } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { createContractIn, dateInDays, backdateContract, waitForState } from '../harness/contract-states';
import { readTableDigests } from '../harness/table-digests';
import { rowsOf } from '../harness/walk-pages';

const DAY_MS = 86_400_000;
const UNKNOWN_ID = '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f';

let api: TestApi;
/** An API without a worker: only requests apply due boundaries. */
let apiWithoutWorker: TestApi;
let catalogue: TestCatalogue;

beforeAll(async () => {
  [api, apiWithoutWorker] = await Promise.all([startTestApi({ worker: true }), startTestApi()]);
  catalogue = await addCatalogue(api, { features: { seats: 5, name: 'Basic', nested: { on: true } } });
});

afterAll(() => Promise.all([api.close(), apiWithoutWorker.close()]));

function post(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<ApiAnswer> {
  return api.call('POST', path, { ...(body === undefined ? {} : { body }), headers });
}

function patch(id: string, body: unknown, headers: Record<string, string> = {}): Promise<ApiAnswer> {
  return api.call('PATCH', `/contracts/${id}`, { body, headers });
}

async function auditOf(id: string): Promise<{ action: string; request_id: string | null; actor: { id: string } }[]> {
  return api.sql`SELECT action, request_id, actor FROM audit_events WHERE contract_id = ${id} ORDER BY id`;
}

function expectRefusal(answer: ApiAnswer, status: number, code: string): void {
  expect({ status: answer.status, code: answer.body?.code }).toEqual({ status, code });
}

describe('creating', () => {
  test('seven fields are enough, and the others have defaults', async () => {
    const answer = await post('/contracts', contractBody(catalogue, { name: 'Form', status: 'inactive', quota: 2000 }));
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe(`/api/v1/contracts/${answer.body.id}`);
    expect(answer.headers.get('etag')).toBe('"1"');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.body).toMatchObject({
      name: 'Form',
      state: 'DRAFT',
      status: 'inactive',
      inactive_reason: 'CONFIGURING',
      environment: 'production',
      quota: { total: 2000, generated: 0, reserved: 0, remaining: 2000, utilization: 0 },
      term: { number: 1, length: null, start_date: null, end_date: null, last_day: null },
      timezone: 'UTC',
      expiry: null,
      cap_expiry_at_contract_end: false,
      activation_limit: null,
      feature_overrides: {},
      metadata: {},
      ip_allowlist: [],
      customer_id: null,
      account_manager: null,
      expiry_grace_days: 0,
      grace_allows_generation: false,
      renewal: {
        mode: 'manual',
        term: null,
        notice_days: 30,
        opt_out_at: null,
        quota_effect: null,
        max_renewals: null,
        coterm_with: null,
        late_renewal_days: 90,
        notice_date: null,
        blocked: null,
      },
      dunning: { past_due_days: 1, suspend_days: 14, terminate_days: 60 },
      dunning_exempt: false,
      rate_limits: {
        per_minute: null,
        per_hour: null,
        per_day: null,
        licenses: { per_minute: null, per_hour: null, per_day: null },
      },
      billing: { level: 'CLEAR', earliest_due: null, unpaid_invoices: [] },
      warnings: [],
      termination: null,
      pending_amendments: 0,
      test_clock_id: null,
      revision: 1,
      created_by: api.admins.super_admin.id,
    });
    const read = await api.call('GET', `/contracts/${answer.body.id}`);
    expect(read.body).toEqual(answer.body);
  });

  test('an account manager is shown, audited, and found by the address in any letter case', async () => {
    const account_manager = 'Key.Accounts@vendor.example';
    const contract = await addContract(api, catalogue, { account_manager });
    const other = await addContract(api, catalogue);
    const found = async (): Promise<string[]> => {
      const { body } = await api.call('GET', `/contracts?account_manager=${account_manager.toLowerCase()}`);
      return body.data.map(({ id }: { id: string }) => id);
    };
    expect(contract.account_manager).toBe(account_manager);
    expect(await found()).toEqual([contract.id]);
    await patch(contract.id, { account_manager: null });
    const edited = await patch(other.id, { account_manager });
    expect(edited.body).toMatchObject({ account_manager, revision: 2 });
    expect(await found()).toEqual([other.id]);
    expect((await patch(other.id, { account_manager })).body.revision).toBe(2);
    expect((await api.call('GET', `/contracts/${other.id}/activity`)).body.data[0]).toMatchObject({
      action: 'contract.updated',
      before: { account_manager: null },
      after: { account_manager },
    });
    expectRefusal(await patch(other.id, { account_manager: 'x' }), 422, 'VALIDATION_FAILED');
  });

  test('creating and activating in one call writes one contract.created', async () => {
    const contract = await addContract(api, catalogue, { term: 'P1Y' });
    expect(contract).toMatchObject({ state: 'ACTIVE', status: 'active', inactive_reason: null, revision: 1 });
    expect(contract.next_boundary).toMatchObject({ kind: 'reminder' });
    expect((await auditOf(contract.id)).map((row) => row.action)).toEqual(['contract.created']);
  });

  test('an active contract that starts later is scheduled', async () => {
    const contract = await addContract(api, catalogue, { start_date: dateInDays(30), term: 'P1M' });
    expect(contract).toMatchObject({
      state: 'SCHEDULED',
      status: 'inactive',
      inactive_reason: 'NOT_STARTED',
      next_boundary: { kind: 'starts' },
    });
  });

  test.each([
    ['a missing name', { name: undefined }, 'name'],
    ['an empty name', { name: '  ' }, 'name'],
    ['an unknown type', { type: 'gold' }, 'type'],
    ['an unknown field', { callback_url: 'https://example.com' }, 'callback_url'],
    ['a quota of zero', { quota: 0 }, 'quota'],
    ['a quota that is not a whole number', { quota: 1.5 }, 'quota'],
    ['a quota above every limit', { quota: 1e300 }, 'quota'],
    ['an activation limit of zero', { activation_limit: 0 }, 'activation_limit'],
    ['term and end_date together', { term: 'P1Y', end_date: '2099-01-01' }, 'end_date'],
    ['a date that does not exist', { start_date: '2027-02-30' }, 'start_date'],
    ['the year zero', { start_date: '0000-01-01' }, 'start_date'],
    ['a term of hours', { term: 'PT1H' }, 'term'],
    ['a term of ten thousand years', { term: 'P9999Y9999M' }, 'term'],
    ['an offset as a time zone', { timezone: '+02:00' }, 'timezone'],
    ['an automatic renewal without a term', { renewal: { mode: 'auto' } }, 'renewal.mode'],
    ['a renewal with a price', { renewal: { price: 5 } }, 'renewal.price'],
    ['an unknown contract to adopt the end of', { renewal: { coterm_with: UNKNOWN_ID } }, 'renewal.coterm_with'],
    ['dunning steps in the wrong order', { dunning: { past_due_days: 14 } }, 'dunning'],
    ['a dunning schedule that starts on the due date', { dunning: { past_due_days: 0 } }, 'dunning.past_due_days'],
    ['an unknown test clock', { test_clock_id: UNKNOWN_ID }, 'test_clock_id'],
    ['an end before the start', { start_date: '2099-02-01', end_date: '2099-01-01' }, 'end_date'],
    ['an unknown product', { product_id: UNKNOWN_ID }, 'product_id'],
    ['an unknown customer', { customer_id: UNKNOWN_ID }, 'customer_id'],
    ['U+0000 in the name', { name: 'a\u0000b' }, 'name'],
    ['an unpaired surrogate in the name', { name: 'a\ud800b' }, 'name'],
    ['U+0000 in metadata', { metadata: { note: 'a\u0000b' } }, 'metadata'],
    ['an unpaired surrogate in metadata', { metadata: { note: 'a\ud800b' } }, 'metadata'],
    ['an unpaired surrogate as a key of metadata', { metadata: { '\udc00': 1 } }, 'metadata'],
    ['metadata nested too deep', { metadata: { a: JSON.parse('['.repeat(50) + ']'.repeat(50)) } }, 'metadata'],
  ])('%s is refused with 422 and its path', async (_what, wrong, path) => {
    const answer = await post('/contracts', contractBody(catalogue, wrong));
    expectRefusal(answer, 422, 'VALIDATION_FAILED');
    expect(answer.body.errors.map((error: { path: string }) => error.path)).toContain(path);
  });

  test.each([
    ['PRODUCT_INACTIVE', { product_status: 'inactive' as const }, {}],
    ['GENERATOR_NOT_AVAILABLE', { generator_status: 'inactive' as const }, {}],
    ['GENERATOR_KEYSPACE_TOO_SMALL', { groups: 1, group_length: 4 }, { quota: 100 }],
  ])('%s is refused with 409', async (code, options, more) => {
    const other = await addCatalogue(api, options);
    expectRefusal(await post('/contracts', contractBody(other, more)), 409, code);
  });

  test('a generator of another product is refused with 409', async () => {
    const other = await addCatalogue(api);
    expectRefusal(
      await post('/contracts', contractBody({ ...catalogue, generator_id: other.generator_id })),
      409,
      'GENERATOR_NOT_AVAILABLE',
    );
  });

  test('a feature of another type is refused with 422 and its name', async () => {
    const answer = await post(
      '/contracts',
      contractBody(catalogue, { feature_overrides: { seats: 'many', nested: { on: 1 }, extra: 'allowed' } }),
    );
    expectRefusal(answer, 422, 'FEATURE_TYPE_MISMATCH');
    expect(answer.body.metadata.paths).toBe('seats, nested.on');
  });

  test('an expiry date in the past is refused with 409, and so is a term that has ended', async () => {
    expectRefusal(
      await post('/contracts', contractBody(catalogue, { expiry: { date: '2020-01-01' } })),
      409,
      'EXPIRY_IN_PAST',
    );
    expectRefusal(
      await post('/contracts', contractBody(catalogue, { start_date: '2020-01-01', term: 'P1Y' })),
      409,
      'TERM_ALREADY_OVER',
    );
  });

  test('two expiry rules together are refused with their own code, also in an edit', async () => {
    const expiry = { duration: 'P1Y', date: '2099-01-01' };
    expectRefusal(await post('/contracts', contractBody(catalogue, { expiry })), 422, 'EXPIRY_CONFLICT');
    const contract = await addContract(api, catalogue);
    expectRefusal(await api.call('PATCH', `/contracts/${contract.id}`, { body: { expiry } }), 422, 'EXPIRY_CONFLICT');
  });

  test('for a field with several allowed forms, the refusal names these forms', async () => {
    const expiry_forms =
      'must be null, {"duration": "P1Y"}, {"duration": "P1Y", "basis": "assignment"} or {"date": "2027-02-01"}';
    const limit_forms = 'must be null, "unlimited" or a whole number from 1 to 1000000';
    const refused = [
      ...[{}, { days: 0 }, 'P1Y', 5, { duration: 'P1Y', basis: 'x' }].map((value) => ['expiry', value, expiry_forms]),
      ...[1.5, 'none', {}].map((value) => ['activation_limit', value, limit_forms]),
    ] as [string, unknown, string][];
    for (const [path, value, message] of refused) {
      const answer = await post('/contracts', contractBody(catalogue, { [path]: value }));
      expectRefusal(answer, 422, 'VALIDATION_FAILED');
      expect(answer.body.errors).toEqual([{ path, message }]);
    }
  });

  test('an end date in the past is TERM_ALREADY_OVER, also when the term starts at activation', async () => {
    const end_date = '2020-01-01';
    expectRefusal(await post('/contracts', contractBody(catalogue, { end_date })), 409, 'TERM_ALREADY_OVER');
    const draft = await addContract(api, catalogue, { status: 'inactive', end_date });
    const activation = await api.call('POST', `/contracts/${draft.id}/activate?dry_run=true`);
    expectRefusal(activation, 409, 'TERM_ALREADY_OVER');
  });

  test('rate limits are written in part: an edit changes the limits that it names, and null removes them', async () => {
    const NONE = { per_minute: null, per_hour: null, per_day: null };
    const contract = await addContract(api, catalogue, { rate_limits: { per_minute: 10, licenses: { per_day: 500 } } });
    expect(contract.rate_limits).toEqual({ ...NONE, per_minute: 10, licenses: { ...NONE, per_day: 500 } });
    const limitsAfter = async (rate_limits: unknown) => {
      const answer = await api.call('PATCH', `/contracts/${contract.id}`, { body: { rate_limits } });
      expect(answer.status).toBe(200);
      return answer.body.rate_limits;
    };
    const rowOf = () => api.sql`
      SELECT per_minute, per_hour, licenses_per_hour, licenses_per_day FROM contract_rates WHERE contract_id = ${contract.id}`;
    expect(await limitsAfter({ per_hour: 100, licenses: { per_hour: 50 } })).toEqual({
      ...NONE,
      per_minute: 10,
      per_hour: 100,
      licenses: { ...NONE, per_hour: 50, per_day: 500 },
    });
    expect(await rowOf()).toEqual([{ per_minute: 10, per_hour: 100, licenses_per_hour: 50, licenses_per_day: 500 }]);
    expect(await limitsAfter({ per_minute: null, licenses: null })).toEqual({ ...NONE, per_hour: 100, licenses: NONE });
    expect(await limitsAfter(null)).toEqual({ ...NONE, licenses: NONE });
    // The row stays with what was counted.
    expect(await rowOf()).toEqual([
      { per_minute: null, per_hour: null, licenses_per_hour: null, licenses_per_day: null },
    ]);
    expect((await auditOf(contract.id)).map((row) => row.action)).toEqual([
      'contract.created',
      ...Array<string>(3).fill('contract.updated'),
    ]);
  });

  test.each([[0], [1.5], ['10'], [1_000_000_001]])('a rate limit of %p is refused by its field', async (limit) => {
    const body = contractBody(catalogue, { rate_limits: { licenses: { per_hour: limit } } });
    const answer = await api.call('POST', '/contracts', { body });
    expect([answer.status, answer.body.errors?.[0]?.path]).toEqual([422, 'rate_limits.licenses.per_hour']);
  });

  test('renewal, dunning and grace have the given values, and omitted fields have their defaults', async () => {
    const contract = await addContract(api, catalogue, {
      start_date: dateInDays(0),
      term: 'P1Y',
      expiry_grace_days: 14,
      grace_allows_generation: true,
      renewal: { mode: 'auto', notice_days: 60, quota_effect: { add: 300 }, max_renewals: 2 },
      dunning: { suspend_days: 30, terminate_days: null },
      dunning_exempt: true,
    });
    expect(contract).toMatchObject({
      expiry_grace_days: 14,
      grace_allows_generation: true,
      renewal: { mode: 'auto', notice_days: 60, quota_effect: { add: 300 }, max_renewals: 2, late_renewal_days: 90 },
      dunning: { past_due_days: 1, suspend_days: 30, terminate_days: null },
      dunning_exempt: true,
      term: { number: 1, length: 'P1Y', start_date: dateInDays(0) },
    });
    const { notice_date } = contract.renewal;
    const [{ days }] = await api.sql<[{ days: number }]>`
      SELECT ${contract.term.end_date}::date - ${notice_date}::date AS days`;
    expect(days).toBe(60);
  });

  test('a contract can adopt the end of another contract of the same customer, and of no other customer', async () => {
    const customerId = async (): Promise<string> => {
      const body = { email: `${randomUUID()}@covenant.test`, name: 'Customer' };
      return (await api.call('POST', '/customers', { body })).body.id;
    };
    const [customer_id, stranger_id] = [await customerId(), await customerId()];
    const target = await addContract(api, catalogue, { customer_id, end_date: dateInDays(100) });
    const renewal = { coterm_with: target.id };
    const contract = await addContract(api, catalogue, { customer_id, term: 'P1Y', renewal });
    expect(contract.term).toMatchObject({ end_date: dateInDays(100), length: 'P1Y' });
    const body = (more: Record<string, unknown>) => contractBody(catalogue, { term: 'P1Y', renewal, ...more });
    expectRefusal(await post('/contracts', body({ customer_id: stranger_id })), 409, 'COTERM_NOT_POSSIBLE');
    expectRefusal(await post('/contracts', body({ customer_id, term: 'P1M' })), 409, 'COTERM_NOT_POSSIBLE');
  });

  test('test clocks can be used only outside production', async () => {
    const clock = await api.call('POST', '/test-clocks', { body: { now: '2027-01-01T00:00:00.000Z' } });
    const test_clock_id: string = clock.body.id;
    const refused = await post('/contracts', contractBody(catalogue, { test_clock_id }));
    expectRefusal(refused, 422, 'VALIDATION_FAILED');
    expect(refused.body.detail).toContain('production');
    const development = await addCatalogue(api, { environment: 'development' });
    const contract = await addContract(api, development, { test_clock_id });
    expect(contract).toMatchObject({ test_clock_id, start_date: '2027-01-01', state: 'ACTIVE' });
  });

  test('an id in upper case is the same id', async () => {
    const contract = await addContract(api, catalogue);
    const read = await api.call('GET', `/contracts/${contract.id.toUpperCase()}`);
    expect(read.body).toMatchObject({ id: contract.id, workflow_id: `contract:${contract.id}` });
  });

  test('a refusal writes no row', async () => {
    const before = await readTableDigests(api.sql);
    await post('/contracts', contractBody(catalogue, { expiry: { date: '2020-01-01' } }), {
      'Idempotency-Key': 'refused',
    });
    expect(await readTableDigests(api.sql)).toEqual(before);
  });
});

describe('editing', () => {
  test('omitted fields stay as they are, and each change is one revision and one audit row', async () => {
    const contract = await addContract(api, catalogue, { metadata: { a: 1 } });
    const answer = await patch(contract.id, { name: 'Renamed', quota: 1500 });
    expect(answer.body).toMatchObject({ name: 'Renamed', quota: { total: 1500 }, metadata: { a: 1 }, revision: 2 });
    expect(answer.headers.get('etag')).toBe('"2"');
    expect((await auditOf(contract.id)).map((row) => row.action)).toEqual(['contract.created', 'contract.updated']);
  });

  test('an edit that changes nothing responds with 200 and writes nothing', async () => {
    const contract = await addContract(api, catalogue);
    const before = await readTableDigests(api.sql);
    const answer = await patch(contract.id, { name: contract.name, status: 'active' });
    expect(answer.status).toBe(200);
    expect(answer.body.revision).toBe(1);
    const after = await readTableDigests(api.sql);
    // The command through the workflow is stored under its id.
    expect({ ...after, contract_commands: '' }).toEqual({ ...before, contract_commands: '' });
  });

  test.each([
    ['type', 'pool'],
    ['product_id', UNKNOWN_ID],
    ['environment', 'staging'],
    ['id', UNKNOWN_ID],
    ['timezone', 'Europe/Berlin'],
    ['start_date', '2099-01-01'],
    ['term', 'P2Y'],
    ['expiry_grace_days', 5],
    ['test_clock_id', UNKNOWN_ID],
  ])('%s of an active contract cannot be changed: 422 IMMUTABLE_FIELD', async (field, value) => {
    const contract = await addContract(api, catalogue);
    const answer = await patch(contract.id, { [field]: value });
    expectRefusal(answer, 422, 'IMMUTABLE_FIELD');
    expect(answer.body.metadata.field).toBe(field);
  });

  test('of renewal and dunning only the given fields change, and impossible combinations are refused', async () => {
    const contract = await addContract(api, catalogue, { term: 'P1Y', renewal: { notice_days: 60 } });
    const edited = await patch(contract.id, {
      renewal: { mode: 'auto', max_renewals: 1 },
      dunning: { suspend_days: 20 },
      grace_allows_generation: true,
    });
    expect(edited.body).toMatchObject({
      renewal: { mode: 'auto', notice_days: 60, max_renewals: 1 },
      dunning: { past_due_days: 1, suspend_days: 20, terminate_days: 60 },
      grace_allows_generation: true,
      revision: 2,
    });
    expectRefusal(await patch(contract.id, { dunning: { suspend_days: 60 } }), 422, 'VALIDATION_FAILED');
    expectRefusal(await patch(contract.id, { renewal: { opt_out_term: 3 } }), 422, 'VALIDATION_FAILED');
    const unknown = await patch(contract.id, { renewal: { coterm_with: UNKNOWN_ID } });
    expect(unknown.body.errors).toMatchObject([{ path: 'renewal.coterm_with' }]);
    const evergreen = await addContract(api, catalogue);
    expectRefusal(await patch(evergreen.id, { renewal: { mode: 'auto' } }), 422, 'VALIDATION_FAILED');
    expect((await patch(evergreen.id, { renewal: { mode: 'auto', term: 'P1Y' } })).status).toBe(200);
  });

  test('a list of addresses is stored in one form, and a change of it is a revision', async () => {
    const ip_allowlist = ['192.0.2.7/32', '::ffff:192.0.2.7', '2001:DB8::/48'];
    const contract = await addContract(api, catalogue, { ip_allowlist });
    expect(contract).toMatchObject({ ip_allowlist: ['192.0.2.7', '2001:db8::/48'], revision: 1 });
    const same = await patch(contract.id, { ip_allowlist: ['192.0.2.7', '2001:db8:0::/48'] });
    expect(same.body).toMatchObject({ ip_allowlist: ['192.0.2.7', '2001:db8::/48'], revision: 1 });
    expect((await patch(contract.id, { ip_allowlist: [] })).body).toMatchObject({ ip_allowlist: [], revision: 2 });
    expect((await auditOf(contract.id)).map((row) => row.action)).toEqual(['contract.created', 'contract.updated']);
  });

  test('a list of addresses is refused with the number of each line that is not valid', async () => {
    const { id } = await addContract(api, catalogue);
    const refused = await patch(id, { ip_allowlist: ['192.0.2.7', '192.0.2.7/24', 'localhost'] });
    expectRefusal(refused, 422, 'VALIDATION_FAILED');
    expect(refused.body.errors).toEqual([
      {
        path: 'ip_allowlist.1',
        message: 'line 2 must have no bits behind its prefix: 192.0.2.0/24, or 192.0.2.7 alone',
      },
      { path: 'ip_allowlist.2', message: expect.stringMatching(/^line 3 must be an IPv4 or IPv6 address or network/) },
    ]);
    expectRefusal(await patch(id, { ip_allowlist: Array(257).fill('192.0.2.7') }), 422, 'VALIDATION_FAILED');
  });

  test('an edit that adds value to a contract with overdue invoices is refused, and any other edit is possible', async () => {
    const { id } = await createContractIn(api, catalogue, 'PAST_DUE');
    expectRefusal(await patch(id, { quota: 5_000 }), 409, 'CHANGES_BLOCKED_PAST_DUE');
    expect((await patch(id, { name: 'Renamed', activation_limit: 5 })).status).toBe(200);
    const exempt = await patch(id, { dunning_exempt: true });
    expect(exempt.body).toMatchObject({ state: 'ACTIVE', warnings: [], dunning_exempt: true });
    expect((await patch(id, { quota: 5_000 })).body.quota.total).toBe(5_000);
  });

  test('an edit that makes a suspension due signals the workflow, which verifies and suspends', async () => {
    const { id } = await createContractIn(api, catalogue, 'PAST_DUE');
    const edited = await patch(id, { dunning: { suspend_days: 4 } });
    expect(edited.body).toMatchObject({ state: 'PAST_DUE', warnings: ['BILLING_PAST_DUE', 'SUSPENSION_DUE'] });
    await waitForState(api.sql, id, 'SUSPENDED');
    expect((await patch(id, { dunning: { suspend_days: 14 } })).body).toMatchObject({ state: 'PAST_DUE', holds: [] });
  });

  test('an edit with If-Match applies only at that revision', async () => {
    const contract = await addContract(api, catalogue);
    const first = await patch(contract.id, { name: 'One' }, { 'If-Match': '"1"' });
    expect(first.status).toBe(200);
    const stale = await patch(contract.id, { name: 'Two' }, { 'If-Match': '"1"' });
    expectRefusal(stale, 412, 'REVISION_CONFLICT');
    expect(stale.body.metadata).toMatchObject({ given: 1, current: 2 });
    expect((await patch(contract.id, { name: 'Two' }, { 'If-Match': 'W/"2"' })).status).toBe(200);
    expect((await patch(contract.id, { name: 'Three' }, { 'If-Match': '*' })).status).toBe(200);
    expectRefusal(await patch(contract.id, { name: 'Four' }, { 'If-Match': 'three' }), 422, 'VALIDATION_FAILED');
  });

  test('If-Match applies to actions and deletion too', async () => {
    const contract = await addContract(api, catalogue);
    expectRefusal(await post(`/contracts/${contract.id}/pause`, {}, { 'If-Match': '"9"' }), 412, 'REVISION_CONFLICT');
    expect((await post(`/contracts/${contract.id}/pause`, {}, { 'If-Match': '"1"' })).body.state).toBe('PAUSED');
    const remove = await api.call('DELETE', `/contracts/${contract.id}`, {
      body: { confirm_name: contract.name },
      headers: { 'If-Match': '"1"' },
    });
    expectRefusal(remove, 412, 'REVISION_CONFLICT');
  });

  test('the quota can be lowered until something is generated, and never afterwards', async () => {
    const contract = await addContract(api, catalogue, { quota: 500 });
    expect((await patch(contract.id, { quota: 100 })).body.quota.total).toBe(100);
    await post(`/contracts/${contract.id}/generate`, { count: 50 });
    expectRefusal(await patch(contract.id, { quota: 49 }), 409, 'QUOTA_BELOW_USED');
    expectRefusal(await patch(contract.id, { quota: 99 }), 409, 'QUOTA_DECREASE_NOT_ALLOWED');
    expect((await patch(contract.id, { quota: 101 })).body.quota).toMatchObject({
      total: 101,
      generated: 50,
      remaining: 51,
    });
  });

  test('an edit of status activates, pauses and resumes', async () => {
    const contract = await addContract(api, catalogue, { status: 'inactive' });
    expect((await patch(contract.id, { status: 'active', name: 'Now active' })).body).toMatchObject({
      state: 'ACTIVE',
      name: 'Now active',
    });
    expect((await patch(contract.id, { status: 'inactive' })).body).toMatchObject({
      state: 'PAUSED',
      inactive_reason: 'PAUSED',
    });
    expect((await patch(contract.id, { status: 'active' })).body.state).toBe('ACTIVE');
    const actions = (await auditOf(contract.id)).map((row) => row.action);
    expect(actions).toEqual(['contract.created', 'contract.activated', 'contract.paused', 'contract.resumed']);
  });

  /** The complete contracts that the API reads for a response, without those that the worker reads. */
  async function readsDuring(
    server: TestApi,
    call: () => Promise<ApiAnswer>,
  ): Promise<{ locked: number; read: number }> {
    const statements: string[] = [];
    const { options } = server.api.db as unknown as { options: { debug: unknown } };
    options.debug = (_connection: number, statement: string) => void statements.push(statement);
    const answer = await call();
    options.debug = false;
    expect(answer.status).toBe(200);
    const locked = statements.filter((one) =>
      /FROM contracts WHERE id = ANY\(\$1::uuid\[\]\) ORDER BY id FOR NO KEY UPDATE/.test(one),
    ).length;
    return { locked, read: statements.filter((one) => /contracts c\s+JOIN contract_quotas/.test(one)).length };
  }

  test.each<[string, Record<string, unknown>]>([
    ['without status', { name: 'Edited' }],
    ['with status, by the workflow', { name: 'Edited', status: 'inactive' }],
  ])('an edit locks the contract once, and reads it once before and once after: %s', async (_how, body) => {
    const contract = await addContract(api, catalogue);
    expect(await readsDuring(api, () => patch(contract.id, body))).toEqual({ locked: 1, read: 2 });
    const [, edited] = await auditOf(contract.id);
    expect(edited).toMatchObject({
      request_id: expect.any(String),
      actor: { type: 'user', id: api.admins.super_admin.id },
    });
  });

  test('an edit whose status is already set or is refused needs no worker', async () => {
    const sold = await addCatalogue(apiWithoutWorker);
    const [active, scheduled] = [
      await addContract(apiWithoutWorker, sold),
      await addContract(apiWithoutWorker, sold, { start_date: dateInDays(30) }),
    ];
    const edit = (id: string) =>
      apiWithoutWorker.call('PATCH', `/contracts/${id}`, { body: { status: 'active', name: 'Edited' } });
    expect(await readsDuring(apiWithoutWorker, () => edit(active.id))).toEqual({ locked: 1, read: 2 });
    expect((await edit(active.id)).body).toMatchObject({ name: 'Edited', state: 'ACTIVE', revision: 2 });
    expectRefusal(await edit(scheduled.id), 409, 'INVALID_STATE_TRANSITION');
  });

  test('status active on a scheduled contract is refused with its start', async () => {
    const contract = await addContract(api, catalogue, { start_date: dateInDays(30) });
    const answer = await patch(contract.id, { status: 'active' });
    expectRefusal(answer, 409, 'INVALID_STATE_TRANSITION');
    expect(answer.body.detail).toContain(dateInDays(30));
  });

  test('an unknown generator or customer is refused', async () => {
    const contract = await addContract(api, catalogue);
    expectRefusal(await patch(contract.id, { generator_id: UNKNOWN_ID }), 409, 'GENERATOR_NOT_AVAILABLE');
    expectRefusal(await patch(contract.id, { customer_id: UNKNOWN_ID }), 422, 'VALIDATION_FAILED');
    expectRefusal(await patch(contract.id, { quotas: 5 }), 422, 'VALIDATION_FAILED');
  });
});

describe('actions', () => {
  test('activate, pause and resume respond with the contract, and repeating them changes nothing', async () => {
    const contract = await addContract(api, catalogue, { status: 'inactive' });
    const path = `/contracts/${contract.id}`;
    expect((await post(`${path}/activate`)).body).toMatchObject({ state: 'ACTIVE', revision: 2 });
    expect((await post(`${path}/activate`, {})).body).toMatchObject({ state: 'ACTIVE', revision: 2 });
    const resume_at = new Date(Date.now() + DAY_MS).toISOString();
    const paused = await post(`${path}/pause`, { reason: 'completed', resume_at, note: 'Enough.' });
    expect(paused.body).toMatchObject({
      state: 'PAUSED',
      inactive_reason: 'COMPLETED',
      next_boundary: { at: resume_at, kind: 'resumes' },
    });
    expect(paused.body.holds).toMatchObject([
      { code: 'COMPLETED', resume_at, note: 'Enough.', placed_by: api.admins.super_admin.id },
    ]);
    expect((await post(`${path}/pause`)).body.revision).toBe(3);
    expect((await post(`${path}/resume`)).body).toMatchObject({ state: 'ACTIVE', holds: [], revision: 4 });
    expect((await post(`${path}/resume`)).body.revision).toBe(4);
  });

  test('a draft cannot be paused or resumed, and resume_at cannot be in the past', async () => {
    const draft = await addContract(api, catalogue, { status: 'inactive' });
    expectRefusal(await post(`/contracts/${draft.id}/pause`), 409, 'INVALID_STATE_TRANSITION');
    expectRefusal(await post(`/contracts/${draft.id}/resume`), 409, 'INVALID_STATE_TRANSITION');
    const active = await addContract(api, catalogue);
    expectRefusal(
      await post(`/contracts/${active.id}/pause`, { resume_at: '2020-01-01T00:00:00Z' }),
      422,
      'VALIDATION_FAILED',
    );
  });

  test('the next read of a contract applies all boundaries that passed, each at its own instant', async () => {
    const contract = await addContract(apiWithoutWorker, await addCatalogue(apiWithoutWorker), {
      start_date: dateInDays(1),
      end_date: dateInDays(3),
      expiry_grace_days: 2,
    });
    await backdateContract(apiWithoutWorker.sql, contract.id, 30);
    const read = await apiWithoutWorker.call('GET', `/contracts/${contract.id}`);
    expect(read.body).toMatchObject({ state: 'EXPIRED', inactive_reason: 'EXPIRED' });
    const rows =
      await apiWithoutWorker.sql`SELECT action, at FROM audit_events WHERE contract_id = ${contract.id} AND action <> 'contract.created' ORDER BY at`;
    expect(rows.map((row) => [row['action'], row['at']])).toEqual([
      ['contract.term_started', `${dateInDays(-29)}T00:00:00.000Z`],
      ['contract.grace_started', `${dateInDays(-27)}T00:00:00.000Z`],
      ['contract.expired', `${dateInDays(-25)}T00:00:00.000Z`],
    ]);
    const path = `/contracts/${contract.id}`;
    expectRefusal(
      await apiWithoutWorker.call('POST', `${path}/activate?dry_run=true`),
      409,
      'INVALID_STATE_TRANSITION',
    );
    expectRefusal(await apiWithoutWorker.call('PATCH', path, { body: { quota: 5000 } }), 409, 'CONTRACT_EXPIRED');
    expect((await apiWithoutWorker.call('PATCH', path, { body: { name: 'Still editable' } })).status).toBe(200);
  });
});

describe('dry runs', () => {
  test('a dry run of each write responds with the same shape and writes nothing', async () => {
    const contract = await addContract(api, catalogue, { status: 'inactive' });
    const path = `/contracts/${contract.id}`;
    const before = await readTableDigests(api.sql);
    const calls: [Promise<ApiAnswer>, number, Record<string, unknown>][] = [
      [post('/contracts?dry_run=true', contractBody(catalogue)), 201, { state: 'ACTIVE', dry_run: true }],
      [
        api.call('PATCH', `${path}?dry_run=true`, { body: { quota: 7, status: 'active' } }),
        200,
        { quota: { total: 7 }, state: 'ACTIVE', dry_run: true },
      ],
      [post(`${path}/activate?dry_run=true`), 200, { state: 'ACTIVE', revision: 2, dry_run: true }],
      [
        api.call('DELETE', `${path}?dry_run=true`, { body: { confirm_name: contract.name } }),
        200,
        { state: 'DELETED', dry_run: true },
      ],
      [post(`${path}/generate?dry_run=true`, { count: 3, test: true }), 201, { licenses_requested: 3, dry_run: true }],
    ];
    for (const [call, status, body] of calls) {
      const answer = await call;
      expect(answer.status).toBe(status);
      expect(answer.body).toMatchObject(body);
    }
    expect(await readTableDigests(api.sql)).toEqual(before);
  });

  test('a dry run refuses what the write would refuse', async () => {
    const contract = await addContract(api, catalogue);
    const path = `/contracts/${contract.id}`;
    expectRefusal(await api.call('PATCH', `${path}?dry_run=true`, { body: { type: 'pool' } }), 422, 'IMMUTABLE_FIELD');
    expectRefusal(
      await api.call('DELETE', `${path}?dry_run=true`, { body: { confirm_name: contract.name } }),
      409,
      'CONTRACT_ACTIVE',
    );
    expectRefusal(
      await post('/contracts?dry_run=true', contractBody(catalogue, { expiry: { date: '2020-01-01' } })),
      409,
      'EXPIRY_IN_PAST',
    );
    expectRefusal(await api.call('PATCH', `${path}?dry_run=yes`, { body: {} }), 422, 'VALIDATION_FAILED');
  });

  test('a dry run applies no due boundary, and shows the contract after it', async () => {
    const contract = await addContract(apiWithoutWorker, await addCatalogue(apiWithoutWorker), {
      start_date: dateInDays(1),
    });
    await backdateContract(apiWithoutWorker.sql, contract.id, 10);
    const before = await readTableDigests(apiWithoutWorker.sql);
    const answer = await apiWithoutWorker.call('PATCH', `/contracts/${contract.id}?dry_run=true`, {
      body: { name: 'After the start' },
    });
    expect(answer.body).toMatchObject({ state: 'ACTIVE', name: 'After the start' });
    expect(await readTableDigests(apiWithoutWorker.sql)).toEqual(before);
  });
});

describe('deleting', () => {
  test('an inactive contract can be deleted with its name, and its licenses, jobs and audit remain', async () => {
    const contract = await addContract(api, catalogue, { name: 'Goes away' });
    const path = `/contracts/${contract.id}`;
    const generated = await post(`${path}/generate`, { count: 5 });
    const remove = (confirm_name: string, key = api.keys.super_admin) =>
      api.call('DELETE', path, { key, body: { confirm_name } });
    expectRefusal(await remove('Goes away'), 409, 'CONTRACT_ACTIVE');
    await post(`${path}/pause`);
    expectRefusal(await remove('Goes'), 422, 'CONFIRMATION_MISMATCH');
    expectRefusal(await remove('Goes away', api.keys.admin), 403, 'FORBIDDEN_ROLE');
    const deleted = await remove(' Goes away ');
    expect([deleted.status, deleted.text]).toEqual([204, '']);

    for (const key of [api.keys.super_admin, api.keys.admin]) {
      const read = await api.call('GET', path, { key });
      expectRefusal(read, 410, 'CONTRACT_DELETED');
      expect(read.body.metadata).toMatchObject({
        id: contract.id,
        last_name: 'Goes away',
        deleted_by: api.admins.super_admin.name,
      });
      expect(read.body.metadata.deleted_at).toMatch(/Z$/);
    }
    for (const key of [api.keys.operator, api.keys.viewer])
      expectRefusal(await api.call('GET', path, { key }), 404, 'NOT_FOUND');
    for (const call of [
      remove('Goes away'),
      patch(contract.id, { name: 'Back' }),
      post(`${path}/activate`),
      post(`${path}/resume`),
      post(`${path}/generate`, { count: 1 }),
      post(`${path}/generate`, { count: 1, test: true }),
    ]) {
      expectRefusal(await call, 410, 'CONTRACT_DELETED');
    }
    const listed = await api.call('GET', `/contracts?search=${contract.id}`);
    expect(listed.body.data).toEqual([]);
    const jobs = await api.call('GET', `/jobs?contract_id=${contract.id}`);
    expect(jobs.body.data).toMatchObject([{ completed: 5, contract_name: 'Goes away' }]);
    const [licenses] = await api.sql`SELECT count(*)::int FROM issued_licenses WHERE contract_id = ${contract.id}`;
    expect(licenses?.['count']).toBe(5);
    expect(generated.body.licenses).toHaveLength(5);
    expect((await auditOf(contract.id)).map((row) => row.action).sort()).toEqual([
      'contract.created',
      'contract.delete_refused',
      'contract.delete_refused',
      'contract.deleted',
      'contract.paused',
      'generation.requested',
    ]);
  });

  test('a contract with an open job cannot be deleted', async () => {
    const contract = await addContract(api, catalogue);
    await api.sql`UPDATE contracts SET workflow_epoch = NULL WHERE id = ${contract.id}`;
    await post(`/contracts/${contract.id}/pause`);
    // A paused job, like one that was stopped in the middle.
    await post(`/contracts/${contract.id}/resume`);
    const job = await post(`/contracts/${contract.id}/generate`, { count: 1 });
    await api.sql`UPDATE generation_jobs SET state = 'PAUSED' WHERE id = ${job.body.job_id}`;
    await post(`/contracts/${contract.id}/pause`);
    expectRefusal(
      await api.call('DELETE', `/contracts/${contract.id}`, { body: { confirm_name: contract.name } }),
      409,
      'CONTRACT_HAS_OPEN_JOB',
    );
  });
});

describe('listing', () => {
  let listed: TestCatalogue;
  const names = ['alpha', 'Bravo', 'charlie', 'Delta', 'echo', 'Foxtrot', '100%_x\\y', 'golf'];

  beforeAll(async () => {
    listed = await addCatalogue(api, { environment: 'staging' });
    for (const [index, name] of names.entries()) {
      await addContract(api, listed, {
        name,
        type: index % 2 ? 'pool' : 'reseller',
        status: index % 3 ? 'active' : 'inactive',
      });
    }
  });

  async function namesOf(query: string): Promise<string[]> {
    const answer = await api.call('GET', `/contracts?environment=staging&${query}`, { key: api.keys.viewer });
    expect(answer.status).toBe(200);
    return answer.body.data.map((row: { name: string }) => row.name);
  }

  test('a list shows only its environment, and production is the default', async () => {
    const production = await api.call('GET', '/contracts?limit=100');
    expect(new Set(production.body.data.map((row: { environment: string }) => row.environment))).toEqual(
      new Set(['production']),
    );
    expect(await namesOf('limit=100')).toHaveLength(names.length);
  });

  test('search finds a part of the name in any letter case, takes wildcards literally, and finds a complete id', async () => {
    expect(await namesOf('search=AL')).toEqual(['alpha']);
    expect(await namesOf(`search=${encodeURIComponent('0%_x\\')}`)).toEqual(['100%_x\\y']);
    expect(await namesOf('search=%25')).toEqual(['100%_x\\y']);
    const [row] = await api.sql`SELECT id FROM contracts WHERE name = 'echo'`;
    expect(await namesOf(`search=${String(row?.['id']).toUpperCase()}`)).toEqual(['echo']);
    expect(await namesOf('search=nothing')).toEqual([]);
    expectRefusal(await api.call('GET', '/contracts?search=%00'), 422, 'VALIDATION_FAILED');
  });

  test('filters by status, state, type, product and customer', async () => {
    expect(await namesOf('status=inactive&sort=name&order=asc')).toEqual(['100%_x\\y', 'alpha', 'Delta']);
    expect(await namesOf('state=DRAFT&type=pool')).toEqual(['Delta']);
    expect(await namesOf(`product_id=${listed.product_id}`)).toHaveLength(names.length);
    expect(await namesOf(`product_id=${UNKNOWN_ID}`)).toEqual([]);
    expect(await namesOf(`customer_id=${UNKNOWN_ID}`)).toEqual([]);
  });

  test('finds contracts with a warning by the warning; a past due contract is active', async () => {
    const owing = await createContractIn(api, catalogue, 'PAST_DUE', { name: 'owing' });
    const find = async (query: string): Promise<string[]> =>
      rowsOf<{ name: string }>(await api.call('GET', `/contracts?search=owing&${query}`)).map((row) => row.name);
    expect(await find('warning=BILLING_PAST_DUE')).toEqual(['owing']);
    expect(await find('warning=SUSPENSION_DUE')).toEqual([]);
    expect(await find('status=active')).toEqual(['owing']);
    expect(await find('status=inactive')).toEqual([]);
    const [row] = rowsOf<{ warnings: string[] }>(await api.call('GET', '/contracts?search=owing'));
    expect(row?.warnings).toEqual(['BILLING_PAST_DUE']);
    expect((await api.call('GET', `/contracts/${owing.id}`)).body).toMatchObject({
      state: 'PAST_DUE',
      status: 'active',
      warnings: ['BILLING_PAST_DUE'],
      billing: {
        level: 'GRACE',
        earliest_due: dateInDays(-5),
        age_days: 5,
        suspends_on: dateInDays(9),
        terminates_on: dateInDays(55),
        unpaid_invoices: [
          { source: 'standard', invoice_id: `in_${owing.id}`, status: 'OPEN', due_date: dateInDays(-5) },
        ],
      },
    });
  });

  test.each(['created_at', 'name', 'type', 'status'])(
    'pages sorted by %s show every contract once, in both directions, while contracts are added',
    async (sort) => {
      for (const order of ['asc', 'desc']) {
        const seen: string[] = [];
        let cursor = '';
        for (let pages = 0; pages < 20; pages++) {
          const answer = await api.call(
            'GET',
            `/contracts?environment=staging&sort=${sort}&order=${order}&limit=3&product_id=${listed.product_id}${cursor}`,
          );
          seen.push(...answer.body.data.map((row: { name: string }) => row.name));
          if (answer.body.next_cursor === null) break;
          cursor = `&cursor=${encodeURIComponent(answer.body.next_cursor)}`;
          // New rows of the same list, which did not exist when the first page was read.
          if (pages < 2) await addContract(api, listed, { name: `later ${randomUUID()}` });
        }
        expect(seen.filter((name) => names.includes(name)).sort()).toEqual([...names].sort());
        if (sort === 'name') {
          const [sorted] = [await api.sql`SELECT name FROM contracts WHERE name = ANY(${names}) ORDER BY lower(name)`];
          const expected = sorted.map((row) => row['name'] as string);
          expect(seen.filter((name) => names.includes(name))).toEqual(order === 'asc' ? expected : expected.reverse());
        }
      }
    },
  );

  test.each([
    ['limit=0'],
    ['limit=101'],
    ['limit=x'],
    ['limit=1&limit=2'],
    ['sort=quota'],
    ['order=up'],
    ['state=GONE'],
    ['warning=RAIN'],
    ['cursor=abc'],
    [`cursor=${Buffer.from('["x","y"]').toString('base64url')}`],
    [`cursor=${Buffer.from(`["2026-02-30T00:00:00.000Z","${UNKNOWN_ID}"]`).toString('base64url')}`],
    [`cursor=${Buffer.from(`["0000-01-01T00:00:00.000Z","${UNKNOWN_ID}"]`).toString('base64url')}`],
    [`cursor=${Buffer.from(`["a\\u0000","${UNKNOWN_ID}"]`).toString('base64url')}&sort=name`],
    ['product_id=7'],
    ['environment=moon'],
  ])('the query %s is refused with 422', async (query) => {
    expectRefusal(await api.call('GET', `/contracts?${query}`), 422, 'VALIDATION_FAILED');
  });
});

describe('repeating with an Idempotency-Key', () => {
  test('a created contract is returned again, not created again', async () => {
    const body = contractBody(catalogue);
    const first = await post('/contracts', body, { 'Idempotency-Key': 'create-1' });
    const again = await post('/contracts', { ...body }, { 'Idempotency-Key': 'create-1' });
    expect(again.status).toBe(201);
    expect(again.body).toEqual(first.body);
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expectRefusal(
      await post('/contracts', { ...body, quota: 1 }, { 'Idempotency-Key': 'create-1' }),
      422,
      'IDEMPOTENCY_KEY_REUSED',
    );
    const other = await api.call('POST', '/contracts', {
      key: api.keys.admin,
      body,
      headers: { 'Idempotency-Key': 'create-1' },
    });
    expect(other.body.id).not.toBe(first.body.id);
  });

  test('twenty simultaneous equal requests create one contract', async () => {
    const body = contractBody(catalogue);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => post('/contracts', body, { 'Idempotency-Key': 'create-20' })),
    );
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([201]));
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1);
    const [row] = await api.sql`SELECT count(*)::int FROM contracts WHERE name = ${body.name}`;
    expect(row?.['count']).toBe(1);
  });

  test('a refused request stores nothing, and its repetition is checked again', async () => {
    const other = await addCatalogue(api, { product_status: 'inactive' });
    const body = contractBody(other);
    expectRefusal(await post('/contracts', body, { 'Idempotency-Key': 'create-2' }), 409, 'PRODUCT_INACTIVE');
    await api.sql`UPDATE products SET status = 'active' WHERE id = ${other.product_id}`;
    expect((await post('/contracts', body, { 'Idempotency-Key': 'create-2' })).status).toBe(201);
  });

  test('while the first request is running, the second one is IDEMPOTENCY_IN_PROGRESS', async () => {
    const key = 'create-3';
    const scope = `admin ${api.admins.super_admin.id} createContract`;
    const holder = await api.sql.reserve();
    await holder`BEGIN`;
    await holder`INSERT INTO idempotency_keys (scope, key, fingerprint, created_at) VALUES (${scope}, ${key}, 'x', now())`;
    const answer = await post('/contracts', contractBody(catalogue), { 'Idempotency-Key': key });
    await holder`ROLLBACK`;
    holder.release();
    expectRefusal(answer, 409, 'IDEMPOTENCY_IN_PROGRESS');
    expect(answer.headers.get('retry-after')).toBe('1');
  });

  test('a repeated action gets its stored outcome; another action with the same key is refused', async () => {
    const contract = await addContract(api, catalogue);
    const path = `/contracts/${contract.id}`;
    const key = { 'Idempotency-Key': 'pause-1' };
    expect((await post(`${path}/pause`, { note: 'a' }, key)).body.state).toBe('PAUSED');
    await post(`${path}/resume`);
    const again = await post(`${path}/pause`, { note: 'a' }, key);
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([200, 'true']);
    expect((await api.call('GET', path)).body.state).toBe('ACTIVE');
    expectRefusal(await post(`${path}/pause`, { note: 'b' }, key), 422, 'IDEMPOTENCY_KEY_REUSED');
  });

  test('a refused action stores nothing', async () => {
    const contract = await addContract(api, catalogue);
    const path = `/contracts/${contract.id}/pause`;
    const key = { 'Idempotency-Key': 'pause-2' };
    expectRefusal(await post(path, { resume_at: '2020-01-01T00:00:00Z' }, key), 422, 'VALIDATION_FAILED');
    expect((await post(path, { note: 'corrected' }, key)).body.state).toBe('PAUSED');
  });

  test.each([
    ['', 422],
    ['x'.repeat(256), 422],
    ['x'.repeat(255), 201],
  ])('the key %p gets %i', async (key, status) => {
    expect((await post('/contracts', contractBody(catalogue), { 'Idempotency-Key': key })).status).toBe(status);
  });
});

describe('malformed requests', () => {
  const text = (body: string | Uint8Array, headers: Record<string, string> = {}) =>
    api.call('POST', '/contracts', { body, headers });

  test('malformed JSON is 400, a body over 1 MiB 413, another media type 415, and no body 422', async () => {
    expectRefusal(await text('{"name": '), 400, 'MALFORMED_JSON');
    expectRefusal(await text(Uint8Array.from([0xff, 0xfe, 0x00])), 400, 'MALFORMED_JSON');
    expectRefusal(await text(JSON.stringify({ name: 'x'.repeat(1024 * 1024) })), 413, 'BODY_TOO_LARGE');
    expectRefusal(await text('name=x', { 'Content-Type': 'text/plain' }), 415, 'UNSUPPORTED_MEDIA_TYPE');
    expectRefusal(
      await text('{}', { 'Content-Type': 'application/json; charset=nonsense' }),
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    );
    expectRefusal(await text('{}', { 'Content-Encoding': 'nonsense' }), 415, 'UNSUPPORTED_MEDIA_TYPE');
    expectRefusal(await api.call('POST', '/contracts'), 422, 'VALIDATION_FAILED');
    for (const body of ['null', '[]', '"x"', '1']) expectRefusal(await text(body), 422, 'VALIDATION_FAILED');
  });

  test('a missing body is named, with its required fields', async () => {
    const { id } = await addContract(api, catalogue);
    const deleted = await api.call('DELETE', `/contracts/${id}`);
    expectRefusal(deleted, 422, 'VALIDATION_FAILED');
    expect(deleted.body.detail).toBe('This request needs a JSON body. Its required fields are: confirm_name.');
    const edited = await api.call('PATCH', `/contracts/${id}`);
    expect(edited.body.detail).toBe('This request needs a JSON body.');
  });

  test('a malformed id is named', async () => {
    const answer = await api.call('GET', '/contracts/abc');
    expectRefusal(answer, 404, 'NOT_FOUND');
    expect(answer.body.detail).toBe('There is nothing at /api/v1/contracts/abc: id must be a UUID.');
  });

  test('JSON with a nesting depth of a hundred thousand is refused like any other invalid body', async () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    expectRefusal(await text(deep), 422, 'VALIDATION_FAILED');
    const body = JSON.stringify(contractBody(catalogue, { metadata: 0 })).replace(
      '"metadata":0',
      `"metadata":{"a":${deep}}`,
    );
    expectRefusal(await text(body), 422, 'VALIDATION_FAILED');
    expectRefusal(await text(body, { 'Idempotency-Key': 'deep' }), 422, 'VALIDATION_FAILED');
  });

  test('numbers that JavaScript cannot represent are refused with their fields', async () => {
    const body = (quota: string, metadata: string) =>
      JSON.stringify(contractBody(catalogue)).replace('"quota":1000', `"quota":${quota}, "metadata":${metadata}`);
    expectRefusal(await text(body('1e999', '{}')), 422, 'VALIDATION_FAILED');
    expectRefusal(await text(body('99999999999999999999', '{}')), 422, 'VALIDATION_FAILED');
    const changed = await text(body('10', '{"n": 99999999999999999999, "e": 1e999}'));
    expectRefusal(changed, 422, 'VALIDATION_FAILED');
    expect(changed.body.errors.map((error: { path: string }) => error.path)).toEqual(['metadata.n', 'metadata.e']);
    expect((await text(body('10', '{"n": 99999999999}'))).status).toBe(201);
  });

  test('malformed and unknown ids are 404', async () => {
    for (const id of ['7', UNKNOWN_ID, '%00', '%E0%A4%A', "' OR 1=1", '..%2f', `${UNKNOWN_ID} `]) {
      const answer = await api.call('GET', `/contracts/${encodeURI(id).replace(/%25/g, '%')}`);
      expect([id, [400, 404].includes(answer.status)]).toEqual([id, true]);
    }
    expectRefusal(await patch(UNKNOWN_ID, { name: 'x' }), 404, 'NOT_FOUND');
    expectRefusal(await post(`/contracts/${UNKNOWN_ID}/activate`), 404, 'NOT_FOUND');
  });

  test('a valid request id is accepted, and every response and audit row has a request id', async () => {
    const answer = await api.call('POST', '/contracts', {
      body: contractBody(catalogue),
      headers: { 'X-Request-Id': 'ticket-4711' },
    });
    expect(answer.headers.get('x-request-id')).toBe('ticket-4711');
    const acted = await api.call('POST', `/contracts/${answer.body.id}/pause`, {
      headers: { 'X-Request-Id': 'ticket-4712' },
    });
    expect(acted.status).toBe(200);
    expect((await auditOf(answer.body.id)).map((row) => row.request_id)).toEqual(['ticket-4711', 'ticket-4712']);
    const long = await api.call('GET', '/contracts', { headers: { 'X-Request-Id': 'x'.repeat(129) } });
    expect(long.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('API keys that are incomplete, mistyped, unknown or of a disabled admin are 401 with a code of their own and WWW-Authenticate', async () => {
    const disabled = await api.addAdmin('admin');
    await api.sql`UPDATE admins SET status = 'disabled' WHERE id = ${disabled.id}`;
    const forged = `${api.keys.admin.slice(0, -1)}${api.keys.admin.endsWith('a') ? 'b' : 'a'}`;
    const answers = [
      ['x', 'API_KEY_MALFORMED'],
      [`${api.keys.admin} x`, 'API_KEY_HAS_SPACES'],
      [api.keys.admin.slice(0, -1), 'API_KEY_TRUNCATED'],
      [forged, 'API_KEY_MISTYPED'],
      [newApiKey('admin', randomFillSync).text, 'INVALID_API_KEY'],
      [disabled.key, 'INVALID_API_KEY'],
    ] as const;
    for (const [key, code] of answers) {
      const answer = await api.call('GET', '/contracts', { key });
      expectRefusal(answer, 401, code);
      expect(answer.headers.get('www-authenticate')).toContain('Bearer');
    }
    expectRefusal(await api.call('GET', '/contracts', { key: null }), 401, 'UNAUTHENTICATED');
    for (const Authorization of ['Basic eDp5', 'Bearer', 'Bearer  ', api.keys.admin]) {
      const answer = await api.call('GET', '/contracts', { key: null, headers: { Authorization } });
      expectRefusal(answer, 401, 'UNAUTHENTICATED');
      expect(answer.body.detail).toContain('has no API key');
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    }
  });

  test('a caller without permission is refused before the body is checked', async () => {
    expectRefusal(await api.call('POST', '/contracts', { key: null, body: '{"name": ' }), 401, 'UNAUTHENTICATED');
    expectRefusal(
      await api.call('POST', '/contracts', { key: api.keys.viewer, body: '{"name": ' }),
      403,
      'FORBIDDEN_ROLE',
    );
    expectRefusal(
      await api.call('POST', '/contracts', { key: null, body: 'x', headers: { 'Content-Type': 'text/plain' } }),
      401,
      'UNAUTHENTICATED',
    );
  });
});
