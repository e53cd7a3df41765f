/**
 * A quota that is nearly used is forecast once a day, and noticed once when it is used up within a week: again only after the quota was
 * raised, or was to last longer meanwhile.
 */
import { openDatabase } from '../../db/base/database';
import { addDays, startOfDay } from '../../domain/base/calendar';
import type { Instant } from '../../domain/base/instant';
import { isRefusal } from '../../domain/base/refusal';
import { runCommand } from '../../transactions/contract/run-command';
import { forecastQuotas } from '../../transactions/metric/forecast-quotas';
import { TEST_ACTOR } from '../harness/contract-facts';
import { buildContract, listAuditActions, requestJob } from '../harness/contract-rows';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { insertJobs } from '../harness/job-rows';
import { lockRows } from '../harness/locked-rows';
import { buildContractOnClock, buildTestClock } from '../harness/test-clocks';
import { expectDescribedEvents } from '../harness/invariants';

let database: TestDatabase;
let sql: TestDatabase['sql'];
beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.sql;
});
/** Contracts of earlier tests are not forecast again. */
beforeEach(() => sql`UPDATE contract_quotas SET forecast_at = 'infinity'`);
afterAll(async () => {
  await expectDescribedEvents(sql);
  await database.drop();
});

const TODAY = '2026-06-15';
const day = (days: number): Instant => startOfDay(addDays(TODAY, days), 'UTC').replace('T00', 'T12');
const NOW = day(0);

const forecast = (now: Instant = NOW): Promise<number> => forecastQuotas(sql, now, () => true);

/** A contract that has made `per_day` licenses on each of the last 28 days, and has claimed no others. */
async function contractOf({
  total,
  per_day,
  claimed = 28 * per_day,
}: {
  total: number;
  per_day: number;
  claimed?: number;
}) {
  const { facts } = await buildContract(sql, { now: day(-60), quota: total });
  await makeLicenses(facts.id, per_day, claimed);
  return facts.id;
}

async function makeLicenses(contract_id: string, per_day: number, claimed: number): Promise<void> {
  await requestJob(sql, contract_id, 1, { now: day(-59) });
  const days = Array.from({ length: 28 }, (_, index) => day(index - 28));
  if (per_day > 0)
    await insertJobs(
      sql,
      days.map((at) => ({ contract_id, at, requested: per_day })),
    );
  await sql`
    UPDATE contract_quotas SET claimed = ${claimed}, thresholds_reached = (total - ${claimed} <= total / 5)::int + (${claimed} >= total)::int
    WHERE contract_id = ${contract_id}`;
}

async function noticesOf(contract_id: string) {
  return (
    await sql<{ at: Instant; data: object }[]>`
      SELECT at, data FROM domain_events WHERE contract_id = ${contract_id} AND type = 'quota.runs_out_soon' ORDER BY sequence`
  ).map(({ at, data }) => ({ at, ...data }));
}

async function runsOutOn(contract_id: string): Promise<string | null> {
  const [row] = await sql<[{ runs_out_on: string | null }]>`
    SELECT runs_out_on FROM contract_quotas WHERE contract_id = ${contract_id}`;
  return row.runs_out_on;
}

test('a quota that is used up within a week is noticed, once, with one audit row and the next number', async () => {
  const id = await contractOf({ total: 100, per_day: 3 });
  expect(await forecast()).toBe(1);
  expect(await noticesOf(id)).toEqual([
    {
      at: NOW,
      contract_id: id,
      in_days: 6,
      runs_out_on: '2026-06-21',
      per_day: 3,
      total: 100,
      claimed: 84,
      remaining: 16,
    },
  ]);
  expect(await listAuditActions(sql, id)).toEqual(['contract.created', 'quota.runs_out_soon']);
  const numbers = await sql`
    SELECT FROM contract_quotas q WHERE contract_id = ${id} AND event_sequence = (SELECT max(sequence) FROM domain_events WHERE contract_id = ${id})`;
  expect(numbers.count).toBe(1);
  // Not again on the same day; the next day it is forecast again, and nothing new is noticed.
  expect([await forecast(), await forecast(day(1))]).toEqual([0, 1]);
  expect(await noticesOf(id)).toHaveLength(1);
});

test.each([
  ['lasts for longer than a week', { total: 112, per_day: 3, claimed: 90 }, 1],
  ['was not used in the last 28 days', { total: 10, per_day: 0, claimed: 8 }, 1],
  ['is used up', { total: 84, per_day: 3 }, 0],
  ['is used to less than 80 percent', { total: 106, per_day: 3 }, 0],
] as const)('a quota that %s is not noticed', async (_what, contract, forecasts) => {
  const id = await contractOf(contract);
  expect(await forecast()).toBe(forecasts);
  expect([await noticesOf(id), await runsOutOn(id)]).toEqual([[], null]);
});

test('a raise makes it noticeable again, on a later day', async () => {
  const id = await contractOf({ total: 100, per_day: 3 });
  await forecast();
  const raise = { name: 'edit', input: { quota: 104 } } as const;
  const act = { id, actor: TEST_ACTOR, now: NOW, request_id: null };
  expect(isRefusal(await sql.begin((tx) => runCommand(tx, act, raise)))).toBe(false);
  expect(await runsOutOn(id)).toBeNull();
  expect(await forecast()).toBe(0);
  await forecast(day(1));
  expect(await noticesOf(id)).toMatchObject([{ in_days: 6 }, { in_days: 7, total: 104 }]);
});

test('a contract that generates nothing is not forecast', async () => {
  const id = await contractOf({ total: 100, per_day: 3 });
  const act = { id, actor: TEST_ACTOR, now: NOW, request_id: null };
  await sql.begin((tx) => runCommand(tx, act, { name: 'pause', input: {} }));
  expect(await forecast()).toBe(0);
});

test('a quota that another transaction has locked is left to the next call, and delays no other', async () => {
  const [locked, free] = [await contractOf({ total: 100, per_day: 3 }), await contractOf({ total: 100, per_day: 3 })];
  const row = await lockRows(sql, (tx) => tx`SELECT FROM contract_quotas WHERE contract_id = ${locked} FOR UPDATE`);
  expect(await forecast()).toBe(1);
  expect(await noticesOf(free)).toHaveLength(1);
  await row.release();
  expect(await forecast()).toBe(1);
  expect(await noticesOf(locked)).toHaveLength(1);
});

test('of two calls that have found the same quota, one forecasts it', async () => {
  const id = await contractOf({ total: 100, per_day: 3 });
  // With one connection, both read which quotas are due before the transaction of the first begins.
  const db = openDatabase(database.url, { max: 1, application_name: 'test' });
  const calls = [forecastQuotas(db, NOW, () => true), forecastQuotas(db, NOW, () => true)];
  expect((await Promise.all(calls)).sort()).toEqual([0, 1]);
  await db.end();
  expect(await noticesOf(id)).toHaveLength(1);
});

test('a contract on a test clock is forecast by that clock', async () => {
  const id = await buildContractOnClock(sql, await buildTestClock(sql, day(-60)), { quota: 100 });
  await makeLicenses(id, 3, 84);
  await sql`UPDATE test_clocks SET now = ${NOW} WHERE id = (SELECT test_clock_id FROM contracts WHERE id = ${id})`;
  expect(await forecast('2030-01-01T00:00:00.000Z')).toBeGreaterThan(0);
  expect(await noticesOf(id)).toMatchObject([{ at: NOW, in_days: 6 }]);
});
