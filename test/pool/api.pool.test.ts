/** The licenses of a pool that are available, what fills it, and the warnings about it. */
import { countWarnings } from '../../db/contract/contract';
import { insertChunk } from '../../db/generation/chunk';
import { replenishPool } from '../../transactions/pool/replenish-pool';
import { startTestApi } from '../harness/api';
import type { TestApi } from '../harness/api';
import { addCatalogue, addContract, contractBody } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { expectRefusal } from '../harness/expect-refusal';
import { expectInvariants } from '../harness/invariants';
import { rowsOf } from '../harness/walk-pages';

let api: TestApi;
let catalogue: TestCatalogue;
beforeAll(async () => {
  api = await startTestApi();
  catalogue = await addCatalogue(api);
});
afterEach(() => expectInvariants(api.sql));
afterAll(() => api.close());

const addPool = (more: Record<string, unknown> = {}) => addContract(api, catalogue, { type: 'pool', ...more });
const poolOf = async (id: string) => (await api.call('GET', `/contracts/${id}`)).body.pool;
const generate = async (id: string, body: object) =>
  (await api.call('POST', `/contracts/${id}/generate`, { body })).body;

/** The licenses of a contract that are available, each with its expiry. */
const availableIn = (contract_id: string) => api.sql<{ id: string; expires_at: string }[]>`
  SELECT 'lic_' || id AS id, expires_at::text FROM pool_available, unnest(ids) AS part, generate_series(lower(part), upper(part) - 1) AS id
  WHERE contract_id = ${contract_id} ORDER BY id`;

test('inline licenses of a pool are available, with their expiry', async () => {
  const { id, pool } = await addPool({ expiry: { duration: 'P1Y' } });
  expect(pool).toMatchObject({ available: 0, held: 0, assigned: 0 });
  const { licenses } = await generate(id, { count: 3 });
  expect(await poolOf(id)).toMatchObject({ available: 3, held: 0, assigned: 0 });
  const stored = await availableIn(id);
  expect(stored.map((row) => [row.id, new Date(row.expires_at).toISOString()])).toEqual(
    licenses.map((license: any) => [license.id, license.expires_at]),
  );
});

test('licenses of a chunk are available once, also when the chunk is generated again', async () => {
  const { id } = await addPool();
  const { job_id } = await generate(id, { count: 100 });
  await api.sql`UPDATE generation_jobs SET state = 'RUNNING' WHERE id = ${job_id}`;
  const keys = Array.from({ length: 100 }, (_, index) => `CHUNK-${id}-${index}`).join(',');
  const chunk = { job_id, chunk_no: 0, from_ordinal: 1, licenses: 100, keys, now: new Date().toISOString() };
  expect(await insertChunk(api.sql, chunk)).toBe('filled');
  expect(await insertChunk(api.sql, chunk)).toBe('filled');
  expect(await poolOf(id)).toMatchObject({ available: 100, held: 0, assigned: 0 });
  const stored = await availableIn(id);
  expect(new Set(stored.map(({ expires_at }) => expires_at))).toEqual(new Set(['infinity']));
  const { body } = await api.call('GET', `/licenses?job_id=${job_id}&limit=100&order=asc`);
  expect(stored.map((row) => row.id)).toEqual(body.data.map((license: any) => license.id));
});

test('a contract of another type has no pool', async () => {
  const { id, pool } = await addContract(api, catalogue);
  await generate(id, { count: 2 });
  expect([pool, await poolOf(id), await availableIn(id)]).toEqual([null, null, []]);
});

test('test licenses of a draft are not available', async () => {
  const { id } = await addPool({ status: 'inactive' });
  const { licenses } = await generate(id, { count: 2, test: true });
  expect(licenses).toHaveLength(2);
  expect([await poolOf(id), await availableIn(id)]).toMatchObject([{ available: 0, held: 0, assigned: 0 }, []]);
});

test('licenses that have expired are not counted as available', async () => {
  const { id } = await addPool({ expiry: { duration: 'P1Y' } });
  const { licenses, job_id } = await generate(id, { count: 2 });
  await api.sql`UPDATE generation_jobs SET expires_at = now() WHERE id = ${job_id}`;
  await api.sql`UPDATE pool_available SET expires_at = now() WHERE contract_id = ${id}`;
  expect(licenses).toHaveLength(2);
  expect(await poolOf(id)).toMatchObject({ available: 0, held: 0, assigned: 0 });
});

test('each license of the contract is in one of the counts, and the levels judge by those that orders get', async () => {
  const { id } = await addPool({ expiry: { duration: 'P1Y' }, min_remaining_validity: 'P1M', low_water: 4 });
  const jobs = [];
  for (const count of [3, 2, 6]) jobs.push(await generate(id, { count }));
  const [soon, over, { licenses }] = jobs as [any, any, any];
  for (const [{ job_id }, expires_at] of [
    [soon, "now() + interval '27 days'"],
    [over, "now() - interval '1 day'"],
  ]) {
    const ids = api.sql`(SELECT int8range(serial << 24, (serial + 1) << 24) FROM generation_jobs WHERE id = ${job_id})`;
    await api.sql`UPDATE pool_available SET expires_at = ${api.sql.unsafe(expires_at)} WHERE ${ids} @> first_id`;
    await api.sql`UPDATE generation_jobs SET expires_at = ${api.sql.unsafe(expires_at)} WHERE id = ${job_id}`;
  }
  const read = async () => (await api.call('GET', `/contracts/${id}`)).body;
  const none = { available: 0, expiring: 0, held: 0, assigned: 0, suspended: 0, expired: 0, revoked: 0 };
  expect(await read()).toMatchObject({ pool: { ...none, available: 6, expiring: 3, expired: 2 }, warnings: [] });

  const order = async (order_ref: string, body: object = {}) =>
    (await api.call('POST', `/contracts/${id}/pool/grab`, { body: { order_ref, count: 1, ...body } })).body;
  await order('SO-1');
  await order('SO-2', { count: 2, customer_email: `ada-${id}@covenant.test` });
  const [first] = licenses;
  for (const change of ['suspend', 'reinstate', 'revoke']) await api.call('POST', `/licenses/${first.id}/${change}`);
  await api.call('POST', `/licenses/${licenses[5].id}/suspend`);
  expect(await read()).toMatchObject({
    pool: { ...none, available: 2, expiring: 3, held: 0, assigned: 2, suspended: 1, expired: 2, revoked: 1 },
    // Those that expire soon are of no use for orders.
    warnings: ['POOL_LOW'],
  });
  expect(await order('SO-3', { count: 3 })).toMatchObject({ code: 'POOL_INSUFFICIENT', metadata: { available: 2 } });
  const [level] = await api.sql`SELECT low_since IS NOT NULL AS is_low FROM pool_levels WHERE contract_id = ${id}`;
  expect(level).toEqual({ is_low: true });
});

test('only a contract of type pool can have the fields of a pool', async () => {
  const fields = { low_water: 5, min_remaining_validity: 'P1M', auto_replenish: { target: 500 } };
  const { id } = await addContract(api, catalogue, {
    low_water: 100,
    min_remaining_validity: null,
    auto_replenish: null,
  });
  for (const [field, value] of Object.entries(fields)) {
    const body = { [field]: value };
    for (const answer of [
      await api.call('POST', '/contracts', { body: contractBody(catalogue, body) }),
      await api.call('PATCH', `/contracts/${id}`, { body }),
    ]) {
      expectRefusal(answer, 422, 'VALIDATION_FAILED');
      expect(answer.body.detail).toBe(`${field}: only a contract of type pool has a pool.`);
      expect(answer.body.errors).toEqual([{ path: field, message: 'only a contract of type pool has a pool.' }]);
    }
  }
  // A contract that stored one before can still be changed.
  await api.sql`UPDATE contracts SET low_water = 7 WHERE id = ${id}`;
  expect((await api.call('PATCH', `/contracts/${id}`, { body: { name: 'New' } })).body).toMatchObject({ low_water: 7 });
  expect((await api.call('PATCH', `/contracts/${id}`, { body: { low_water: 100 } })).status).toBe(200);
});

describe('auto_replenish', () => {
  const edit = (id: string, body: object) => api.call('PATCH', `/contracts/${id}`, { body });

  test('is off, and can be switched on and off', async () => {
    const { id, auto_replenish } = await addPool();
    expect(auto_replenish).toBeNull();
    expect((await edit(id, { auto_replenish: { target: 110 } })).body.auto_replenish).toEqual({ target: 110 });
    expect((await edit(id, { auto_replenish: null })).body.auto_replenish).toBeNull();
  });

  test('needs low_water, and a target from which on the next fall is noticed', async () => {
    const refused = async (body: Record<string, unknown>) => {
      const answer = await api.call('POST', '/contracts', { body: contractBody(catalogue, body) });
      expectRefusal(answer, 422, 'VALIDATION_FAILED');
      return answer.body.detail;
    };
    expect(await refused({ type: 'pool', low_water: 0, auto_replenish: { target: 500 } })).toMatch(/at least 1/);
    expect(await refused({ type: 'pool', low_water: 11, auto_replenish: { target: 12 } })).toMatch(/at least 13/);
    const { id } = await addPool({ low_water: 11, auto_replenish: { target: 13 } });
    expectRefusal(await edit(id, { low_water: 12 }), 422, 'VALIDATION_FAILED');
    expectRefusal(await edit(id, { auto_replenish: { target: 1_000_001 } }), 422, 'VALIDATION_FAILED');
  });
});

describe('warnings', () => {
  const read = async (id: string) => (await api.call('GET', `/contracts/${id}`)).body;
  /** The warnings of a contract: as it shows them, and those by which a list finds it. */
  async function warningsOf(id: string) {
    const { name, warnings } = await read(id);
    const listed = async (warning: string) =>
      rowsOf<any>(await api.call('GET', `/contracts?search=${encodeURIComponent(name)}&warning=${warning}`));
    const [low, blocked] = [await listed('POOL_LOW'), await listed('POOL_REPLENISH_BLOCKED')];
    for (const row of [...low, ...blocked]) expect(row).toMatchObject({ id, warnings });
    return { warnings, low: low.length, blocked: blocked.length };
  }
  const counted = async () => {
    const { warnings } = await countWarnings(api.sql, new Date().toISOString());
    return ['POOL_LOW', 'POOL_REPLENISH_BLOCKED'].map(
      (one) => warnings.find(({ warning }) => warning === one)?.contracts,
    );
  };

  test('a contract, the lists and the metrics name a pool with few licenses, while orders can take them', async () => {
    const { id } = await addPool({ low_water: 10 });
    const [before] = await counted();
    expect(await warningsOf(id)).toEqual({ warnings: ['POOL_LOW'], low: 1, blocked: 0 });
    await generate(id, { count: 10 });
    expect(await warningsOf(id)).toEqual({ warnings: [], low: 0, blocked: 0 });
    expect((await counted())[0]).toBe((before as number) - 1);
    await api.call('POST', `/contracts/${id}/pool/grab`, { body: { order_ref: 'SO-1', count: 1 } });
    expect(await warningsOf(id)).toEqual({ warnings: ['POOL_LOW'], low: 1, blocked: 0 });
    await api.sql`UPDATE contracts SET state = 'PAUSED' WHERE id = ${id}`;
    expect(await warningsOf(id)).toMatchObject({ low: 0 });
    await api.sql`UPDATE contracts SET state = 'ACTIVE' WHERE id = ${id}`;
  });

  test('they name a replenishment that its quota blocks, until the quota is raised', async () => {
    const { id } = await addPool({ quota: 15, low_water: 10, auto_replenish: { target: 40 } });
    await replenishPool(
      api.sql,
      { contract_id: id, now: new Date().toISOString() },
      (work) => api.sql.begin(work) as never,
    );
    expect(await warningsOf(id)).toEqual({ warnings: ['QUOTA_USED', 'POOL_REPLENISH_BLOCKED'], low: 0, blocked: 1 });
    expect((await counted())[1]).toBe(1);
    await api.call('PATCH', `/contracts/${id}`, { body: { quota: 50 } });
    expect(await warningsOf(id)).toEqual({ warnings: [], low: 0, blocked: 0 });
  });
});
