/**
 * A quota that is exceeded is noticed once, again when the demand grows, and weekly, whatever happens to the activities and to Temporal's
 * data. The time is that of a test clock.
 */
import { TIME_ZONE_RULES } from '../../transactions/base/time-zone-rules';
import { findShownContract } from '../../db/contract/contract';
import { findOpenEpisode, listEpisodes } from '../../db/notification/limit-episode';
import { listRowsToWake } from '../../db/system/sweep';
import { isRefusal } from '../../domain/base/refusal';
import { waitFor } from '../../dev/waiting';
import { limitWorkflowId } from '../../temporal/ids';
import { runCommand } from '../../transactions/contract/run-command';
import { createRefusalCounter } from '../../transactions/generation/count-refusal';
import { createLicenseRequests } from '../../transactions/generation/request-licenses';
import { judgeQuota } from '../../transactions/notification/judge-quota';
import type { limitExceeded } from '../../workflows/limit-exceeded';
import { TEST_ACTOR } from '../harness/contract-facts';
import { buildContract, buildRequest, requestJob } from '../harness/contract-rows';
import { startCovenantWorker, withOverrides } from '../harness/covenant-worker';
import type { ActivityOverrides, CovenantWorker } from '../harness/covenant-worker';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { expectInvariants } from '../harness/invariants';
import { connectPreparedTemporal } from '../harness/temporal';
import type { TestTemporal } from '../harness/temporal';
import { buildContractOnClock, buildTestClock } from '../harness/test-clocks';

const NOON = '2027-03-01T12:00:00.000Z';
const QUOTA = 50;
const WAIT = { timeout_ms: 20_000, what: 'the look at the limit' };

let temporal: TestTemporal;
let database: TestDatabase;
let sql: TestDatabase['sql'];
let worker: CovenantWorker;
let overrides: ActivityOverrides = () => ({});

beforeAll(async () => {
  temporal = await connectPreparedTemporal();
  database = await createTestDatabase();
  sql = database.sql;
  const { client, nativeConnection } = temporal;
  worker = await startCovenantWorker({ db: sql, client, nativeConnection, wrap: withOverrides(() => overrides) });
});
afterEach(async () => {
  overrides = () => ({});
  await expectInvariants(sql);
});
afterAll(async () => {
  await worker.stop();
  await temporal.close();
  await database.drop();
});

const real = () => new Date().toISOString();
const handleOf = (id: string) => temporal.client.workflow.getHandle<typeof limitExceeded>(limitWorkflowId(id));
const look = (contract_id: string, now = real()) => sql.begin((tx) => judgeQuota(tx, { contract_id, now }));
const act = (id: string) => ({ id, actor: TEST_ACTOR, now: real(), request_id: null });
const raiseQuota = (id: string, quota: number) =>
  sql.begin((tx) => runCommand(tx, act(id), { name: 'edit', input: { quota } }));

/** A contract whose quota is used up, on a test clock that shows noon. */
async function usedUp(): Promise<{ id: string; advance: (hours: number) => Promise<void> }> {
  const clock = await buildTestClock(sql, NOON);
  const id = await buildContractOnClock(sql, clock, { quota: QUOTA });
  await requestJob(sql, id, QUOTA);
  const advance = async (hours: number) => {
    await sql`UPDATE test_clocks SET now = now + make_interval(hours => ${hours}) WHERE id = ${clock}`;
  };
  return { id, advance };
}

/** Requests licenses that the quota refuses. */
async function refuse(contract_id: string, ...counts: number[]): Promise<void> {
  const request = createLicenseRequests(sql);
  const answers = await Promise.all(counts.map((count) => request(buildRequest(contract_id, count))));
  for (const { result } of answers) expect(isRefusal(result) && result.code).toBe('QUOTA_EXCEEDED');
}

/** The events of a contract, each as its number, occasion and demand. */
async function noticesOf(contract_id: string): Promise<string[]> {
  const events = await sql<{ data: { number: number; occasion: string; demand: number } }[]>`
    SELECT data FROM domain_events WHERE contract_id = ${contract_id} AND type = 'limit.exceeded' ORDER BY sequence`;
  return events.map(({ data }) => `${data.number} ${data.occasion} ${data.demand}`);
}

/** The ids of contracts that the sweep would wake. */
const swept = (epoch = 'none') =>
  listRowsToWake(sql, 'exceeded_limit', { epoch, now: real(), limit: 1_000, time_zone_rules: TIME_ZONE_RULES });

test('ten thousand refused requests have one notice, and so has a burst of different ones', async () => {
  const [{ id: one }, { id: other }] = [await usedUp(), await usedUp()];
  await refuse(one, 7);
  const count = createRefusalCounter(sql);
  const refused = {
    contract_id: one,
    code: 'QUOTA_EXCEEDED',
    licenses: 7,
    actor_id: 'partner',
    request_id: null,
  } as const;
  for (let sent = 0; sent < 10_000; sent += 1_000)
    await Promise.all(Array.from({ length: 1_000 }, () => count(refused)));
  await refuse(other, ...Array.from({ length: 90 }, (_, n) => n + 1));
  expect(await swept()).toEqual(expect.arrayContaining([one, other]));
  for (const id of [one, other]) {
    await look(id);
    await refuse(id, 5);
    await look(id);
  }
  expect(await noticesOf(one)).toEqual([`1 opened ${QUOTA + 7}`]);
  expect(await noticesOf(other)).toEqual([`1 opened ${QUOTA + 90}`]);
  expect(await swept()).not.toEqual(expect.arrayContaining([one]));
});

test('a quota that is only used up, and a request that fits by the first look, have no notice', async () => {
  const { id } = await usedUp();
  await look(id);
  await refuse(id, 10);
  await raiseQuota(id, QUOTA + 10);
  expect(await look(id)).toMatchObject({ is_open: false });
  expect(await noticesOf(id)).toEqual([]);
  expect(await swept()).not.toContain(id);
});

test('28 days of continuing demand have five notices, growth after a day has another, and the list shows them', async () => {
  const { id, advance } = await usedUp();
  for (let day = 0; day <= 35; day++) {
    await refuse(id, 10);
    await look(id);
    await advance(23);
    await look(id);
    await advance(1);
    if (day === 28) expect(await noticesOf(id)).toHaveLength(5);
  }
  await refuse(id, 25);
  await look(id);
  const opened = `1 opened ${QUOTA + 10}`;
  const reminders = [2, 3, 4, 5].map((number) => `${number} reminder ${QUOTA + 10}`);
  expect(await noticesOf(id)).toEqual([opened, ...reminders, `6 grown ${QUOTA + 25}`]);
  expect((await findShownContract(sql, id))?.limit_warnings).toEqual(['LIMIT_EXCEEDED']);
  const [episode] = await listEpisodes(sql, id, null, 10);
  expect(episode).toMatchObject({ closed_at: null, demand: QUOTA + 25, limit_value: QUOTA, notices: 6 });
  expect(episode?.notice_list.map(({ at }) => at.slice(0, 10))).toEqual([
    ...['2027-03-01', '2027-03-08', '2027-03-15', '2027-03-22', '2027-03-29', '2027-04-06'],
  ]);
});

test('an open episode shows the demand of this moment, and larger demand is judged at the next sweep', async () => {
  const { id, advance } = await usedUp();
  await refuse(id, 10);
  await advance(1);
  await look(id);
  await refuse(id, 10);
  expect(await swept()).not.toContain(id);
  await refuse(id, 30);
  const [shown] = await listEpisodes(sql, id, null, 10);
  const counted = { demand: QUOTA + 30, largest_request: 30, used: QUOTA, limit_value: QUOTA };
  expect(shown).toMatchObject({ ...counted, opened_at: NOON, last_refused_at: '2027-03-01T13:00:00.000Z', notices: 1 });
  expect(await findOpenEpisode(sql, id, 'quota')).toMatchObject({ demand: QUOTA + 10, last_refused_at: NOON });
  expect(await swept()).toContain(id);
  await look(id);
  expect(await findOpenEpisode(sql, id, 'quota')).toMatchObject({ demand: QUOTA + 30 });
  expect(await swept()).not.toContain(id);
  await raiseQuota(id, QUOTA + 30);
  expect((await listEpisodes(sql, id, null, 10))[0]).toMatchObject({ limit_value: QUOTA + 30, closed_at: null });
  await look(id);
  expect((await listEpisodes(sql, id, null, 10))[0]).toMatchObject({ ...counted, close_reason: 'limit_raised' });
});

test('an episode closes when the quota is raised, when nothing is refused for a day, and with its contract', async () => {
  const { id, advance } = await usedUp();
  await refuse(id, 10);
  await look(id);
  await raiseQuota(id, QUOTA + 10);
  expect(await swept()).toContain(id);
  await look(id);
  await requestJob(sql, id, 10);
  await refuse(id, 10);
  await look(id);
  await advance(24);
  expect(await swept()).toContain(id);
  await look(id);
  await refuse(id, 10);
  await look(id);
  await sql.begin((tx) =>
    runCommand(tx, act(id), { name: 'terminate', input: { reason: 'test', revoke_issued: false } }),
  );
  expect(await swept()).toContain(id);
  await look(id);
  expect((await listEpisodes(sql, id, null, 10)).map(({ close_reason }) => close_reason)).toEqual([
    ...['contract_ended', 'quiet', 'limit_raised'],
  ]);
  expect(await noticesOf(id)).toEqual([`1 opened ${QUOTA + 10}`, `1 opened ${QUOTA + 20}`, `1 opened ${QUOTA + 20}`]);
  expect((await findShownContract(sql, id))?.limit_warnings).toEqual([]);
  expect(await swept()).not.toContain(id);
  const audited = await sql<{ action: string }[]>`
    SELECT action FROM audit_events WHERE contract_id = ${id} AND action LIKE 'limit.%' ORDER BY id`;
  expect(audited.map(({ action }) => action)).toEqual(
    Array.from({ length: 3 }, () => ['limit.exceeded', 'limit.episode_closed']).flat(),
  );
});

test('the workflow notices once while its activity runs twice at the same time and fails, and ends with the episode', async () => {
  const { id, advance } = await usedUp();
  await refuse(id, 10);
  let failed = false;
  overrides = (activities) => ({
    async judgeLimit(input) {
      const [judged] = await Promise.all([activities.judgeLimit(input), activities.judgeLimit(input)]);
      if (failed) return judged;
      failed = true;
      throw new Error('the answer was lost');
    },
  });
  expect(await worker.nudger.wakeLimits([id])).toEqual([id]);
  await waitFor(async () => (await noticesOf(id)).length === 1, WAIT);
  await advance(24);
  await worker.nudger.wakeLimits([id]);
  expect(await handleOf(id).result()).toMatchObject({ is_open: false });
  expect(await noticesOf(id)).toEqual([`1 opened ${QUOTA + 10}`]);
});

test('an episode whose workflow Temporal has lost goes on, and one that is cancelled leaves nothing half done', async () => {
  const { facts } = await buildContract(sql, { quota: QUOTA });
  const { id } = facts;
  await requestJob(sql, id, QUOTA);
  await refuse(id, 10);
  await worker.nudger.wakeLimits([id]);
  await waitFor(async () => (await noticesOf(id)).length === 1, WAIT);
  await handleOf(id).cancel();
  await expect(handleOf(id).result()).rejects.toThrow();
  await sql`UPDATE limit_episodes SET workflow_epoch = 'lost' WHERE contract_id = ${id}`;
  expect(await swept('new')).toContain(id);
  await raiseQuota(id, QUOTA + 10);
  await worker.nudger.wakeLimits([id]);
  expect(await handleOf(id).result()).toMatchObject({ is_open: false });
  expect(await findOpenEpisode(sql, id, 'quota')).toBeUndefined();
  expect(await noticesOf(id)).toHaveLength(1);
});
