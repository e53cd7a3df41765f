/** Orders take licenses from a pool: all or none, once for each order, and never a license twice. */
import type { Database, Sql } from '../../db/base/database';
import { noticePoolLevels } from '../../transactions/pool/notice-pool-levels';
import { startTestApi } from '../harness/api';
import type { ApiAnswer, TestApi } from '../harness/api';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { addCatalogue, addContract, clearGrantableTerms, contractBody } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { addContractKey } from '../harness/contract-keys';
import { expectRefusal } from '../harness/expect-refusal';
import { expectInvariants } from '../harness/invariants';
import { lockRows } from '../harness/locked-rows';

let api: TestApi;
let catalogue: TestCatalogue;
beforeAll(async () => {
  api = await startTestApi();
  catalogue = await addCatalogue(api);
});
afterEach(() => expectInvariants(api.sql));
afterAll(() => api.close());

/** A pool with licenses; returns the id of its contract. */
async function addPool(licenses: number, more: Record<string, unknown> = {}): Promise<string> {
  const { id } = await addContract(api, catalogue, { type: 'pool', ...more });
  for (let left = licenses; left > 0; left -= 99)
    await api.call('POST', `/contracts/${id}/generate`, { body: { count: Math.min(left, 99) } });
  return id;
}

const grab = (id: string, body: object, options: object = {}): Promise<ApiAnswer> =>
  api.call('POST', `/contracts/${id}/pool/grab`, { body: { count: 1, ...body }, ...options });
const poolOf = async (id: string) => (await api.call('GET', `/contracts/${id}`)).body.pool;
const keysIn = (answers: ApiAnswer[]): string[] =>
  answers.flatMap(({ body }) => (body.licenses ?? []).map(({ key }: any) => key));
const codesIn = (answers: ApiAnswer[]) => {
  const counts: Record<string, number> = {};
  for (const { status, body } of answers)
    counts[`${status} ${body.code ?? body.state}`] = (counts[`${status} ${body.code ?? body.state}`] ?? 0) + 1;
  return counts;
};
const grabbedRows = (contract_id: string) =>
  api.sql`SELECT subject_id, actor ->> 'type' AS actor, after FROM audit_events WHERE contract_id = ${contract_id} AND action = 'pool.grabbed'`;

/** Sets a contract to paused as a change does, without a worker. */
async function pause(id: string): Promise<void> {
  await api.sql`INSERT INTO contract_holds (contract_id, source, code, placed_at, placed_by) VALUES (${id}, 'admin', 'PAUSED', now() - interval '1 second', 'test')`;
  await api.sql`UPDATE contracts SET state = 'PAUSED', may_generate = false WHERE id = ${id}`;
  await clearGrantableTerms(api.sql, id);
}

test('licenses without a customer are held for 15 minutes, and have one audit row', async () => {
  const id = await addPool(5);
  const { status, body } = await grab(id, { order_ref: 'SO-1', count: 2 });
  expect(status).toBe(201);
  expect(body).toMatchObject({ contract_id: id, order_ref: 'SO-1', state: 'held', customer_id: null, ended_at: null });
  expect(Date.parse(body.held_until) - Date.parse(body.created_at)).toBe(15 * 60_000);
  expect(await poolOf(id)).toMatchObject({ available: 3, held: 2, assigned: 0 });
  const license = (await api.call('GET', `/licenses/${body.licenses[0].id}`)).body;
  expect(license).toMatchObject({ key: body.licenses[0].key, status: 'held', customer_id: null });
  const after = { order_ref: 'SO-1', licenses: 2, customer_id: null, held_until: expect.any(String) };
  expect(await grabbedRows(id)).toEqual([{ subject_id: body.id, actor: 'user', after }]);
});

test('licenses of a customer are assigned at once, to one customer whatever the letter case of the address', async () => {
  const id = await addPool(5);
  const email = `ada-${id}@covenant.test`;
  const first = (await grab(id, { order_ref: 'SO-1', customer_email: email })).body;
  const second = (await grab(id, { order_ref: 'SO-2', customer_email: email.toUpperCase() })).body;
  expect(first).toMatchObject({ state: 'assigned', held_until: null, customer_id: expect.any(String) });
  expect(second.customer_id).toBe(first.customer_id);
  expect(await poolOf(id)).toMatchObject({ available: 3, held: 0, assigned: 2 });
  const license = (await api.call('GET', `/licenses/${first.licenses[0].id}`)).body;
  expect(license).toMatchObject({ status: 'assigned', customer_id: first.customer_id });
});

test('16 orders of one new customer at once create one customer', async () => {
  const id = await addPool(16);
  const customer_email = `bo-${id}@covenant.test`;
  const answers = await Promise.all(
    Array.from({ length: 16 }, (_, n) => grab(id, { order_ref: `SO-${n}`, customer_email })),
  );
  expect(new Set(answers.map(({ body }) => body.customer_id)).size).toBe(1);
  const [created] = await api.sql`SELECT count(*)::int FROM customers WHERE email = ${customer_email}`;
  expect(created?.['count']).toBe(1);
});

test('with hold_minutes the licenses are held for the customer', async () => {
  const id = await addPool(1);
  const { body } = await grab(id, { order_ref: 'SO-1', customer_email: `cy-${id}@covenant.test`, hold_minutes: 60 });
  expect(body).toMatchObject({ state: 'held', customer_id: expect.any(String) });
  expect(Date.parse(body.held_until) - Date.parse(body.created_at)).toBe(60 * 60_000);
  expect((await api.call('GET', `/licenses/${body.licenses[0].id}`)).body).toMatchObject({
    status: 'held',
    customer_id: null,
  });
});

test('200 grabs at once on 100 licenses give 100 different licenses', async () => {
  const id = await addPool(100);
  const answers = await Promise.all(Array.from({ length: 200 }, (_, n) => grab(id, { order_ref: `SO-${n}` })));
  expect(codesIn(answers)).toEqual({ '201 held': 100, '409 POOL_EMPTY': 100 });
  expect(new Set(keysIn(answers)).size).toBe(100);
  expect(await poolOf(id)).toMatchObject({ available: 0, held: 100, assigned: 0 });
  expect(await grabbedRows(id)).toHaveLength(100);
});

test('grabs of several licenses at once get all or none, and a smaller one is not refused because of a larger one', async () => {
  const id = await addPool(10);
  const counts = [4, 7, 3, 7, 3];
  const answers = await Promise.all(counts.map((count, n) => grab(id, { order_ref: `SO-${n}`, count })));
  for (const [n, { status, body }] of answers.entries()) {
    if (status === 201) expect(body.licenses).toHaveLength(counts[n] as number);
    else expect(body.code).toMatch(/POOL_/);
  }
  const keys = keysIn(answers);
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys).toHaveLength(10);
  expect(await poolOf(id)).toMatchObject({ available: 0, held: 10, assigned: 0 });
});

test('too few licenses are refused with what is left, and nothing is taken', async () => {
  const id = await addPool(2);
  const answer = await grab(id, { order_ref: 'SO-1', count: 3 });
  expectRefusal(answer, 409, 'POOL_INSUFFICIENT');
  expect(answer.body.metadata).toEqual({ requested: 3, available: 2 });
  expect(await poolOf(id)).toMatchObject({ available: 2, held: 0, assigned: 0 });
  // The order can be tried again.
  expect((await grab(id, { order_ref: 'SO-1', count: 2 })).status).toBe(201);
});

test('the licenses that expire first are taken first, and expired ones never', async () => {
  const { id } = await addContract(api, catalogue, { type: 'pool' });
  const generated: any[] = [];
  for (const duration of ['P3Y', 'P1Y', 'P2Y']) {
    await api.call('PATCH', `/contracts/${id}`, { body: { expiry: { duration } } });
    generated.push((await api.call('POST', `/contracts/${id}/generate`, { body: { count: 1 } })).body.licenses[0]);
  }
  const [late, expired, early] = generated;
  await api.sql`UPDATE pool_available SET expires_at = now() - interval '1 minute' WHERE 'lic_' || first_id = ${expired.id}`;
  const { body } = await grab(id, { order_ref: 'SO-1' });
  expect(body.licenses).toMatchObject([early]);
  expect((await grab(id, { order_ref: 'SO-2' })).body.licenses).toMatchObject([late]);
  expectRefusal(await grab(id, { order_ref: 'SO-3' }), 409, 'POOL_EMPTY');
});

describe('an order that is repeated', () => {
  test('gets the same licenses, once, however many requests for it arrive together', async () => {
    const id = await addPool(20);
    const order = { order_ref: 'SO-1', count: 2, customer_email: `di-${id}@covenant.test` };
    const answers = await Promise.all(Array.from({ length: 16 }, () => grab(id, order)));
    expect(codesIn(answers)).toEqual({ '201 assigned': 16 });
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(answers.filter(({ headers }) => headers.get('idempotent-replayed') === 'true')).toHaveLength(15);
    expect(await poolOf(id)).toMatchObject({ available: 18, held: 0, assigned: 2 });
    expect(await grabbedRows(id)).toHaveLength(1);
  });

  test('gets its licenses also when two processes serve it at the same moment', async () => {
    const id = await addPool(10);
    // The first process has inserted the hold, and commits while the second one waits for it.
    const first = await lockRows(
      api.sql,
      (tx) => tx`
        INSERT INTO pool_holds (id, contract_id, environment, order_ref, license_ids, state, held_until, created_at, fingerprint)
        VALUES (gen_random_uuid(), ${id}, 'production', 'SO-1', '{}', 'held', now() + interval '1 hour', now(), 'another')`,
    );
    const answers = [grab(id, { order_ref: 'SO-1' }), grab(id, { order_ref: 'SO-2' })];
    await waitUntilBlocked(api.sql);
    await first.commit();
    const [same, other] = await Promise.all(answers);
    expectRefusal(same as ApiAnswer, 422, 'ORDER_REF_REUSED');
    expect(other?.status).toBe(201);
    expect(await poolOf(id)).toMatchObject({ available: 9, held: 1, assigned: 0 });
  });

  test('with another content is refused', async () => {
    const id = await addPool(5);
    const { body } = await grab(id, { order_ref: 'SO-1' });
    const answer = await grab(id, { order_ref: 'SO-1', count: 2 });
    expectRefusal(answer, 422, 'ORDER_REF_REUSED');
    expect(answer.body.metadata).toEqual({ order_ref: 'SO-1', hold_id: body.id });
    expect((await poolOf(id)).available).toBe(4);
  });

  test('gets its licenses after the contract was paused', async () => {
    const id = await addPool(5);
    const { body } = await grab(id, { order_ref: 'SO-1' });
    await pause(id);
    expect((await grab(id, { order_ref: 'SO-1' })).body).toEqual(body);
  });

  test('gets its licenses from an empty pool, and takes none from the new orders beside it', async () => {
    const id = await addPool(8);
    const first = await Promise.all(['SO-1', 'SO-2', 'SO-3'].map((order_ref) => grab(id, { order_ref })));
    const orders = ['SO-1', 'SO-4', 'SO-2', 'SO-5', 'SO-3', 'SO-6', 'SO-7', 'SO-8'];
    const answers = await Promise.all(orders.map((order_ref) => grab(id, { order_ref })));
    expect(codesIn(answers)).toEqual({ '201 held': 8 });
    expect([answers[0], answers[2], answers[4]].map((answer) => answer?.body)).toEqual(first.map(({ body }) => body));
    expect(await poolOf(id)).toMatchObject({ available: 0, held: 8, assigned: 0 });
    expect((await grab(id, { order_ref: 'SO-1' })).body).toEqual(first[0]?.body);
  });
});

describe('the contract', () => {
  test('of another type has no pool', async () => {
    const { id } = await addContract(api, catalogue);
    const answer = await grab(id, { order_ref: 'SO-1' });
    expectRefusal(answer, 409, 'NOT_A_POOL');
    expect(answer.body.metadata).toEqual({ type: 'standard' });
  });

  test('gives nothing while it is a draft or paused', async () => {
    const draft = await addContract(api, catalogue, { type: 'pool', status: 'inactive' });
    expectRefusal(await grab(draft.id, { order_ref: 'SO-1' }), 409, 'CONTRACT_INACTIVE');
    const id = await addPool(5);
    await pause(id);
    expectRefusal(await grab(id, { order_ref: 'SO-1' }), 409, 'CONTRACT_INACTIVE');
    expect((await poolOf(id)).available).toBe(5);
  });

  test('gives nothing after a pause that a grab waited for', async () => {
    const id = await addPool(5);
    const change = await lockRows(api.sql, (tx) => tx`SELECT pg_advisory_xact_lock(generation_lock(${id}))`);
    const answer = grab(id, { order_ref: 'SO-1' });
    await waitUntilBlocked(api.sql);
    await pause(id);
    await change.release();
    expectRefusal(await answer, 409, 'CONTRACT_INACTIVE');
    expect((await poolOf(id)).available).toBe(5);
  });

  test('gives nothing from a boundary on that is not applied yet', async () => {
    const id = await addPool(5, { term: 'P1M' });
    await api.sql`
      UPDATE contracts SET start_date = start_date - 60, end_date = end_date - 60, next_boundary_at = next_boundary_at - interval '60 days',
        settled_until = settled_until - interval '60 days', activated_at = activated_at - interval '60 days' WHERE id = ${id}`;
    await clearGrantableTerms(api.sql, id);
    expectRefusal(await grab(id, { order_ref: 'SO-1' }), 409, 'CONTRACT_EXPIRED');
  });

  test('that does not exist is not found', async () => {
    expectRefusal(await grab('0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f', { order_ref: 'SO-1' }), 404, 'NOT_FOUND');
  });
});

test('an order that is refused leaves no new customer behind', async () => {
  const [short, paused] = [await addPool(1), await addPool(1)];
  await pause(paused);
  const customer_email = 'nina@covenant.test';
  expectRefusal(await grab(short, { order_ref: 'SO-1', count: 2, customer_email }), 409, 'POOL_INSUFFICIENT');
  expectRefusal(await grab(paused, { order_ref: 'SO-1', customer_email }), 409, 'CONTRACT_INACTIVE');
  expect(await api.sql`SELECT FROM customers WHERE email = ${customer_email}`).toHaveLength(0);
  expect((await grab(short, { order_ref: 'SO-2', customer_email })).status).toBe(201);
});

describe('the last license, locked by another transaction', () => {
  /** Locks the only license of a pool, and starts a grab that waits for it. */
  async function grabLocked() {
    const id = await addPool(1);
    const other = await lockRows(api.sql, (tx) => tx`SELECT FROM pool_available WHERE contract_id = ${id} FOR UPDATE`);
    const answer = grab(id, { order_ref: 'SO-1' });
    await waitUntilBlocked(api.sql);
    return { id, other, answer };
  }

  test('is given when that transaction ends without taking it', async () => {
    const { other, answer } = await grabLocked();
    await other.release();
    expect((await answer).status).toBe(201);
  });

  test('is not given while it stays locked: the pool is empty', async () => {
    const { id, other, answer } = await grabLocked();
    expectRefusal(await answer, 409, 'POOL_EMPTY');
    await other.release();
    expect((await poolOf(id)).available).toBe(1);
  });
});

describe('the API key of the contract', () => {
  test('grabs from its own pool, and each order counts as a request', async () => {
    const id = await addPool(5, { rate_limits: { per_minute: 2 } });
    const key = await addContractKey(api, id);
    const first = await grab(id, { order_ref: 'SO-1' }, { key });
    expect([first.status, first.headers.get('ratelimit')]).toEqual([
      201,
      expect.stringMatching(/^"requests-per-minute";r=1;/),
    ]);
    // A repeated order uses nothing of the rate.
    expect((await grab(id, { order_ref: 'SO-1' }, { key })).headers.get('ratelimit')).toMatch(/;r=1;/);
    expect((await grab(id, { order_ref: 'SO-2' }, { key })).status).toBe(201);
    expectRefusal(await grab(id, { order_ref: 'SO-3' }, { key }), 429, 'RATE_LIMITED');
    // An admin is not limited.
    expect((await grab(id, { order_ref: 'SO-3' })).status).toBe(201);
  });

  test('does not find the pool of another contract', async () => {
    const [own, other] = [await addPool(1), await addPool(1)];
    const key = await addContractKey(api, own);
    expectRefusal(await grab(other, { order_ref: 'SO-1' }, { key }), 404, 'NOT_FOUND');
    expect((await poolOf(other)).available).toBe(1);
  });
});

describe('low water', () => {
  const levelsOf = async (id: string) =>
    (
      await api.sql`SELECT data FROM domain_events WHERE contract_id = ${id} AND type = 'pool.low_water' ORDER BY sequence`
    ).map(({ data }) => data.available);
  const take = (id: string, count: number) => grab(id, { order_ref: `SO-${Math.random()}`, count });
  const add = (id: string, count: number) => api.call('POST', `/contracts/${id}/generate`, { body: { count } });

  test('is noticed once when fewer licenses are available, and again after there were ten percent more', async () => {
    const id = await addPool(12, { low_water: 10 });
    await take(id, 2);
    expect(await levelsOf(id)).toEqual([]);
    await take(id, 1);
    await take(id, 1);
    expect(await levelsOf(id)).toEqual([9]);
    // Ten licenses are not enough to notice the next fall.
    await add(id, 2);
    await take(id, 1);
    expect(await levelsOf(id)).toEqual([9]);
    await add(id, 2);
    await take(id, 1);
    expect(await levelsOf(id)).toEqual([9]);
    await take(id, 1);
    expect(await levelsOf(id)).toEqual([9, 9]);
  });

  test('is noticed once by 64 grabs at once', async () => {
    const id = await addPool(80, { low_water: 50 });
    await Promise.all(Array.from({ length: 64 }, () => take(id, 1)));
    expect(await levelsOf(id)).toHaveLength(1);
  });

  test('is noticed when licenses are suspended, revoked, assigned or expire, once for each fall', async () => {
    const id = await addPool(11, { low_water: 10 });
    const { data } = (await api.call('GET', `/licenses?contract_id=${id}&limit=100`)).body;
    const [first, second, ...others] = data.map((license: any) => license.id);
    const notice = () => Promise.all([noticePoolLevels(api.sql), noticePoolLevels(api.sql)]);
    await notice();
    for (const path of [`/licenses/${first}/suspend`, `/licenses/${second}/revoke`])
      expect((await api.call('POST', path, { body: {} })).status).toBe(200);
    await notice();
    expect(await levelsOf(id)).toEqual([9]);
    await add(id, 1);
    await notice();
    await api.call('POST', '/licenses/assign', {
      body: { ids: others.slice(0, 1), customer_email: 'ada@covenant.test' },
    });
    await notice();
    expect(await levelsOf(id)).toEqual([9]);
    await add(id, 2);
    await notice();
    await api.sql`UPDATE pool_available SET expires_at = now() - interval '1 second' WHERE contract_id = ${id}`;
    await notice();
    expect(await levelsOf(id)).toEqual([9, 0]);
  });

  test('is not noticed for a pool that never had more, and never with 0', async () => {
    const [small, silent] = [await addPool(5, { low_water: 10 }), await addPool(5, { low_water: 0 })];
    for (const id of [small, silent]) await take(id, 5);
    expect([await levelsOf(small), await levelsOf(silent)]).toEqual([[], []]);
  });
});

test('an order needs a reference that can be seen', async () => {
  const id = await addPool(1);
  for (const order_ref of ['', ' ', '\u00a0 \u2003', '\u200b'])
    expectRefusal(await grab(id, { order_ref }), 422, 'VALIDATION_FAILED');
  expect((await grab(id, { order_ref: ' SO 1 ' })).body.order_ref).toBe(' SO 1 ');
});

test('licenses that expire within min_remaining_validity are not given out', async () => {
  const expiry = { duration: 'P30D' };
  const id = await addPool(1, { expiry, min_remaining_validity: 'P29D' });
  const too_long = { min_remaining_validity: 'P30D' };
  for (const answer of [
    await api.call('PATCH', `/contracts/${id}`, { body: too_long }),
    await api.call('POST', '/contracts', { body: contractBody(catalogue, { type: 'pool', expiry, ...too_long }) }),
  ]) {
    expectRefusal(answer, 422, 'VALIDITY_TOO_SHORT');
    expect(answer.body.metadata).toEqual({ ...too_long, expiry: { basis: 'generation', ...expiry } });
  }
  // As after licenses got older.
  await api.sql`UPDATE contracts SET min_remaining_validity = 'P31D' WHERE id = ${id}`;
  for (const body of [{}, { customer_email: 'new@covenant.test' }]) {
    const refused = await grab(id, { order_ref: 'SO-1', ...body });
    expectRefusal(refused, 409, 'POOL_EMPTY');
    expect(refused.body.metadata).toMatchObject({ available: 0, expiring: 1, min_remaining_validity: 'P31D' });
    expect(refused.body.detail).toMatch(
      /It has 1 that no order gets, because they expire within min_remaining_validity \(P31D\)/,
    );
  }
  expect((await api.call('GET', `/contracts/${id}`)).body.warnings).toContain('POOL_VALIDITY_TOO_SHORT');
  await api.call('PATCH', `/contracts/${id}`, { body: { min_remaining_validity: 'P29D' } });
  expect((await grab(id, { order_ref: 'SO-1' })).status).toBe(201);
});

test('the statement of many orders is planned for as many licenses, and once for all numbers of them', async () => {
  const id = await addPool(80);
  const sent: { text: string; parameters: unknown[] }[] = [];
  const options = api.api.db.options as Database['options'] & { debug: unknown };
  options.debug = (_: number, text: string, parameters: unknown[]) => sent.push({ text, parameters });
  await Promise.all(Array.from({ length: 64 }, (_, n) => grab(id, { order_ref: `SO-${n}` })));
  options.debug = false;
  const statements = sent.filter(({ text }) => text.includes('grab_licenses'));
  expect(statements.length).toBeGreaterThan(0);
  await inLargePool(id, async (tx) => {
    for (const { text, parameters } of statements) {
      const given = parameters.map((value) =>
        typeof value === 'string' && value.startsWith('[') ? JSON.parse(value) : value,
      );
      const [row] = await tx.unsafe(`EXPLAIN (FORMAT JSON) ${text}`, given);
      const plan = row!['QUERY PLAN'][0].Plan;
      expect(plan['Plan Rows']).toBeLessThan(1_000);
      // Postgres plans a statement each time if the plan for unknown parameters seems to cost more.
      const [generic] = await tx.unsafe(`EXPLAIN (GENERIC_PLAN, FORMAT JSON) ${text}`);
      expect(generic!['QUERY PLAN'][0].Plan['Total Cost']).toBeLessThan(plan['Total Cost'] + 50);
    }
  });
});

/** Runs statements while the pool has many licenses. Everything is rolled back. */
async function inLargePool(contract_id: string, run: (tx: Sql) => Promise<void>): Promise<void> {
  const rolled_back = new Error('rolled back');
  const done = api.sql.begin(async (tx) => {
    await tx`
      INSERT INTO pool_available (contract_id, expires_at, first_id, last_id, ids, licenses)
      SELECT ${contract_id}, 'infinity', -n, -n, int8multirange(int8range(-n, 1 - n)), 1 FROM generate_series(1, 20000) AS n`;
    await tx`ANALYZE pool_available`;
    // As in production. The tests' server makes no plan for given parameters.
    await tx`SET LOCAL plan_cache_mode = auto`;
    await run(tx);
    throw rolled_back;
  });
  await expect(done).rejects.toBe(rolled_back);
}
