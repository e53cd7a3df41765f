/**
 * Amendments over HTTP: applied today, stored for a later day and checked again on that day, withdrawn, and refused with the code of
 * the reason. An amendment is never applied in part.
 */
import { startTestApi } from '../harness/api';
import type { ApiAnswer, TestApi } from '../harness/api';
import { addCatalogue, addContract } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { createContractIn, dateInDays, backdateContract } from '../harness/contract-states';
import { listAuditActions } from '../harness/contract-rows';
import { expectRefusal, wrongFieldsOf } from '../harness/expect-refusal';
import { expectInvariants } from '../harness/invariants';
import { readTableDigests } from '../harness/table-digests';
import { rowsOf, walkPages } from '../harness/walk-pages';

const UNKNOWN_ID = '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f';

let api: TestApi;
let catalogue: TestCatalogue;

beforeAll(async () => {
  api = await startTestApi({ worker: true });
  catalogue = await addCatalogue(api);
});
afterAll(async () => {
  await expectInvariants(api.sql);
  await api.close();
});

function amend(
  id: string,
  effective_date: string,
  changes: Record<string, unknown>,
  headers: Record<string, string> = {},
): Promise<ApiAnswer> {
  return api.call('POST', `/contracts/${id}/amendments`, { body: { effective_date, changes, note: 'Q2' }, headers });
}

const withdraw = (id: string, amendment_id: string, headers: Record<string, string> = {}): Promise<ApiAnswer> =>
  api.call('DELETE', `/contracts/${id}/amendments/${amendment_id}`, { headers });
const read = async (id: string): Promise<any> => (await api.call('GET', `/contracts/${id}`)).body;
const listed = async (id: string): Promise<any[]> => rowsOf(await api.call('GET', `/contracts/${id}/amendments`));

const actionsOf = (id: string): Promise<string[]> => listAuditActions(api.sql, id);

describe('an amendment of today', () => {
  test('takes effect at once and completely, as one revision and one audit row', async () => {
    const { id } = await addContract(api, catalogue, { term: 'P1Y', quota: 100 });
    const end_date = dateInDays(500);
    const renewal = { mode: 'auto', quota_effect: { add: 7 } };
    const changes = { quota_add: 50, activation_limit: 9, end_date, renewal };
    const answer = await amend(id, dateInDays(0), changes);
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      contract_id: id,
      status: 'applied',
      failure: null,
      effective_date: dateInDays(0),
      changes,
      note: 'Q2',
      created_by: api.admins.super_admin.id,
    });
    expect(answer.body.decided_at).toBe(answer.body.created_at);
    expect(await read(id)).toMatchObject({
      revision: 2,
      quota: { total: 150 },
      activation_limit: 9,
      term: { end_date },
      renewal: { mode: 'auto', quota_effect: { add: 7 }, notice_days: 30 },
      pending_amendments: 0,
    });
    expect(await listed(id)).toEqual([answer.body]);
    expect(await actionsOf(id)).toEqual(['contract.created', 'contract.amended']);
    const [grant] = await api.sql`
      SELECT amount, reason, period_label FROM quota_grants WHERE contract_id = ${id} AND amount = 50`;
    expect(grant).toEqual({ amount: 50, reason: 'contract.amended', period_label: 'Q2' });
  });

  test('that only grants quota has its own audit action', async () => {
    const { id } = await addContract(api, catalogue, { quota: 100 });
    await amend(id, dateInDays(0), { quota_add: 300 });
    expect((await read(id)).quota.total).toBe(400);
    expect(await actionsOf(id)).toEqual(['contract.created', 'quota.granted']);
  });

  test('can have an earlier date in the current term, and not before it', async () => {
    const { id } = await addContract(api, catalogue, { start_date: dateInDays(-10), term: 'P1Y' });
    const back = await amend(id, dateInDays(-5), { activation_limit: 3 });
    expect(back.body).toMatchObject({ status: 'applied', effective_date: dateInDays(-5) });
    // The audit has both days.
    const [row] = await api.sql`
      SELECT at::date = ${dateInDays(0)}::date AS today, after ->> 'effective_date' AS effective_date
      FROM audit_events WHERE subject_id = ${id} AND action = 'contract.amended'`;
    expect(row).toEqual({ today: true, effective_date: dateInDays(-5) });
    const refused = await amend(id, dateInDays(-11), { activation_limit: 4 });
    expectRefusal(refused, 409, 'AMENDMENT_NOT_POSSIBLE');
    expect(refused.body.detail).toContain(dateInDays(-10));
  });
});

describe('an amendment of a later day', () => {
  test('is pending, is listed, and can be withdrawn once', async () => {
    const { id } = await addContract(api, catalogue, { quota: 100 });
    const { body } = await amend(id, dateInDays(40), { quota_add: 20 });
    expect(body).toMatchObject({ status: 'pending', decided_at: null });
    expect(await read(id)).toMatchObject({
      quota: { total: 100 },
      revision: 1,
      pending_amendments: 1,
      next_boundary: { kind: 'quota_granted', at: `${dateInDays(40)}T00:00:00.000Z` },
    });
    const withdrawn = await withdraw(id, body.id);
    expect([withdrawn.status, withdrawn.text]).toEqual([204, '']);
    expect((await withdraw(id, body.id)).status).toBe(204);
    expect(await listed(id)).toMatchObject([{ id: body.id, status: 'cancelled' }]);
    expect(await read(id)).toMatchObject({ pending_amendments: 0, next_boundary: null });
    expect(await actionsOf(id)).toEqual(['contract.created', 'amendment.scheduled', 'amendment.cancelled']);
  });

  test('is applied on its day, or fails with a reason and changes nothing', async () => {
    const other = await addCatalogue(api);
    await api.sql`UPDATE generators SET product_id = ${catalogue.product_id} WHERE id = ${other.generator_id}`;
    const { id } = await addContract(api, catalogue, { quota: 100 });
    await amend(id, dateInDays(3), { quota_add: 20, activation_limit: 5 });
    await amend(id, dateInDays(4), { quota_add: 30, generator_id: other.generator_id });
    await api.sql`UPDATE generators SET status = 'inactive' WHERE id = ${other.generator_id}`;
    await backdateContract(api.sql, id, 10);
    expect(await listed(id)).toMatchObject([
      { status: 'failed', failure: { code: 'GENERATOR_NOT_AVAILABLE' }, decided_at: `${dateInDays(-6)}T00:00:00.000Z` },
      { status: 'applied', failure: null, decided_at: `${dateInDays(-7)}T00:00:00.000Z` },
    ]);
    expect(await read(id)).toMatchObject({
      quota: { total: 120 },
      activation_limit: 5,
      generator_id: catalogue.generator_id,
    });
    for (const { id: amendment_id } of await listed(id))
      expectRefusal(await withdraw(id, amendment_id), 409, 'AMENDMENT_NOT_PENDING');
  });

  test('is withdrawn when its contract is terminated', async () => {
    const { id } = await addContract(api, catalogue);
    await amend(id, dateInDays(40), { quota_add: 20 });
    await api.call('POST', `/contracts/${id}/terminate`, { body: { reason: 'The customer left.' } });
    expect(await listed(id)).toMatchObject([{ status: 'cancelled' }]);
  });
});

describe('an amendment is refused', () => {
  test.each([
    ['DRAFT', { activation_limit: 3 }, 'AMENDMENT_NOT_POSSIBLE'],
    ['PAST_DUE', { quota_add: 1 }, 'CHANGES_BLOCKED_PAST_DUE'],
    ['PAST_DUE', { end_date: dateInDays(2_000) }, 'CHANGES_BLOCKED_PAST_DUE'],
    ['SUSPENDED', { activation_limit: 3 }, 'BILLING_SUSPENDED'],
    ['COMPLIANCE', { activation_limit: 3 }, 'CONTRACT_INACTIVE'],
    ['EXPIRED', { activation_limit: 3 }, 'CONTRACT_EXPIRED'],
    ['TERMINATED', { activation_limit: 3 }, 'CONTRACT_TERMINATED'],
    ['DELETED', { activation_limit: 3 }, 'CONTRACT_DELETED'],
  ] as const)('to a contract that is %s with %j: %s', async (situation, changes, code) => {
    const { id } = await createContractIn(api, catalogue, situation);
    expectRefusal(await amend(id, dateInDays(0), changes), code === 'CONTRACT_DELETED' ? 410 : 409, code);
    expectRefusal(await amend(id, dateInDays(30), changes), code === 'CONTRACT_DELETED' ? 410 : 409, code);
  });

  test('except one that reduces a contract with overdue invoices', async () => {
    const { id } = await createContractIn(api, catalogue, 'SUSPENDED');
    expect((await amend(id, dateInDays(0), { end_date: dateInDays(20) })).body).toMatchObject({ status: 'applied' });
    expect((await amend(id, dateInDays(0), { renewal: { mode: 'none' } })).body).toMatchObject({ status: 'applied' });
  });

  test.each([
    ['nothing to change', {}, 'changes'],
    ['a price', { price: 7 }, 'changes.price'],
    ['a negative quota', { quota_add: -5 }, 'changes.quota_add'],
    ['an end in the past', { end_date: dateInDays(-1) }, 'changes.end_date'],
    ['an unknown customer', { customer_id: UNKNOWN_ID }, 'changes.customer_id'],
    [
      'an unknown contract to adopt the end of',
      { renewal: { coterm_with: UNKNOWN_ID } },
      'changes.renewal.coterm_with',
    ],
    ['a renewal that can never happen', { renewal: { mode: 'auto' } }, 'renewal.mode'],
  ])('because of its shape: %s', async (_what, changes, path) => {
    const { id } = await addContract(api, catalogue);
    const answer = await amend(id, dateInDays(0), changes);
    expectRefusal(answer, 422, 'VALIDATION_FAILED');
    expect(wrongFieldsOf(answer)).toContain(path);
    expect(await listed(id)).toEqual([]);
  });

  test('because of a generator or features that do not match', async () => {
    const { id } = await addContract(api, await addCatalogue(api, { features: { seats: 5 } }));
    expectRefusal(await amend(id, dateInDays(0), { generator_id: UNKNOWN_ID }), 409, 'GENERATOR_NOT_AVAILABLE');
    expectRefusal(
      await amend(id, dateInDays(0), { feature_overrides: { seats: 'many' }, quota_add: 5 }),
      422,
      'FEATURE_TYPE_MISMATCH',
    );
    expect((await read(id)).quota.total).toBe(1_000);
  });
});

describe('an amendment is created once', () => {
  test('at the revision in If-Match', async () => {
    const { id } = await addContract(api, catalogue);
    expectRefusal(await amend(id, dateInDays(0), { quota_add: 5 }, { 'If-Match': '"2"' }), 412, 'REVISION_CONFLICT');
    expect((await amend(id, dateInDays(0), { quota_add: 5 }, { 'If-Match': '"1"' })).status).toBe(201);
    const later = await amend(id, dateInDays(9), { quota_add: 5 }, { 'If-Match': '"2"' });
    expectRefusal(await withdraw(id, later.body.id, { 'If-Match': '"1"' }), 412, 'REVISION_CONFLICT');
    expect((await withdraw(id, later.body.id, { 'If-Match': '"2"' })).status).toBe(204);
  });

  test('for one Idempotency-Key, for any number of simultaneous requests', async () => {
    const { id } = await addContract(api, catalogue, { quota: 100 });
    const key = { 'Idempotency-Key': 'grant-1' };
    const answers = await Promise.all(Array.from({ length: 5 }, () => amend(id, dateInDays(0), { quota_add: 5 }, key)));
    expect(new Set(answers.map((answer) => `${answer.status} ${answer.body.id}`)).size).toBe(1);
    expect(answers.filter((answer) => answer.headers.get('idempotent-replayed') === null)).toHaveLength(1);
    expect((await read(id)).quota.total).toBe(105);
    expectRefusal(await amend(id, dateInDays(0), { quota_add: 6 }, key), 422, 'IDEMPOTENCY_KEY_REUSED');
  });

  test('and a dry run shows it without writing anything', async () => {
    const { id } = await addContract(api, catalogue);
    const before = await readTableDigests(api.sql);
    for (const [day, status] of [
      [dateInDays(0), 'applied'],
      [dateInDays(9), 'pending'],
    ] as const) {
      const answer = await api.call('POST', `/contracts/${id}/amendments?dry_run=true`, {
        body: { effective_date: day, changes: { quota_add: 5 } },
      });
      expect([answer.status, answer.body]).toMatchObject([201, { status, dry_run: true }]);
    }
    const refused = await api.call('POST', `/contracts/${id}/amendments?dry_run=true`, {
      body: { effective_date: dateInDays(0), changes: { generator_id: UNKNOWN_ID } },
    });
    expectRefusal(refused, 409, 'GENERATOR_NOT_AVAILABLE');
    expect(await readTableDigests(api.sql)).toEqual(before);
  });
});

test('the list has only the amendments of its contract, newest first, in pages', async () => {
  const [one, other] = [await addContract(api, catalogue), await addContract(api, catalogue)];
  const ids: string[] = [];
  for (let day = 1; day <= 5; day++) ids.unshift((await amend(one.id, dateInDays(day), { quota_add: day })).body.id);
  const other_amendment = (await amend(other.id, dateInDays(1), { quota_add: 1 })).body.id;
  expect(await walkPages(api, `/contracts/${one.id}/amendments?limit=2`, 'id')).toEqual(ids);
  expectRefusal(await withdraw(one.id, other_amendment), 404, 'NOT_FOUND');
  expectRefusal(await api.call('GET', `/contracts/${UNKNOWN_ID}/amendments`), 404, 'NOT_FOUND');
});
