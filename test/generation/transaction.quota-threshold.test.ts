/**
 * A claim of licenses that reaches 80 or 100 percent of a quota writes one event for each threshold, in the statement that claims: it is
 * judged by the locked row, and noticed again only after the quota was raised or licenses were given back.
 */
import { createGenerationJobActivities } from '../../activities/generation/generation-job';
import { openDatabase } from '../../db/base/database';
import type { Sql } from '../../db/base/database';
import { claimQuota } from '../../db/contract/quota';
import { thresholdsReached } from '../../db/contract/quota-threshold';
import { isRefusal } from '../../domain/base/refusal';
import { QUOTA_THRESHOLDS, thresholdOf } from '../../domain/contract/quota';
import { runCommand } from '../../transactions/contract/run-command';
import { cancelJob } from '../../transactions/generation/change-job';
import type { LicenseRequest, RequestLicenses } from '../../transactions/generation/license-request';
import { createLicenseRequests } from '../../transactions/generation/request-licenses';
import { resumeJob } from '../../transactions/generation/resume-job';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { TEST_ACTOR } from '../harness/contract-facts';
import { buildContract, buildRequest, listAuditActions } from '../harness/contract-rows';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { expectInvariants } from '../harness/invariants';
import { lockRows } from '../harness/locked-rows';
import { createRecordingNudger } from '../harness/recording-nudger';
import { callTogether } from '../harness/taken-turns';

let database: TestDatabase;
let sql: TestDatabase['sql'];
let requestLicenses: RequestLicenses;

beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.sql;
  requestLicenses = createLicenseRequests(sql);
});
afterEach(() => expectInvariants(sql));
afterAll(() => database.drop());

const act = () => ({ actor: TEST_ACTOR, now: new Date().toISOString(), request_id: null });

async function contractWith(quota: number): Promise<string> {
  return (await buildContract(sql, { quota })).facts.id;
}

/** Requests licenses; returns the id of the job, or the code of the refusal. */
async function generate(request: LicenseRequest, by: RequestLicenses = requestLicenses): Promise<string> {
  const { result } = await by(request);
  return isRefusal(result) ? result.code : result.job.id;
}

/** What was noticed about the quota of a contract, in the order of its events. */
async function noticesOf(contract_id: string) {
  const rows = await sql<{ data: { threshold: number; claimed: number; superseded: boolean } }[]>`
    SELECT data FROM domain_events WHERE contract_id = ${contract_id} AND type = 'quota.threshold_reached' ORDER BY sequence`;
  return rows.map(({ data }) => `${data.threshold} at ${data.claimed}${data.superseded ? ', superseded' : ''}`);
}

describe.each([
  ['with one request', false],
  ['with a rated request', true],
])('a quota is used up %s at a time', (_what, rated) => {
  test('and each threshold is noticed once', async () => {
    const id = await contractWith(10);
    for (const count of [7, 1, 1, 1]) await generate(buildRequest(id, count, { rated }));
    expect(await noticesOf(id)).toEqual(['80 at 8', '100 at 10']);
    expect(await generate(buildRequest(id, 1, { rated }))).toBe('QUOTA_EXCEEDED');
    expect(await noticesOf(id)).toHaveLength(2);
  });
});

test('one request that reaches both thresholds writes both after its licenses, and the lower one is superseded', async () => {
  const id = await contractWith(50);
  const job_id = await generate(buildRequest(id, 50));
  expect(await noticesOf(id)).toEqual(['80 at 50, superseded', '100 at 50']);
  const events = await sql<{ sequence: string; type: string; data: object }[]>`
    SELECT sequence, type, data FROM domain_events WHERE contract_id = ${id} ORDER BY sequence`;
  expect(events.map(({ sequence, type }) => `${sequence} ${type}`)).toEqual([
    '1 contract.created',
    '2 license.batch_generated',
    '3 quota.threshold_reached',
    '4 quota.threshold_reached',
  ]);
  expect(events[3]?.data).toEqual({
    contract_id: id,
    job_id,
    threshold: 100,
    superseded: false,
    total: 50,
    claimed: 50,
    remaining: 0,
  });
  // The claim has its audit row; what is noticed about it has none.
  expect(await listAuditActions(sql, job_id)).toEqual(['generation.requested']);
});

test('a background job reaches a threshold with its request; cancelled, it gives back, and the threshold is noticed again', async () => {
  const id = await contractWith(125);
  const activities = createGenerationJobActivities({
    nudger: createRecordingNudger().nudger,
    db: sql,
    fillTaskQueue: 'generation',
  });
  const job_id = await generate(buildRequest(id, 100));
  expect(await noticesOf(id)).toEqual(['80 at 100']);
  await sql.begin((tx) => cancelJob(tx, { job_id, ...act() }));
  await activities.closeJob({ job_id, now: act().now, given_up: [] });
  await generate(buildRequest(id, 99));
  expect(await noticesOf(id)).toHaveLength(1);
  await generate(buildRequest(id, 1));
  expect(await noticesOf(id)).toEqual(['80 at 100', '80 at 100']);
});

test('a job that is resumed claims what is missing, and reaches the threshold again', async () => {
  const id = await contractWith(200);
  const activities = createGenerationJobActivities({
    nudger: createRecordingNudger().nudger,
    db: sql,
    fillTaskQueue: 'generation',
  });
  const job_id = await generate(buildRequest(id, 200));
  await activities.openJob({ job_id, now: act().now });
  await activities.closeJob({ job_id, now: act().now, given_up: [0, 1] });
  expect(await sql.begin((tx) => resumeJob(tx, { job_id, ...act() }))).toBe('QUEUED');
  const both = ['80 at 200, superseded', '100 at 200'];
  expect(await noticesOf(id)).toEqual([...both, ...both]);
});

test('a raise makes the thresholds above the new share noticeable again, and no other', async () => {
  const id = await contractWith(10);
  await generate(buildRequest(id, 10));
  const raise = async (quota: number) => {
    const changed = await sql.begin((tx) => runCommand(tx, { id, ...act() }, { name: 'edit', input: { quota } }));
    expect(isRefusal(changed)).toBe(false);
  };
  await raise(12);
  await generate(buildRequest(id, 2));
  expect((await noticesOf(id)).slice(2)).toEqual(['100 at 12']);
  await raise(20);
  await generate(buildRequest(id, 3));
  expect(await noticesOf(id)).toHaveLength(3);
  await generate(buildRequest(id, 1));
  expect((await noticesOf(id)).slice(3)).toEqual(['80 at 16']);
});

test('test licenses reach no threshold', async () => {
  const { facts } = await buildContract(sql, { quota: 5, status: 'inactive' });
  await generate(buildRequest(facts.id, 5, { test: true }));
  expect(await noticesOf(facts.id)).toEqual([]);
});

describe('of requests that are granted together', () => {
  test.each([
    ['unrated', false],
    ['rated', true],
  ])('%s, the one that reaches a threshold is named, for each contract of the statement', async (_what, rated) => {
    const [a, b, c] = [await contractWith(100), await contractWith(10), await contractWith(100)];
    for (const id of [a, b, c]) await generate(buildRequest(id, 1));
    const requests = [
      buildRequest(a, 60),
      buildRequest(b, 9),
      buildRequest(a, 19),
      buildRequest(c, 5),
      buildRequest(a, 20),
    ].map((request) => ({ ...request, rated }));
    const calls = requests.map((request) => () => generate(request));
    const jobs = await Promise.all(await callTogether(sql, calls));
    const [shared] = await sql<[{ count: number }]>`
      SELECT count(DISTINCT xmin::text)::int FROM generation_jobs WHERE id = ANY(${jobs}::uuid[])`;
    expect(shared.count).toBe(1);
    expect(await noticesOf(a)).toEqual(['80 at 80', '100 at 100']);
    expect(await noticesOf(b)).toEqual(['80 at 10, superseded', '100 at 10']);
    expect(await noticesOf(c)).toEqual([]);
    const named = await sql<{ id: string }[]>`
      SELECT data ->> 'job_id' AS id FROM domain_events
      WHERE contract_id = ${a} AND type = 'quota.threshold_reached' ORDER BY sequence`;
    const of_a = [jobs[0], jobs[2], jobs[4]].sort();
    expect(named.every(({ id }) => of_a.includes(id))).toBe(true);
    expect(new Set(named.map(({ id }) => id)).size).toBe(2);
  });
});

test('of two processes that reach a threshold at the same moment, one notices it', async () => {
  const id = await contractWith(100);
  await generate(buildRequest(id, 70));
  const other = openDatabase(database.url, { max: 2, application_name: 'test' });
  const held = await lockRows(sql, (tx) => tx`SELECT FROM contract_quotas WHERE contract_id = ${id} FOR UPDATE`);
  const requests = [requestLicenses, createLicenseRequests(other)].map((by) => generate(buildRequest(id, 12), by));
  await waitUntilBlocked(sql, 2);
  await held.release();
  await Promise.all(requests);
  await other.end();
  expect(await noticesOf(id)).toEqual(['80 at 82']);
});

test('Postgres and the domain agree about the thresholds', async () => {
  const rows = await sql<{ total: number; claimed: number; reached: number }[]>`
    SELECT total, claimed, ${thresholdsReached(sql, sql`total`, sql`(total - claimed)`)} AS reached
    FROM (SELECT * FROM generate_series(1, 60) AS t (total) UNION VALUES (999999999), (1000000000)) t
    CROSS JOIN LATERAL (SELECT generate_series(greatest(0, total - total / 5 - 30), least(total, total - total / 5 + 30)) AS claimed UNION SELECT total) c`;
  const of_domain = ({ total, claimed }: { total: number; claimed: number }) => {
    const threshold = thresholdOf({ total, claimed });
    return threshold === null ? 0 : QUOTA_THRESHOLDS.indexOf(threshold) + 1;
  };
  expect(rows.filter((row) => row.reached !== of_domain(row))).toEqual([]);
  expect(new Set(rows.map(({ reached }) => reached))).toEqual(new Set([0, 1, 2]));
});

/** How many updates of quota rows by this connection have written index entries. */
async function indexedUpdates(tx: Sql): Promise<number> {
  const [stats] = await tx<[{ count: number }]>`
    SELECT (n_tup_upd - n_tup_hot_upd)::int AS count FROM pg_stat_xact_user_tables WHERE relname = 'contract_quotas'`;
  return stats.count;
}

test('a claim that reaches no threshold writes no index entry of the quota', async () => {
  const id = await contractWith(10);
  const job_id = await generate(buildRequest(id, 1));
  const rolled_back = new Error('only counted');
  const counted: number[] = [];
  await expect(
    sql.begin(async (tx) => {
      const claim = { contract_id: id, job_id, environment: 'production', licenses: 1, at: act().now } as const;
      const before = await indexedUpdates(tx);
      for (let n = 0; n < 7; n++) {
        await claimQuota(tx, claim);
        counted.push((await indexedUpdates(tx)) - before);
      }
      throw rolled_back;
    }),
  ).rejects.toBe(rolled_back);
  // The seventh claim reaches 80 percent.
  expect(counted).toEqual([0, 0, 0, 0, 0, 0, 1]);
});
