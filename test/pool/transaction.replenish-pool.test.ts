/** A pool with few licenses is filled up to its target, within its quota and once, whatever happens at the same time. */
import { TIME_ZONE_RULES } from '../../transactions/base/time-zone-rules';
import { findShownContract } from '../../db/contract/contract';
import { listRowsToWake } from '../../db/system/sweep';
import type { ContractCommand } from '../../domain/contract/command';
import { runCommand } from '../../transactions/contract/run-command';
import { bySystem, cancelJob } from '../../transactions/generation/change-job';
import { finishJob } from '../../transactions/generation/finish-job';
import { createGrabs } from '../../transactions/pool/grab-licenses';
import { replenishPool } from '../../transactions/pool/replenish-pool';
import type { Replenishment } from '../../transactions/pool/replenish-pool';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { TEST_ACTOR } from '../harness/contract-facts';
import { buildContract, requestJob } from '../harness/contract-rows';
import type { ContractOptions } from '../harness/contract-rows';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { gatedDatabase } from '../harness/gated-database';
import { expectInvariants } from '../harness/invariants';

let database: TestDatabase;
let sql: TestDatabase['sql'];
beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.sql;
});
afterEach(() => expectInvariants(sql));
afterAll(() => database.drop());

const HOUR_MS = 3_600_000;
const at = (after_ms = 0) => new Date(Date.now() + after_ms).toISOString();

/** A pool that is filled up to 40 licenses when it has fewer than 10. Returns the id of its contract. */
async function buildPool(more: ContractOptions = {}): Promise<string> {
  const { facts } = await buildContract(sql, {
    ...{ type: 'pool', quota: 100, low_water: 10, auto_replenish: { target: 40 } },
    ...more,
  });
  return facts.id;
}

function replenish(contract_id: string, now = at(), db = sql): Promise<Replenishment> {
  return replenishPool(sql, { contract_id, now }, (work) => db.begin(work) as never);
}

function change(id: string, command: ContractCommand) {
  return sql.begin((tx) => runCommand(tx, { id, actor: TEST_ACTOR, now: at(), request_id: null }, command));
}
const raiseQuota = (id: string, quota: number) => change(id, { name: 'edit', input: { quota } });

/** Takes licenses, each for an order of its own. Returns how many orders got theirs. */
async function take(contract_id: string, licenses: number): Promise<number> {
  const grab = createGrabs(sql);
  const orders = Array.from({ length: licenses }, (_, index) =>
    grab({
      ...{ contract_id, order_ref: `${Date.now()}-${index}`, count: 1, customer_email: null, hold_minutes: 60 },
      ...{ fingerprint: '', actor: TEST_ACTOR, now: at(), request_id: null, rated: false, credential: null },
    }),
  );
  return (await Promise.all(orders)).filter(({ result }) => 'hold' in result).length;
}

const countAvailable = async (id: string) =>
  (
    await sql<
      [{ count: number }]
    >`SELECT coalesce(sum(licenses), 0)::int AS count FROM pool_available WHERE contract_id = ${id}`
  )[0].count;

/** What each replenishment of a pool requested, with the state of its job. */
const jobsOf = async (id: string) =>
  (
    await sql<{ requested: number; state: string }[]>`
      SELECT requested, state FROM generation_jobs WHERE contract_id = ${id} AND channel = 'replenish' ORDER BY serial`
  ).map(({ requested, state }) => [requested, state]);

const blocksOf = async (id: string) =>
  (
    await sql<{ type: string; data: { code: string; requested: number } }[]>`
      SELECT type, data FROM domain_events WHERE contract_id = ${id} AND type LIKE 'pool.replenish%' ORDER BY sequence`
  ).map(({ type, data }) => [type, data.code, data.requested]);

/** Whether the sweep would replenish a pool. */
const isDue = async (id: string, now = at()) =>
  (
    await listRowsToWake(sql, 'low_pool', { epoch: 'none', now, limit: 1_000, time_zone_rules: TIME_ZONE_RULES })
  ).includes(id);

test('an empty pool is filled up to its target by a request of the system, and has enough then', async () => {
  const id = await buildPool();
  expect(await isDue(id)).toBe(true);
  expect(await replenish(id)).toMatchObject({ outcome: 'enough', licenses: 40 });
  expect(await replenish(id)).toMatchObject({ outcome: 'enough', licenses: 0 });
  expect([await countAvailable(id), await jobsOf(id), await isDue(id)]).toEqual([40, [[40, 'SUCCEEDED']], false]);
  const [audit] = await sql`
    SELECT actor, after FROM audit_events WHERE contract_id = ${id} AND action = 'generation.requested'`;
  expect(audit).toMatchObject({ actor: { type: 'system', id: 'replenishment' }, after: { channel: 'replenish' } });
});

test('a replenishment begins below low_water, not below the target', async () => {
  const id = await buildPool();
  await replenish(id);
  await take(id, 30);
  expect([await isDue(id), await replenish(id)]).toMatchObject([false, { licenses: 0 }]);
  await take(id, 1);
  expect([await isDue(id), await replenish(id)]).toMatchObject([true, { licenses: 31 }]);
});

test('two crossings at once start one replenishment', async () => {
  const id = await buildPool();
  const { db, gate } = gatedDatabase(sql, { at: 'commit' });
  const first = replenish(id, at(), db);
  await gate.reached;
  const second = replenish(id);
  await waitUntilBlocked(sql);
  gate.open();
  expect(await Promise.all([first, second])).toMatchObject([{ licenses: 40 }, { licenses: 0 }]);
  expect(await countAvailable(id)).toBe(40);
});

test('licenses that another job still generates count', async () => {
  const id = await buildPool({ quota: 1_000, auto_replenish: { target: 150 } });
  await requestJob(sql, id, 120);
  expect(await replenish(id)).toMatchObject({ outcome: 'enough', licenses: 30 });
});

test('orders that arrive while the pool is replenished and its contract is paused get each license once', async () => {
  const id = await buildPool();
  await requestJob(sql, id, 9);
  const { db, gate } = gatedDatabase(sql, { at: 'commit' });
  const replenished = replenish(id, at(), db);
  await gate.reached;
  // The pause waits for the replenishment, and closes the pool to the orders that are served after it.
  const paused = change(id, { name: 'pause', input: { reason: 'paused' } });
  await waitUntilBlocked(sql);
  const orders = take(id, 60);
  gate.open();
  const [{ licenses }, , served] = await Promise.all([replenished, paused, orders]);
  expect(licenses).toBe(31);
  const [held] = await sql<[{ orders: number; licenses: number }]>`
    SELECT count(*)::int AS orders, count(DISTINCT l)::int AS licenses FROM pool_holds h, unnest(h.license_ids) AS l WHERE h.contract_id = ${id}`;
  expect(held).toEqual({ orders: served, licenses: served });
  expect(await countAvailable(id)).toBe(40 - served);
  expect(await replenish(id)).toMatchObject({ outcome: 'not_now' });
  expect(await isDue(id)).toBe(false);
});

test('a quota that is short is used up, noticed once, and the rest follows when it is raised', async () => {
  const id = await buildPool({ quota: 15 });
  expect(await replenish(id)).toMatchObject({ outcome: 'blocked', licenses: 15, blocked_by: 'QUOTA_EXCEEDED' });
  expect([await replenish(id), await isDue(id)]).toMatchObject([{ outcome: 'blocked', licenses: 0 }, false]);
  const short = ['pool.replenish_blocked_by_quota', 'QUOTA_EXCEEDED', 15];
  expect(await blocksOf(id)).toEqual([short]);

  // Enough for some more, and noticed again.
  const raised = await raiseQuota(id, 20);
  expect([raised, await isDue(id)]).toMatchObject([{ nudge: { pool_ids: [id] } }, true]);
  await replenish(id);
  expect(await blocksOf(id)).toEqual([short, [short[0], short[1], 5]]);
  await raiseQuota(id, 100);
  expect(await replenish(id)).toMatchObject({ outcome: 'enough', licenses: 20 });
  expect([await countAvailable(id), await isDue(id), (await blocksOf(id)).length]).toEqual([40, false, 2]);
});

test('a pool whose product is inactive is noticed once, and tried again each hour', async () => {
  const id = await buildPool();
  const product = sql`(SELECT product_id FROM contracts WHERE id = ${id})`;
  await sql`UPDATE products SET status = 'inactive' WHERE id = ${product}`;
  await sql`UPDATE contract_quotas SET grantable_terms_id = NULL, open_until = NULL WHERE contract_id = ${id}`;
  for (const now of [at(), at()]) expect(await replenish(id, now)).toMatchObject({ blocked_by: 'PRODUCT_INACTIVE' });
  expect(await blocksOf(id)).toEqual([['pool.replenish_blocked', 'PRODUCT_INACTIVE', 0]]);
  expect(await isDue(id)).toBe(false);
  await sql`UPDATE pool_replenishments SET blocked_at = now() - interval '1 hour' WHERE contract_id = ${id}`;
  expect(await isDue(id)).toBe(true);
  await sql`UPDATE products SET status = 'active' WHERE id = ${product}`;
  expect(await replenish(id)).toMatchObject({ outcome: 'enough', licenses: 40 });
});

/** How each cause blocks the replenishment of a pool, and how it ends, with the quota row closed as by the changes of the product. */
const ofContract = (id: string, column: 'product_id' | 'generator_id') =>
  sql`(SELECT ${sql(column)} FROM contracts WHERE id = ${id})`;
const CAUSES: [string, (id: string) => Promise<unknown>, (id: string) => Promise<unknown>][] = [
  [
    'PRODUCT_INACTIVE',
    (id) => sql`UPDATE products SET status = 'inactive' WHERE id = ${ofContract(id, 'product_id')}`,
    (id) => sql`UPDATE products SET status = 'active' WHERE id = ${ofContract(id, 'product_id')}`,
  ],
  [
    'GENERATOR_NOT_AVAILABLE',
    (id) => sql`UPDATE generators SET status = 'inactive' WHERE id = ${ofContract(id, 'generator_id')}`,
    (id) => sql`UPDATE generators SET status = 'active' WHERE id = ${ofContract(id, 'generator_id')}`,
  ],
  [
    'EXPIRY_IN_PAST',
    (id) => sql`UPDATE contracts SET expiry = ${sql.json({ date: '2020-01-01' })} WHERE id = ${id}`,
    (id) => change(id, { name: 'edit', input: { expiry: null } }),
  ],
];

test('licenses that expire too early for orders are replenished, unless new ones would expire too early as well', async () => {
  const warnings = async () => (await findShownContract(sql, id))?.pool_warnings;
  const id = await buildPool({ expiry: { basis: 'generation', duration: 'P60D' }, min_remaining_validity: 'P30D' });
  expect(await replenish(id)).toMatchObject({ licenses: 40 });
  await sql`UPDATE pool_available SET expires_at = now() + interval '29 days' WHERE contract_id = ${id}`;
  await sql`UPDATE generation_jobs SET expires_at = now() + interval '29 days' WHERE contract_id = ${id}`;
  expect([await warnings(), await isDue(id)]).toEqual([['POOL_LOW', 'POOL_VALIDITY_TOO_SHORT'], true]);
  expect(await replenish(id)).toMatchObject({ outcome: 'enough', licenses: 40 });
  expect([await warnings(), await isDue(id)]).toEqual([[], false]);

  // An edit to it is refused; the end of the contract has the same effect.
  await sql`UPDATE contracts SET min_remaining_validity = 'P60D' WHERE id = ${id}`;
  expect(await replenish(id)).toMatchObject({ licenses: 0, blocked_by: 'VALIDITY_TOO_SHORT' });
  const all = ['POOL_LOW', 'POOL_REPLENISH_BLOCKED', 'POOL_VALIDITY_TOO_SHORT'];
  expect([await warnings(), await isDue(id)]).toEqual([all, false]);
  expect(await blocksOf(id)).toEqual([['pool.replenish_blocked', 'VALIDITY_TOO_SHORT', 0]]);
  await change(id, { name: 'edit', input: { min_remaining_validity: 'P30D' } });
  expect([await warnings(), await isDue(id)]).toEqual([[], false]);
});

test.each(CAUSES)(
  'a pool that %s blocks has the warning until the cause is gone, and is then due',
  async (code, begin, end) => {
    const warnings = async () => (await findShownContract(sql, id))?.pool_warnings;
    const id = await buildPool();
    await begin(id);
    await sql`UPDATE contract_quotas SET grantable_terms_id = NULL, open_until = NULL WHERE contract_id = ${id}`;
    expect(await replenish(id)).toMatchObject({ blocked_by: code });
    expect([await warnings(), await isDue(id)]).toEqual([['POOL_LOW', 'POOL_REPLENISH_BLOCKED'], false]);
    await end(id);
    expect([await warnings(), await isDue(id)]).toEqual([['POOL_LOW'], true]);
    expect(await replenish(id)).toMatchObject({ outcome: 'enough', licenses: 40 });
    expect(await warnings()).toEqual([]);
  },
);

test('a job that was cancelled is not followed by another one for an hour', async () => {
  const id = await buildPool({ quota: 1_000, auto_replenish: { target: 150 } });
  const { nudge } = await replenish(id);
  const [job_id] = nudge.job_ids as [string];
  expect([await replenish(id), await isDue(id)]).toMatchObject([{ outcome: 'generating', licenses: 0 }, false]);
  await sql.begin((tx) => cancelJob(tx, bySystem(job_id, at())));
  const finished = await sql.begin((tx) => finishJob(tx, bySystem(job_id, at()), []));
  expect(finished).toMatchObject({ state: 'CANCELLED', replenished_id: id });
  for (const now of [at(), at(HOUR_MS / 2)])
    expect(await replenish(id, now)).toMatchObject({ blocked_by: 'JOB_FAILED' });
  expect(await blocksOf(id)).toEqual([['pool.replenish_blocked', 'JOB_FAILED', 0]]);
  const warnings = async () => (await findShownContract(sql, id))?.pool_warnings;
  expect(await warnings()).toEqual(['POOL_LOW', 'POOL_REPLENISH_BLOCKED']);
  // An admin has resumed it, and it ends.
  await sql`UPDATE generation_jobs SET state = 'SUCCEEDED' WHERE id = ${job_id}`;
  expect([await warnings(), await isDue(id)]).toEqual([['POOL_LOW'], true]);
  await sql`UPDATE generation_jobs SET state = 'CANCELLED' WHERE id = ${job_id}`;
  expect(await replenish(id, at(HOUR_MS + 1_000))).toMatchObject({ outcome: 'generating', licenses: 150 });
  expect(await jobsOf(id)).toEqual([
    [150, 'CANCELLED'],
    [150, 'QUEUED'],
  ]);
});

test('a pool that is switched off, or of a contract that is paused, is not replenished', async () => {
  const [off, paused] = [await buildPool({ auto_replenish: null }), await buildPool()];
  await change(paused, { name: 'pause', input: { reason: 'paused' } });
  for (const id of [off, paused])
    expect([await replenish(id), await isDue(id)]).toMatchObject([{ outcome: 'not_now' }, false]);
  expect(await change(paused, { name: 'resume', input: {} })).toMatchObject({ nudge: { pool_ids: [paused] } });
  expect(await isDue(paused)).toBe(true);
});
