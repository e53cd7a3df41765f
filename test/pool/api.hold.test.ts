/** What becomes of held licenses: they are assigned, released, or available again when the hold is over; and licenses that are returned. */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { useDevice } from '../../db/license/device';
import { grabLicenses } from '../../db/pool/grab';
import type { Sql } from '../../db/base/database';
import { leavePool } from '../../db/pool/available';
import { endOverdueHolds } from '../../transactions/pool/end-overdue-holds';
import { returnLicense } from '../../transactions/pool/return-license';
import { startTestApi } from '../harness/api';
import type { ApiAnswer, TestApi } from '../harness/api';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { addCatalogue, addContract } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { addContractKey } from '../harness/contract-keys';
import { TEST_ACTOR } from '../harness/contract-facts';
import { expectRefusal } from '../harness/expect-refusal';
import { expectInvariants } from '../harness/invariants';
import { lockRows } from '../harness/locked-rows';

let api: TestApi;
let catalogue: TestCatalogue;
let staging: TestCatalogue;
beforeAll(async () => {
  api = await startTestApi();
  [catalogue, staging] = [await addCatalogue(api), await addCatalogue(api, { environment: 'staging' })];
});
afterEach(() => expectInvariants(api.sql));
afterAll(() => api.close());

const START = '2031-05-01T00:00:00.000Z';
const at = (minutes: number): string => new Date(Date.parse(START) + minutes * 60_000).toISOString();

interface Pool {
  id: string;
  clock: string;
}

/** A pool with licenses, on a test clock that begins at START. */
async function addPool(licenses: number, more: Record<string, unknown> = {}): Promise<Pool> {
  const clock = (await api.call('POST', '/test-clocks', { body: { now: START } })).body.id;
  const { id } = await addContract(api, staging, { type: 'pool', test_clock_id: clock, ...more });
  await api.call('POST', `/contracts/${id}/generate`, { body: { count: licenses } });
  return { id, clock };
}

/** Sets the clock of a pool. No worker runs here, and the contract has no boundary. */
const setClock = ({ clock }: Pool, now: string) => api.sql`UPDATE test_clocks SET now = ${now} WHERE id = ${clock}`;
const post = (path: string, body?: object, options: object = {}): Promise<ApiAnswer> =>
  api.call('POST', path, { ...(body === undefined ? {} : { body }), ...options });
const grab = ({ id }: { id: string }, body: object = {}, options: object = {}) =>
  post(`/contracts/${id}/pool/grab`, { order_ref: `SO-${Math.random()}`, count: 1, ...body }, options);
const poolOf = async ({ id }: { id: string }) => (await api.call('GET', `/contracts/${id}`)).body.pool;
const licenseOf = async (id: string) => (await api.call('GET', `/licenses/${id}`)).body;
const someone = (pool: { id: string }) => ({ customer_email: `ada-${pool.id}@covenant.test` });
const actionsOn = async (id: string) =>
  (await api.sql`SELECT action FROM audit_events WHERE subject_id = ${id} ORDER BY id`).map((row) => row['action']);
const eventsOf = async (contract_id: string) =>
  (await api.sql`SELECT type, data FROM domain_events WHERE contract_id = ${contract_id} ORDER BY sequence`)
    .filter(({ type }) => type.startsWith('license.') && type !== 'license.batch_generated')
    .map(({ type, data }) => [type, data]);

/** A license of a customer, by an order. */
async function assigned(pool: Pool): Promise<any> {
  const { body } = await grab(pool, someone(pool));
  return { ...body.licenses[0], customer_id: body.customer_id };
}

describe('assigning a hold', () => {
  test('gives all its licenses to the customer, with one audit row and one event', async () => {
    const pool = await addPool(3);
    const held = (await grab(pool, { count: 2, order_ref: 'SO-1' })).body;
    const { status, body } = await post(`/holds/${held.id}/assign`, someone(pool));
    expect([status, body]).toEqual([
      200,
      {
        ...{ ...held, state: 'assigned', customer_id: expect.any(String), ended_at: START },
        allowed_actions: { assign: true, release: { code: 'HOLD_NOT_OPEN' } },
        licenses: held.licenses.map((license: object) => ({ ...license, status: 'assigned' })),
      },
    ]);
    expect(await poolOf(pool)).toMatchObject({ available: 1, held: 0, assigned: 2 });
    for (const { id } of body.licenses)
      expect(await licenseOf(id)).toMatchObject({
        status: 'assigned',
        customer_id: body.customer_id,
        assigned_at: START,
      });
    expect(await actionsOn(held.id)).toEqual(['pool.grabbed', 'license.assigned']);
    const license_ids = held.licenses.map(({ id }: any) => id);
    const data = {
      customer_id: body.customer_id,
      count: 2,
      reassigned: 0,
      license_ids,
      hold_id: held.id,
      operation_id: null,
      order_ref: 'SO-1',
    };
    expect(await eventsOf(pool.id)).toEqual([['license.assigned', data]]);
  });

  test('again, to the same customer, changes nothing; to another one is refused', async () => {
    const pool = await addPool(1);
    const held = (await grab(pool)).body;
    const { body } = await post(`/holds/${held.id}/assign`, someone(pool));
    expect((await post(`/holds/${held.id}/assign`, someone(pool))).body).toEqual(body);
    expect(await actionsOn(held.id)).toEqual(['pool.grabbed', 'license.assigned']);
    expectRefusal(
      await post(`/holds/${held.id}/assign`, { customer_email: 'eve@covenant.test' }),
      409,
      'HOLD_NOT_OPEN',
    );
  });

  test('needs a customer, unless the licenses are held for one', async () => {
    const pool = await addPool(2);
    const without_customer = (await grab(pool)).body;
    expectRefusal(await post(`/holds/${without_customer.id}/assign`), 422, 'VALIDATION_FAILED');
    const held = (await grab(pool, { ...someone(pool), hold_minutes: 5 })).body;
    expect((await post(`/holds/${held.id}/assign`)).body).toMatchObject({
      state: 'assigned',
      customer_id: held.customer_id,
    });
  });

  test('is possible until the hold is over, and refused at the instant of its end', async () => {
    const pool = await addPool(2);
    const [early, late] = [(await grab(pool)).body, (await grab(pool)).body];
    await setClock(pool, new Date(Date.parse(at(15)) - 1).toISOString());
    expect((await post(`/holds/${early.id}/assign`, someone(pool))).status).toBe(200);
    await setClock(pool, at(15));
    const answer = await post(`/holds/${late.id}/assign`, someone(pool));
    expectRefusal(answer, 409, 'HOLD_EXPIRED');
    expect(answer.body.metadata).toEqual({ held_until: at(15) });
    expect(await poolOf(pool)).toMatchObject({ available: 1, held: 0, assigned: 1 });
  });

  test('waits for the end of the hold that is being written, and is refused', async () => {
    const pool = await addPool(1);
    const held = (await grab(pool)).body;
    const end = await lockRows(api.sql, (tx) => tx`SELECT FROM pool_holds WHERE id = ${held.id} FOR UPDATE`);
    const answer = post(`/holds/${held.id}/assign`, someone(pool));
    await waitUntilBlocked(api.sql);
    await setClock(pool, at(15));
    await end.release();
    // It was sent before the end, and is judged when it has the hold.
    expectRefusal(await answer, 409, 'HOLD_EXPIRED');
  });

  test('is refused when a license was suspended or revoked meanwhile', async () => {
    const pool = await addPool(2);
    const held = (await grab(pool, { count: 2 })).body;
    await post(`/licenses/${held.licenses[1].id}/suspend`);
    const email = `new-${pool.id}@covenant.test`;
    const answer = await post(`/holds/${held.id}/assign`, { customer_email: email });
    expectRefusal(answer, 409, 'LICENSE_NOT_AVAILABLE');
    const licenses = [{ id: held.licenses[1].id, status: 'suspended' }];
    expect(answer.body.metadata).toEqual({ hold_id: held.id, licenses });
    expect(answer.body.detail).toMatch(
      `${held.licenses[1].id} is suspended, so the hold cannot be assigned. Release the hold`,
    );
    expect(await poolOf(pool)).toMatchObject({ available: 0, held: 1, assigned: 0 });
    expect((await api.call('GET', `/customers?search=${email}`)).body.data).toEqual([]);
    // What the answer advises.
    expect((await post(`/holds/${held.id}/release`)).status).toBe(200);
    expect(await poolOf(pool)).toMatchObject({ available: 1, held: 0, assigned: 0 });
    expect((await grab(pool)).status).toBe(201);
  });

  test('of 16 at once to different customers, one succeeds', async () => {
    const pool = await addPool(1);
    const held = (await grab(pool)).body;
    const assign = (n: number) =>
      post(`/holds/${held.id}/assign`, { customer_email: `c${n}-${pool.id}@covenant.test` });
    const answers = await Promise.all(Array.from({ length: 16 }, (_, n) => assign(n)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await actionsOn(held.id)).toEqual(['pool.grabbed', 'license.assigned']);
  });
});

describe('a license that expires by its assignment', () => {
  const BY_ASSIGNMENT = { expiry: { duration: 'P1M', basis: 'assignment' } };

  test.each([
    ['at once', {}],
    ['from a hold', { hold_minutes: 5 }],
  ])('expires a month after it is assigned %s, and no longer when it is returned', async (_how, how) => {
    const pool = await addPool(1, BY_ASSIGNMENT);
    await setClock(pool, at(60));
    const { body } = await grab(pool, { ...someone(pool), ...how });
    const answer = body.state === 'held' ? (await post(`/holds/${body.id}/assign`)).body : body;
    const [{ id }] = answer.licenses;
    expect(answer.licenses).toMatchObject([{ expires_at: '2031-06-01T01:00:00.000Z' }]);
    expect(await licenseOf(id)).toMatchObject({ status: 'assigned', expires_at: '2031-06-01T01:00:00.000Z' });
    expect((await post(`/licenses/${id}/return`)).body).toMatchObject({ status: 'available', expires_at: null });
  });
});

test('a grab, a hold and an operation in bulk give licenses the same expiry, whatever their rule', async () => {
  const rule = fc.record({
    expiry: fc.record({
      duration: fc.constantFrom('P1D', 'P1M', 'P1Y'),
      basis: fc.constantFrom('generation', 'assignment', 'first_activation'),
    }),
    cap_expiry_at_contract_end: fc.boolean(),
    term: fc.constantFrom('P14D', 'P2Y'),
  });
  const assigned = fc.asyncProperty(rule, fc.nat(600), async (terms, minutes) => {
    const pool = await addPool(3, terms);
    await setClock(pool, at(minutes));
    const grabbed = (await grab(pool, someone(pool))).body.licenses[0];
    const held = (await grab(pool, { ...someone(pool), hold_minutes: 5 })).body;
    const [from_hold] = (await post(`/holds/${held.id}/assign`)).body.licenses;
    const filter = { contract_id: pool.id, status: 'available' };
    const { body } = await post('/licenses/assign', { filter, ...someone(pool) });
    const in_bulk = await licenseOf(body.licenses[0].license_id);
    expect([in_bulk.status, grabbed.expires_at, from_hold.expires_at]).toEqual([
      ...['assigned', in_bulk.expires_at, in_bulk.expires_at],
    ]);
    expect((await licenseOf(grabbed.id)).expires_at).toBe(grabbed.expires_at);
  });
  await fc.assert(assigned, { numRuns: 12 });
});

describe('releasing a hold', () => {
  test('makes its licenses available again, with one audit row', async () => {
    const pool = await addPool(2);
    const order = { order_ref: 'SO-1', count: 2 };
    const held = (await grab(pool, order)).body;
    const released = (await post(`/holds/${held.id}/release`)).body;
    const allowed_actions = { assign: { code: 'HOLD_NOT_OPEN' }, release: true };
    expect(released).toEqual({ ...held, state: 'released', ended_at: START, licenses: [], allowed_actions });
    expect((await post(`/holds/${held.id}/release`)).body).toEqual(released);
    expect(await poolOf(pool)).toMatchObject({ available: 2, held: 0, assigned: 0 });
    expect(await actionsOn(held.id)).toEqual(['pool.grabbed', 'pool.released']);
    const again = await grab(pool, order);
    expectRefusal(again, 409, 'ORDER_CLOSED');
    expect(again.body.metadata).toEqual({ order_ref: 'SO-1', hold_id: held.id, state: 'released', ended_at: START });
    expect(again.body.detail).toMatch(/released at .* with a new order_ref/);
    expect((await grab(pool, { count: 2 })).status).toBe(201);
  });

  test('is refused when the licenses are assigned', async () => {
    const pool = await addPool(1);
    const { body } = await grab(pool, someone(pool));
    expectRefusal(await post(`/holds/${body.id}/release`), 409, 'HOLD_NOT_OPEN');
    expectRefusal(await post(`/holds/${pool.id}/release`), 404, 'NOT_FOUND');
  });

  test('leaves suspended licenses out of the pool until they are reinstated', async () => {
    const pool = await addPool(1);
    const held = (await grab(pool)).body;
    const [{ id }] = held.licenses;
    await post(`/licenses/${id}/suspend`);
    await post(`/holds/${held.id}/release`);
    expectRefusal(await grab(pool), 409, 'POOL_EMPTY');
    await post(`/licenses/${id}/reinstate`);
    expect((await grab(pool)).body.licenses).toMatchObject([{ id }]);
  });
});

describe('a hold that is over', () => {
  test('counts as available at once, and its licenses are given to the next order', async () => {
    const pool = await addPool(1);
    const order = { order_ref: 'SO-1' };
    const held = (await grab(pool, order)).body;
    await setClock(pool, at(15));
    expect(await poolOf(pool)).toMatchObject({ available: 1, held: 0, assigned: 0 });
    expect((await grab(pool)).body.licenses).toMatchObject([{ id: held.licenses[0].id }]);
    expect(await actionsOn(held.id)).toEqual(['pool.grabbed', 'pool.hold_expired']);
    // A repeated order does not show licenses that another one has.
    const again = await grab(pool, order);
    expectRefusal(again, 409, 'HOLD_EXPIRED');
    expect(again.body.metadata).toEqual({ order_ref: 'SO-1', hold_id: held.id, held_until: at(15) });
    expect(again.body.detail).toMatch(/with a new order_ref/);
  });

  test('is ended once by two sweeps and a grab at the same moment', async () => {
    const pool = await addPool(1);
    const held = (await grab(pool)).body;
    await setClock(pool, at(16));
    const sweep = () => endOverdueHolds(api.sql, { hold_ids: [held.id], now: START });
    const [first, second, next] = await Promise.all([sweep(), sweep(), grab(pool)]);
    expect([...first, ...second].length).toBeLessThanOrEqual(1);
    expect(next.status).toBe(201);
    expect(await actionsOn(held.id)).toEqual(['pool.grabbed', 'pool.hold_expired']);
  });

  test('is ended without a license that another order holds meanwhile', async () => {
    const pool = await addPool(1);
    const held = (await grab(pool)).body;
    const { id } = held.licenses[0];
    await setClock(pool, at(15));
    await post('/licenses/assign', { ids: [id], ...someone(pool) });
    await post(`/licenses/${id}/return`);
    const next = (await grab(pool)).body;
    expect(next.licenses).toMatchObject([{ id }]);
    await endOverdueHolds(api.sql, { hold_ids: [held.id], now: START });
    expect(await poolOf(pool)).toMatchObject({ available: 0, held: 1, assigned: 0 });
    expectRefusal(await grab(pool), 409, 'POOL_EMPTY');
    expect((await post(`/holds/${next.id}/assign`, someone(pool))).status).toBe(200);
  });

  test('does not prevent the deletion of the contract, and an open one does', async () => {
    const pool = await addPool(1, { status: 'active' });
    const held = (await grab(pool)).body;
    await api.sql`INSERT INTO contract_holds (contract_id, source, code, placed_at, placed_by) VALUES (${pool.id}, 'admin', 'PAUSED', ${START}, 'test')`;
    await api.sql`UPDATE contracts SET state = 'PAUSED', may_generate = false WHERE id = ${pool.id}`;
    await api.sql`UPDATE contract_quotas SET grantable_terms_id = NULL, open_until = NULL WHERE contract_id = ${pool.id}`;
    const { name } = (await api.call('GET', `/contracts/${pool.id}`)).body;
    const remove = () => api.call('DELETE', `/contracts/${pool.id}`, { body: { confirm_name: name } });
    const answer = await remove();
    expectRefusal(answer, 409, 'CONTRACT_HAS_OPEN_HOLD');
    expect(answer.body.metadata).toEqual({ open_holds: 1 });
    await setClock(pool, held.held_until);
    expect((await remove()).status).toBe(204);
  });
});

describe('reading holds', () => {
  const get = async (path: string, key?: string) => api.call('GET', path, key === undefined ? {} : { key });
  const statesOf = async (pool: Pool, query = '') =>
    (await get(`/contracts/${pool.id}/holds?order=asc${query}`)).body.data.map(({ order_ref, state }: any) => [
      order_ref,
      state,
    ]);

  test('shows each state at the time of the contract, by pages, also before a sweep has ended a hold', async () => {
    const pool = await addPool(6);
    const orders: any[] = [];
    for (const [order_ref, more] of Object.entries({
      short: { hold_minutes: 5 },
      long: { hold_minutes: 60, count: 2 },
      released: {},
      sold: someone(pool),
    })) {
      await setClock(pool, at(orders.length));
      orders.push((await grab(pool, { order_ref, ...more })).body);
    }
    await post(`/holds/${orders[2].id}/release`);
    await setClock(pool, at(5));
    const expected = ['expired', 'held', 'released', 'assigned'].map((state, n) => [orders[n].order_ref, state]);
    expect(await statesOf(pool)).toEqual(expected);
    for (const [order_ref, state] of expected)
      expect(await statesOf(pool, `&state=${state}`)).toEqual([[order_ref, state]]);
    expect((await get(`/holds/${orders[0].id}`)).body).toEqual({
      ...orders[0],
      state: 'expired',
      ended_at: at(5),
      licenses: [],
      allowed_actions: { assign: { code: 'HOLD_EXPIRED' }, release: true },
    });
    expect((await get(`/holds/${orders[1].id}`)).body).toEqual(orders[1]);
    const pages = `/contracts/${pool.id}/holds?limit=3`;
    const newest = (await get(pages)).body;
    const { licenses, ...sold } = orders[3];
    expect(newest.data[0]).toEqual({ ...sold, license_count: licenses.length });
    const rest = (await get(`${pages}&cursor=${newest.next_cursor}`)).body;
    expect([...newest.data, ...rest.data].map(({ id }: any) => id)).toEqual(orders.map(({ id }) => id).reverse());
    expect(rest.next_cursor).toBeNull();

    const overdue = { hold_ids: orders.map(({ id }) => id), now: at(5) };
    expect(await endOverdueHolds(api.sql, overdue)).toEqual([orders[0].id]);
    expect(await statesOf(pool)).toEqual(expected);
    expect(await statesOf(pool, '&state=expired')).toEqual([['short', 'expired']]);
  });

  test('is for the key of the contract, which also sees its stock; viewers get masked keys', async () => {
    const [pool, other] = [await addPool(2), await addPool(1)];
    const key = await addContractKey(api, pool.id);
    const { licenses, ...held } = (await grab(pool)).body;
    expect((await get(`/holds/${held.id}`, key)).body).toEqual({ ...held, licenses });
    expect((await get(`/contracts/${pool.id}/holds`, key)).body.data).toEqual([{ ...held, license_count: 1 }]);
    expect((await get(`/contracts/${pool.id}/usage`, key)).body.pool).toMatchObject({
      available: 1,
      held: 1,
      assigned: 0,
    });
    const theirs = (await grab(other)).body;
    for (const path of [`/holds/${theirs.id}`, `/contracts/${other.id}/holds`])
      expectRefusal(await get(path, key), 404, 'NOT_FOUND');
    const viewed = (await get(`/holds/${held.id}`, api.keys.viewer)).body;
    expect(viewed.licenses[0].key).toBe(`…${licenses[0].key.slice(-4)}`);
    const { detail } = (await get(`/contracts/${pool.id}`, key)).body;
    expect(detail).toContain(
      'Of a pool it can take licenses, read, assign and release its holds, and return licenses.',
    );
  });
});

describe('suspended and revoked licenses', () => {
  test.each(['suspend', 'revoke'])('leave the pool: %s', async (action) => {
    const pool = await addPool(1);
    const [license] = (await api.call('GET', `/licenses?contract_id=${pool.id}`)).body.data;
    await post(`/licenses/${license.id}/${action}`);
    expect(await poolOf(pool)).toMatchObject({ available: 0, held: 0, assigned: 0 });
    expectRefusal(await grab(pool), 409, 'POOL_EMPTY');
  });

  test('are revoked while an order takes them: the order has them, and they are revoked', async () => {
    const pool = await addPool(1);
    const [license] = (await api.call('GET', `/licenses?contract_id=${pool.id}`)).body.data;
    // The order has taken the license from the pool, and has not written its facts yet.
    const order = await lockRows(api.sql, async (tx) => {
      await tx`DELETE FROM pool_available WHERE contract_id = ${pool.id}`;
      await tx`INSERT INTO license_facts (license_id, held_until) VALUES (${license.id.slice(4)}, ${at(15)})`;
    });
    const revoked = post(`/licenses/${license.id}/revoke`);
    await waitUntilBlocked(api.sql);
    await order.commit();
    expect((await revoked).body).toMatchObject({ status: 'revoked' });
    expect(await poolOf(pool)).toMatchObject({ available: 0, held: 0, assigned: 0 });
  });
});

describe('licenses of a pool that are assigned in bulk', () => {
  const listOf = async ({ id }: Pool) => (await api.call('GET', `/licenses?contract_id=${id}&order=asc`)).body.data;

  test('leave the pool, and those that are not assigned stay in it', async () => {
    const pool = await addPool(3);
    const [first, second] = await listOf(pool);
    await post(`/licenses/${second.id}/suspend`);
    const ids = [first.id, second.id];
    expect((await post('/licenses/assign', { ids, ...someone(pool) })).body.counts).toMatchObject({ assigned: 1 });
    expect(await poolOf(pool)).toMatchObject({ available: 1, held: 0, assigned: 1 });
    expectRefusal(await grab(pool, { count: 2 }), 409, 'POOL_INSUFFICIENT');
  });

  test('are not those of an order that is being written', async () => {
    const pool = await addPool(2);
    const [first, second] = await listOf(pool);
    // The order has taken the first license, and has not committed yet.
    const order = await lockRows(api.sql, async (tx) => {
      await leavePool(tx, [first.id.slice(4)]);
      await tx`INSERT INTO license_facts (license_id, held_until) VALUES (${first.id.slice(4)}, ${at(15)})`;
    });
    const answer = post('/licenses/assign', { ids: [first.id, second.id], ...someone(pool) });
    await waitUntilBlocked(api.sql);
    await order.commit();
    const outcomes = (await answer).body.licenses.map(({ outcome }: any) => outcome);
    expect(outcomes).toEqual(['not_available', 'assigned']);
    expect(await poolOf(pool)).toMatchObject({ available: 0, held: 1, assigned: 1 });
  });

  test('are not given to orders that wait for them', async () => {
    const pool = await addPool(3);
    const [customer] = await api.sql`
      INSERT INTO customers (email, name, created_at, updated_at) VALUES (${`bulk-${pool.id}@covenant.test`}, 'Bulk', now(), now()) RETURNING id`;
    const [first, second] = await listOf(pool);
    const ids = [first.id.slice(4), second.id.slice(4)];
    const bulk = await lockRows(api.sql, async (tx) => {
      await leavePool(tx, ids);
      await tx`INSERT INTO license_facts (license_id, customer_id, assigned_at) SELECT id, ${customer?.['id']}, ${START} FROM unnest(${ids}::bigint[]) AS id`;
    });
    const orders = [grab(pool), grab(pool), grab(pool)];
    await waitUntilBlocked(api.sql);
    await bulk.commit();
    expect((await Promise.all(orders)).map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    expect(await poolOf(pool)).toMatchObject({ available: 0, held: 1, assigned: 2 });
  });
});

describe('returning a license', () => {
  const EXPIRY = { expiry: { duration: 'P1Y' } };

  test('makes it available again with its original expiry, with one audit row and one event', async () => {
    const pool = await addPool(1, EXPIRY);
    const { id, expires_at, customer_id } = await assigned(pool);
    const returned = (await post(`/licenses/${id}/return`, { reason: 'Cancelled' })).body;
    expect(returned).toMatchObject({ status: 'available', customer_id: null, assigned_at: null, expires_at });
    expect(await poolOf(pool)).toMatchObject({ available: 1, held: 0, assigned: 0 });
    expect((await post(`/licenses/${id}/return`)).body).toEqual(returned);
    expect(await actionsOn(id)).toEqual(['license.returned']);
    const [first, ...others] = await eventsOf(pool.id);
    // The order wrote it when it was assigned at once.
    expect(first).toEqual([
      'license.assigned',
      expect.objectContaining({ count: 1, customer_id, license_ids: [id], reassigned: 0, hold_id: expect.any(String) }),
    ]);
    expect(others).toEqual([
      ['license.returned', { license_id: id, job_id: returned.job_id, customer_id, reason: 'Cancelled' }],
    ]);
    expect((await grab(pool)).body.licenses).toMatchObject([{ id, expires_at }]);
  });

  test('is refused after its activation', async () => {
    const pool = await addPool(1);
    const { id } = await assigned(pool);
    await api.sql`UPDATE license_facts SET activated_at = ${at(1)} WHERE license_id = ${id.slice(4)}`;
    const answer = await post(`/licenses/${id}/return`);
    expectRefusal(answer, 409, 'LICENSE_ALREADY_ACTIVATED');
    expect(answer.body.detail).toMatch(/assign it with reassign .* revoke it/);
    expect(answer.body.metadata).toEqual({ activated_at: at(1) });
  });

  test('is possible for 30 days', async () => {
    const pool = await addPool(2);
    const [early, late] = [await assigned(pool), await assigned(pool)];
    await setClock(pool, at(30 * 24 * 60));
    expect((await post(`/licenses/${early.id}/return`)).status).toBe(200);
    await setClock(pool, new Date(Date.parse(at(30 * 24 * 60)) + 1).toISOString());
    expectRefusal(await post(`/licenses/${late.id}/return`), 409, 'RETURN_PERIOD_OVER');
  });

  test('is refused for a license that is held, revoked or unknown', async () => {
    const pool = await addPool(2);
    const held = (await grab(pool)).body.licenses[0].id;
    expectRefusal(await post(`/licenses/${held}/return`), 409, 'LICENSE_NOT_ASSIGNED');
    const { id } = await assigned(pool);
    await post(`/licenses/${id}/revoke`);
    expectRefusal(await post(`/licenses/${id}/return`), 409, 'LICENSE_REVOKED');
    expectRefusal(await post('/licenses/lic_1/return'), 404, 'NOT_FOUND');
  });

  test('is refused for a license that is suspended or expired, with what can be done', async () => {
    const pool = await addPool(1, EXPIRY);
    const { id } = await assigned(pool);
    await post(`/licenses/${id}/suspend`);
    const refusedWith = async (detail: RegExp) => {
      const answer = await post(`/licenses/${id}/return`);
      expectRefusal(answer, 409, 'LICENSE_NOT_ASSIGNED');
      expect(answer.body.detail).toMatch(detail);
    };
    await refusedWith(/is suspended. Reinstate it first/);
    await post(`/licenses/${id}/reinstate`);
    await setClock(pool, '2033-01-01T00:00:00.000Z');
    await refusedWith(/is expired. An expired license cannot be returned/);
  });

  test('is seen by a grab that finds the pool empty while the return is written', async () => {
    const pool = await addPool(1);
    const { id } = await assigned(pool);
    // The return waits to commit: the grab does not see the license, and does not wait for it.
    const [returned, grabbed] = await Promise.all([post(`/licenses/${id}/return`), grab(pool)]);
    expect(returned.status).toBe(200);
    if (grabbed.status !== 201) {
      expectRefusal(grabbed, 409, 'POOL_EMPTY');
      expect((await grab(pool)).body.licenses).toMatchObject([{ id }]);
    }
    expect(await poolOf(pool)).toMatchObject({ available: 0, held: 1, assigned: 0 });
  });

  test('of a contract of another type leaves it without a customer', async () => {
    const { id } = await addContract(api, catalogue);
    const license = (await post(`/contracts/${id}/generate`, { count: 1 })).body.licenses[0].id;
    const [customer] =
      await api.sql`INSERT INTO customers (email, name, created_at, updated_at) VALUES (${`${id}@covenant.test`}, 'Ada', now(), now()) RETURNING id`;
    await api.sql`INSERT INTO license_facts (license_id, customer_id, assigned_at) VALUES (${license.slice(4)}, ${customer?.['id']}, now())`;
    expect((await post(`/licenses/${license}/return`)).body).toMatchObject({ status: 'available', customer_id: null });
  });
});

describe('an order that no longer has all its licenses', () => {
  const other = (pool: Pool) => ({ customer_email: `eve-${pool.id}@covenant.test` });

  test('does not show those of other customers when it is repeated, and gets no others', async () => {
    const pool = await addPool(4);
    const order = { order_ref: 'SO-1', count: 3, ...someone(pool) };
    const first = (await grab(pool, order)).body;
    const [returned, reassigned, revoked] = first.licenses;
    await post(`/licenses/${returned.id}/return`);
    await setClock(pool, at(1));
    await post('/licenses/assign', { ids: [reassigned.id], reassign: true, ...other(pool) });
    await post(`/licenses/${revoked.id}/revoke`);
    expect((await grab(pool, { count: 2, ...other(pool) })).body.licenses).toContainEqual(returned);
    const licenses = [{ ...revoked, status: 'revoked' }];
    expect(await grab(pool, order)).toMatchObject({ status: 201, body: { ...first, licenses } });
    expect(await poolOf(pool)).toMatchObject({ available: 0, held: 0, assigned: 3 });
    const small = await addPool(1);
    const [{ id }] = (await grab(small, { order_ref: 'SO-1', ...someone(small) })).body.licenses;
    await post(`/licenses/${id}/return`);
    expectRefusal(await grab(small, { order_ref: 'SO-1', ...someone(small) }), 409, 'ORDER_CLOSED');
  });

  test('does not show those that a newer order has, also for the same customer', async () => {
    const pool = await addPool(1);
    const held = (await grab(pool)).body;
    const [{ id }] = held.licenses;
    const assign = async () => (await post(`/holds/${held.id}/assign`, someone(pool))).body;
    expect((await assign()).licenses).toMatchObject([{ id, status: 'assigned' }]);
    await post(`/licenses/${id}/return`);
    expect(await assign()).toMatchObject({ state: 'assigned', licenses: [] });
    await setClock(pool, at(1));
    const newer = (await grab(pool, { ...someone(pool), hold_minutes: 15 })).body;
    expect(newer.licenses).toMatchObject([{ id, status: 'held' }]);
    expect((await assign()).licenses).toEqual([]);
    await post(`/holds/${newer.id}/assign`);
    expect((await assign()).licenses).toEqual([]);
  });
});

describe('a license of a pool, in the hands of a program', () => {
  const use = (action: string, { key }: { key: string }, device_id = 'a') =>
    post(`/licenses/${action}`, { key, ...(action === 'validate' ? {} : { device_id }) }, { key: null });
  const codeOf = async (license: { key: string }) => (await use('validate', license)).body.code;

  async function expectUnusable(license: { key: string }, status: string): Promise<void> {
    const { body } = await use('validate', license);
    expect(body).toMatchObject({ valid: false, code: 'NOT_ASSIGNED', reasons: ['NOT_ASSIGNED'], license: { status } });
    for (const action of ['activate', 'heartbeat']) {
      const refused = await use(action, license);
      expectRefusal(refused, 409, 'LICENSE_NOT_ASSIGNED');
      expect(refused.body.detail).toMatch(
        status === 'held'
          ? /^The license is held for an order, .* Its seller takes it/
          : /^The license belongs to no customer. Its seller takes it/,
      );
    }
    expect((await use('deactivate', license)).status).toBe(200);
  }

  test('is of use from its assignment to its return, and again for the next customer', async () => {
    const pool = await addPool(1);
    const [license] = (await api.call('GET', `/licenses?environment=staging&contract_id=${pool.id}`)).body.data;
    await expectUnusable(license, 'available');
    const held = (await grab(pool)).body;
    await expectUnusable(license, 'held');
    await setClock(pool, held.held_until);
    await expectUnusable(license, 'available');
    await grab(pool, someone(pool));
    expect(await codeOf(license)).toBe('VALID');
    await post(`/licenses/${license.id}/return`);
    await expectUnusable(license, 'available');
    await grab(pool, { customer_email: `eve-${pool.id}@covenant.test` });
    expect(await codeOf(license)).toBe('VALID');
    expect((await use('activate', license)).status).toBe(200);
    expect((await use('heartbeat', license)).status).toBe(200);
  });

  test('is of use for tests of a draft, which no order takes', async () => {
    const { id } = await addContract(api, staging, { type: 'pool', status: 'inactive' });
    const [license] = (await post(`/contracts/${id}/generate`, { count: 1, test: true })).body.licenses;
    expect(await codeOf(license)).toBe('VALID');
    expect((await use('activate', license)).status).toBe(200);
  });

  const by = (customer_id: string | null, hold_minutes: number | null) => (tx: Sql, pool: Pool) =>
    grabLicenses(
      tx,
      {
        contract_id: pool.id,
        now: START,
        grabs: [
          {
            ...{ hold_id: randomUUID(), order_ref: 'SO-next', count: 1, customer_id, hold_minutes, fingerprint: '' },
            ...{ actor: TEST_ACTOR, request_id: null, caller_key: null },
          },
        ],
      },
      { wait: false, lock_ms: 5_000, in_transaction: true },
    );

  test.each<[string, boolean, (tx: Sql, pool: Pool, license: any) => Promise<unknown>, number]>([
    [
      'returned',
      false,
      (tx, _, { id }) =>
        returnLicense(tx, id.slice(4), {
          ...{ actor: TEST_ACTOR, now: START, request_id: null, reason: null, reaches: () => true },
        }),
      409,
    ],
    ['held for an order', true, by(null, 15), 409],
    ['given to a customer', true, (tx, pool, { customer_id }) => by(customer_id, null)(tx, pool), 200],
  ])('is judged by what is committed while it is %s', async (_, is_returned, change, status) => {
    const pool = await addPool(1);
    const license = await assigned(pool);
    if (is_returned) await post(`/licenses/${license.id}/return`);
    const changed = await lockRows(api.sql, (tx) => change(tx, pool, license));
    const activation = use('activate', license);
    await waitUntilBlocked(api.sql);
    await changed.commit();
    expect((await activation).status).toBe(status);
    expect(await licenseOf(license.id)).toMatchObject({ activations: status === 200 ? 1 : 0 });
  });

  test('is not returned while a program activates it', async () => {
    const pool = await addPool(1);
    const { id, key } = await assigned(pool);
    const activation = { action: 'activate', key, device_id: 'a', device_name: null, now: START } as const;
    const activated = await lockRows(api.sql, (tx) => useDevice(tx, activation, null, 1_000));
    const returned = post(`/licenses/${id}/return`);
    await waitUntilBlocked(api.sql);
    await activated.commit();
    expectRefusal(await returned, 409, 'LICENSE_ALREADY_ACTIVATED');
  });
});

test('the API key of a contract changes its own holds and licenses, and finds no others', async () => {
  const [own, other] = [await addPool(3), await addPool(1)];
  const key = await addContractKey(api, own.id);
  const [first, second] = [(await grab(own, {}, { key })).body, (await grab(own, {}, { key })).body];
  expect((await post(`/holds/${first.id}/release`, undefined, { key })).status).toBe(200);
  const { body } = await post(`/holds/${second.id}/assign`, someone(own), { key });
  expect((await post(`/licenses/${body.licenses[0].id}/return`, undefined, { key })).status).toBe(200);
  const foreign = (await grab(other)).body;
  for (const path of [
    `/holds/${foreign.id}/release`,
    `/holds/${foreign.id}/assign`,
    `/licenses/${foreign.licenses[0].id}/return`,
  ])
    expectRefusal(await post(path, undefined, { key }), 404, 'NOT_FOUND');
});
