/** Suspending, reinstating and revoking a license over HTTP. */
import { SYSTEM } from '../../domain/base/actor';
import { requestOperation } from '../../transactions/license/request-operation';
import { startTestApi } from '../harness/api';
import type { TestApi } from '../harness/api';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { addCatalogue, addContract } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { expectRefusal } from '../harness/expect-refusal';
import { gatedDatabase } from '../harness/gated-database';
import { expectInvariants } from '../harness/invariants';

let api: TestApi;
let catalogue: TestCatalogue;
beforeAll(async () => {
  api = await startTestApi();
  catalogue = await addCatalogue(api);
});
afterAll(async () => {
  await expectInvariants(api.sql);
  await api.close();
});

async function addLicense(): Promise<{ id: string; contract_id: string }> {
  const { id: contract_id } = await addContract(api, catalogue);
  const { body } = await api.call('POST', `/contracts/${contract_id}/generate`, { body: { count: 1 } });
  return { id: body.licenses[0].id, contract_id };
}

const change = (id: string, action: string, body?: object) =>
  api.call('POST', `/licenses/${id}/${action}`, body === undefined ? {} : { body });

const rowsOf = async (id: string) =>
  (await api.call('GET', `/activity?subject=${id}`)).body.data.map(({ action, before, after, reason }: any) => ({
    action,
    before,
    after,
    reason,
  }));

const eventsOf = async (contract_id: string) =>
  (await api.call('GET', `/contracts/${contract_id}/events`)).body.data.map(({ type, data }: any) => [type, data]);

test('a license is suspended, reinstated and revoked, each with one audit row and one event', async () => {
  const { id, contract_id } = await addLicense();
  const suspended = (await change(id, 'suspend', { reason: 'The payment failed' })).body;
  expect(suspended).toMatchObject({ id, status: 'suspended', suspended_at: expect.any(String), revoked_at: null });
  const reinstated = (await change(id, 'reinstate')).body;
  expect(reinstated).toMatchObject({ status: 'available', suspended_at: null });
  const revoked = (await change(id, 'revoke', { reason: 'The order was refunded' })).body;
  expect(revoked).toMatchObject({ status: 'revoked', revoked_at: expect.any(String) });
  expect(revoked.allowed_actions).toEqual({
    suspend: { code: 'LICENSE_REVOKED' },
    reinstate: { code: 'LICENSE_REVOKED' },
    revoke: true,
    return: { code: 'LICENSE_REVOKED' },
  });
  expect((await api.call('GET', `/licenses/${id}`)).body).toEqual(revoked);

  const unused = { suspended_at: null, revoked_at: null };
  const { suspended_at } = suspended;
  expect(await rowsOf(id)).toEqual([
    { action: 'license.revoked', before: unused, after: { ...unused, revoked_at: revoked.revoked_at }, reason: 'The order was refunded' },
    { action: 'license.reinstated', before: { ...unused, suspended_at }, after: unused, reason: null },
    { action: 'license.suspended', before: unused, after: { ...unused, suspended_at }, reason: 'The payment failed' },
  ]);
  const event_data = { count: 1, license_ids: [id], operation_id: null };
  expect(await eventsOf(contract_id)).toEqual(
    expect.arrayContaining([
      ['license.suspended', { ...event_data, reason: 'The payment failed' }],
      ['license.reinstated', { ...event_data, reason: null }],
      ['license.revoked', { ...event_data, reason: 'The order was refunded' }],
    ]),
  );
});

test.each(['suspend', 'revoke'])('to %s a license again changes and records nothing', async (action) => {
  const { id, contract_id } = await addLicense();
  const first = (await change(id, action)).body;
  const events = await eventsOf(contract_id);
  expect((await change(id, action)).body).toEqual(first);
  expect(await rowsOf(id)).toHaveLength(1);
  expect(await eventsOf(contract_id)).toEqual(events);
});

test('to reinstate a license that is not suspended changes and records nothing', async () => {
  const { id } = await addLicense();
  const before = (await api.call('GET', `/licenses/${id}`)).body;
  const answer = await change(id, 'reinstate');
  expect([answer.status, answer.body]).toEqual([200, before]);
  expect(await rowsOf(id)).toEqual([]);
});

test.each(['suspend', 'reinstate'])('a revoked license refuses to %s', async (action) => {
  const { id } = await addLicense();
  const { revoked_at } = (await change(id, 'revoke')).body;
  const answer = await change(id, action);
  expectRefusal(answer, 409, 'LICENSE_REVOKED');
  expect(answer.body.metadata).toEqual({ revoked_at });
  expect(await rowsOf(id)).toHaveLength(1);
});

test.each(['lic_1', 'lic_9223372036854775807', 'lic_0', 'x'])('%s is not found', async (id) => {
  expectRefusal(await change(id, 'suspend'), 404, 'NOT_FOUND');
});

test('of 16 simultaneous revocations one is recorded', async () => {
  const { id } = await addLicense();
  const answers = await Promise.all(Array.from({ length: 16 }, () => change(id, 'revoke')));
  expect(new Set(answers.map(({ status, body }) => `${status} ${body.revoked_at}`)).size).toBe(1);
  expect(await rowsOf(id)).toHaveLength(1);
});

test('a license of a deleted contract can be revoked', async () => {
  const { id, contract_id } = await addLicense();
  const { name } = (await api.call('GET', `/contracts/${contract_id}`)).body;
  await api.sql`UPDATE contracts SET deleted_at = now(), state = 'DELETED' WHERE id = ${contract_id}`;
  expect((await change(id, 'revoke')).body).toMatchObject({ status: 'revoked', source: `Contract: ${name}` });
});

test('a license of a contract on a test clock changes at the time of that clock', async () => {
  const staging = await addCatalogue(api, { environment: 'staging' });
  const clock = (await api.call('POST', '/test-clocks', { body: { now: '2031-05-01T00:00:00.000Z' } })).body;
  const { id } = await addContract(api, staging, { test_clock_id: clock.id });
  const { body } = await api.call('POST', `/contracts/${id}/generate`, { body: { count: 1 } });
  const license = body.licenses[0].id;
  expect((await change(license, 'suspend')).body.suspended_at).toBe('2031-05-01T00:00:00.000Z');
  const [row] = (await api.call('GET', `/activity?subject=${license}&environment=staging`)).body.data;
  expect([row.at, row.clock]).toEqual(['2031-05-01T00:00:00.000Z', 'test']);
});

describe('many licenses', () => {
  async function addPool(count: number, type = 'pool'): Promise<{ contract_id: string; ids: string[] }> {
    const { id: contract_id } = await addContract(api, catalogue, { type });
    const { body } = await api.call('POST', `/contracts/${contract_id}/generate`, { body: { count } });
    return { contract_id, ids: body.licenses.map(({ id }: any) => id) };
  }

  const changeMany = (action: string, body: object, query = '') =>
    api.call('POST', `/licenses/${action}${query}`, { body });
  const poolOf = async (id: string) => (await api.call('GET', `/contracts/${id}`)).body.pool.available;
  const outcomesOf = (body: any) => body.licenses.map(({ outcome, reason }: any) => reason ?? outcome);

  test('are suspended by a filter, with one audit row and one event, and leave their pool until they are reinstated', async () => {
    const { contract_id, ids } = await addPool(3);
    const filter = { contract_id };
    const suspended = (await changeMany('suspend', { filter, reason: 'A review' })).body;
    expect(suspended.counts).toEqual({ done: 3, moved: 0, unchanged: 0, conflict: 0, not_available: 0 });
    expect(await poolOf(contract_id)).toBe(0);
    const after = { operation_id: suspended.id, count: 3, license_ids: ids };
    expect(await rowsOf(suspended.id)).toEqual([
      { action: 'license.suspended', before: null, after, reason: 'A review' },
    ]);
    expect(await eventsOf(contract_id)).toContainEqual(['license.suspended', { ...after, reason: 'A review' }]);

    const [operation] = (await api.call('GET', `/license-operations?contract_id=${contract_id}`)).body.data;
    expect(operation).toMatchObject({
      ...{ id: suspended.id, kind: 'suspend', execution: 'inline', state: 'SUCCEEDED', reason: 'A review' },
      ...{ percent: 100, customer_id: null, workflow_id: null, counts: suspended.counts },
    });
    expect((await api.call('GET', `/assignments/${suspended.id}`)).status).toBe(404);

    // A filter without a status finds the suspended licenses only.
    await change(ids[0] as string, 'reinstate');
    const reinstated = (await changeMany('reinstate', { filter })).body;
    expect(reinstated.licenses.map(({ license_id }: any) => license_id)).toEqual(ids.slice(1));
    expect(await poolOf(contract_id)).toBe(3);
  });

  test('have their own outcomes, and a repeated request changes and records nothing', async () => {
    const { contract_id, ids } = await addPool(3);
    await change(ids[0] as string, 'revoke');
    await change(ids[1] as string, 'suspend');
    const body = { ids: [...ids, 'lic_1', 'x'] };
    expect(outcomesOf((await changeMany('suspend', body)).body)).toEqual([
      ...['not_found', 'not_found'],
      ...['revoked', 'unchanged', 'done'],
    ]);
    const events = await eventsOf(contract_id);
    const again = (await changeMany('suspend', body)).body;
    expect([again.id, again.counts.done]).toEqual([null, 0]);
    expect(await eventsOf(contract_id)).toEqual(events);
  });

  test('a limit changes exactly so many, and fewer are refused', async () => {
    const { contract_id, ids } = await addPool(3);
    await change(ids[0] as string, 'revoke');
    const revoked = await changeMany('revoke', { filter: { contract_id, limit: 1 } });
    expect(revoked.body.licenses.map(({ license_id }: any) => license_id)).toEqual([ids[1]]);
    expect(await poolOf(contract_id)).toBe(1);
    const answer = await changeMany('revoke', { filter: { contract_id, limit: 2 } });
    expectRefusal(answer, 409, 'NOT_ENOUGH_LICENSES');
    expect(answer.body.metadata).toEqual({ requested: 2, available: 1 });
    expect(await poolOf(contract_id)).toBe(1);
  });

  test('are selected by several statuses, product, dates and devices, as in their list', async () => {
    const { contract_id, ids } = await addPool(4, 'standard');
    const [active, held, suspended] = ids as [string, string, string];
    const { key } = (await api.call('GET', `/licenses/${active}`)).body;
    await api.call('POST', '/licenses/activate', { body: { key, device_id: 'd' } });
    await api.sql`INSERT INTO license_facts (license_id, held_until) VALUES (${held.slice(4)}, '2999-01-01T00:00:00Z')`;
    await change(suspended, 'suspend');
    const { created_at, activated_at } = (await api.call('GET', `/licenses/${active}`)).body;
    const selected = async (filter: object) => {
      const body = { filter: { contract_id, ...filter } };
      const dry = (await changeMany('revoke', body, '?dry_run=true')).body;
      return dry.licenses.map(({ license_id }: any) => license_id);
    };
    expect(await selected({ status: ['held', 'suspended'] })).toEqual([held, suspended]);
    expect(await selected({ status: 'held' })).toEqual([held]);
    expect(await selected({ has_devices: true })).toEqual([active]);
    expect(await selected({ has_devices: false, status: ['active', 'held'] })).toEqual([held]);
    expect(await selected({ activated_from: activated_at })).toEqual([active]);
    expect(await selected({ created_from: created_at, created_to: '2999-01-01T00:00:00Z' })).toEqual(ids);
    expect(await selected({ product_id: catalogue.product_id, expires_to: '2999-01-01T00:00:00Z' })).toEqual([]);
    expect(await selected({ product_id: catalogue.product_id })).toEqual(ids);
    const broad = await changeMany('revoke', { filter: { limit: 5, product_id: catalogue.product_id } });
    expectRefusal(broad, 422, 'FILTER_TOO_BROAD');
    expect(broad.body.metadata.filter).toBe('product_id');
  });

  test('a dry run counts and writes nothing, and more than 1,000 become a job', async () => {
    const { contract_id } = await addPool(2);
    const dry = (await changeMany('revoke', { filter: { contract_id } }, '?dry_run=true')).body;
    expect(dry).toMatchObject({ dry_run: true, id: null, counts: { done: 2 } });
    expect(await poolOf(contract_id)).toBe(2);
    const ids = Array.from({ length: 1_001 }, (_, i) => `lic_${i + 1}`);
    const counted = await changeMany('revoke', { ids }, '?dry_run=true');
    const counts = { done: 0, moved: 0, unchanged: 0, conflict: 0, not_available: 1_001 };
    expect([counted.status, counted.body]).toMatchObject([202, { id: null, dry_run: true, requested: 1_001, decided: 1_001, undecided: 0, counts }]);
    const queued = await changeMany('revoke', { ids, reason: 'A leak' });
    const { id, allowed_actions } = queued.body;
    expect([queued.status, queued.headers.get('location')]).toEqual([202, `/api/v1/license-operations/${id}`]);
    expect(allowed_actions).toEqual({ cancel: true, resume: { code: 'OPERATION_NOT_RESUMABLE' } });
    expect((await api.call('GET', '/license-operations?kind=revoke&state=QUEUED')).body.data).toEqual([queued.body]);
  });

  test('of two revocations of one filter at once, each license is in one of them', async () => {
    const { contract_id } = await addPool(4);
    const { db, gate } = gatedDatabase(api.sql, { at: 'commit' });
    const act = { actor: SYSTEM, now: new Date().toISOString(), request_id: null };
    const task = { kind: 'revoke', reason: null } as const;
    const first = db.begin((tx) => requestOperation(tx, task, { filter: { contract_id }, limit: 3 }, act));
    await gate.reached;
    const second = changeMany('revoke', { filter: { contract_id } });
    await waitUntilBlocked(api.sql);
    gate.open();
    expect([await first, (await second).body.counts]).toMatchObject([
      { result: { counts: { done: 3 } } },
      { done: 1, unchanged: 3 },
    ]);
    const events = (await eventsOf(contract_id)).filter(([type]: any) => type === 'license.revoked');
    expect(events.map(([, data]: any) => data.count).sort()).toEqual([1, 3]);
  });
});
