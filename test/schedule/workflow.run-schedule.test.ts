/**
 * A schedule runs by its Temporal Schedule, or on the test clock of its contract: each run once and at its instant, whatever happens to the
 * activities, the worker and Temporal's data.
 */
import { ApplicationFailure } from '@temporalio/common';
import { Temporal } from 'temporal-polyfill';
import { DEFAULT_RENEWAL } from '../../domain/contract/renewal-policy';
import { scheduleName } from '../../domain/schedule/name';
import { waitFor } from '../../dev/waiting';
import { scheduleWorkflowId, testClockWorkflowId } from '../../temporal/ids';
import { runCommand } from '../../transactions/contract/run-command';
import { makeNextRun } from '../../transactions/schedule/run-schedules';
import { deleteSchedule, editSchedule } from '../../transactions/schedule/schedule';
import type { runSchedule } from '../../workflows/run-schedule';
import { TEST_ACTOR } from '../harness/contract-facts';
import { buildContract } from '../harness/contract-rows';
import { startCovenantWorker, withOverrides } from '../harness/covenant-worker';
import type { ActivityOverrides, CovenantWorker } from '../harness/covenant-worker';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { gate } from '../harness/gate';
import { expectInvariants } from '../harness/invariants';
import { buildSchedule, runsOf } from '../harness/schedules';
import { connectPreparedTemporal } from '../harness/temporal';
import type { TestTemporal } from '../harness/temporal';
import { buildContractOnClock, buildTestClock, startClockAdvance, testClockOf } from '../harness/test-clocks';

const WAIT = { timeout_ms: 30_000, what: 'the work of a run' };
const LONG_TEST_MS = 120_000;

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
  const wrap = withOverrides(() => overrides);
  worker = await startCovenantWorker({ db: sql, client, nativeConnection, wrap });
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

const act = (id: string) => ({ id, actor: TEST_ACTOR, now: new Date().toISOString(), request_id: null });
const handleOf = (id: string) => temporal.client.workflow.getHandle<typeof runSchedule>(scheduleWorkflowId(id));
const planOf = (id: string) => temporal.client.schedule.getHandle(scheduleName(id)).describe();
const hasPlan = (id: string) =>
  planOf(id).then(
    () => true,
    () => false,
  );

async function wake(id: string) {
  await worker.nudger.wakeSchedules([id]);
  return handleOf(id).result();
}

/** A contract in Berlin with a schedule of 10 licenses each day at 09:00, whose workflow has placed it. */
async function buildPlaced(input: Parameters<typeof buildSchedule>[2] = {}) {
  const { facts } = await buildContract(sql, { quota: 1_000, timezone: 'Europe/Berlin' });
  const terms = { every: 'P1D', on_day: null, at: '09:00', ...input };
  const schedule = await buildSchedule(sql, facts.id, terms);
  await wake(schedule.id);
  return { contract_id: facts.id, id: schedule.id };
}

/** Makes the next run of a schedule due some seconds ago, as if Temporal had not started it. Returns the instant. */
async function makeDue(id: string, ago_ms: number): Promise<string> {
  const at = new Date(Date.now() - ago_ms).toISOString();
  await sql`UPDATE generation_schedules SET next_run_at = ${at}, next_date = (${at}::timestamptz AT TIME ZONE 'Europe/Berlin')::date WHERE id = ${id}`;
  return at;
}

test('the Temporal Schedule has the next instants of the calendar, follows every change, and ends with the schedule', async () => {
  const { contract_id, id } = await buildPlaced();
  const { action, policies, info, spec, state } = await planOf(id);
  expect(action).toMatchObject({
    workflowType: 'runSchedule',
    args: [{ schedule_id: id }],
    workflowId: scheduleWorkflowId(id),
  });
  expect(policies).toMatchObject({ overlap: 'BUFFER_ONE', catchupWindow: 86_400_000 });
  const today = Temporal.Now.zonedDateTimeISO('Europe/Berlin');
  const nine = today.withPlainTime('09:00');
  const first = Temporal.ZonedDateTime.compare(nine, today) > 0 ? nine : nine.add({ days: 1 });
  const instants = Array.from({ length: 10 }, (_, days) => first.add({ days }).epochMilliseconds);
  expect(info.nextActionTimes.map((time) => time.getTime())).toEqual(instants);
  expect([spec.calendars?.[0]?.comment, state.note]).toEqual([
    `${first.toPlainDate().toString()} 09:00 Europe/Berlin`,
    expect.stringContaining('10 licenses each P1D at 09:00 Europe/Berlin'),
  ]);

  await sql.begin((tx) => editSchedule(tx, act(contract_id), id, { every: 'P1M', on_day: 31, until: '2999-12-31' }));
  await wake(id);
  expect((await planOf(id)).info.nextActionTimes[1]?.getUTCDate()).toBeGreaterThanOrEqual(28);
  await sql.begin((tx) => editSchedule(tx, act(contract_id), id, { enabled: false }));
  await wake(id);
  expect(await hasPlan(id)).toBe(false);
  await sql.begin((tx) => editSchedule(tx, act(contract_id), id, { enabled: true }));
  await wake(id);
  expect(await hasPlan(id)).toBe(true);
  await sql.begin((tx) => deleteSchedule(tx, act(contract_id), id));
  await wake(id);
  expect(await hasPlan(id)).toBe(false);
});

test('a run that Temporal starts makes the licenses, and the next runs move on', async () => {
  const { contract_id, id } = await buildPlaced({ count: 120 });
  const due_at = await makeDue(id, 1_000);
  await temporal.client.schedule.getHandle(scheduleName(id)).trigger();
  await waitFor(async () => (await runsOf(sql, contract_id)).length === 1, WAIT);
  expect(await runsOf(sql, contract_id)).toEqual([[due_at, 'generated', 120, null]]);
  await waitFor(async () => {
    const [job] = await sql`SELECT state FROM generation_jobs WHERE contract_id = ${contract_id}`;
    return job?.state === 'SUCCEEDED';
  }, WAIT);
});

test('each activity may run twice, also at the same time, and die after its commit', async () => {
  const { contract_id, id } = await buildPlaced({ count: 120, assign_to: 'ada@example.com' });
  const due_at = await makeDue(id, 60_000);
  let died = false;
  overrides = (real) => ({
    async runSchedules(input) {
      if (died) return (await Promise.all([real.runSchedules(input), real.runSchedules(input)]))[1];
      died = true;
      // The run is made, and the workflow of its job is not started.
      await makeNextRun({ contract_id, now: input.now }, (work) => sql.begin(work) as never);
      throw new Error('the process dies here');
    },
    placeSchedule: async (input) => (await real.placeSchedule(input), real.placeSchedule(input)),
    closeJob: async (input) => (await real.closeJob(input), real.closeJob(input)),
  });
  await Promise.all([wake(id), temporal.client.schedule.getHandle(scheduleName(id)).trigger()]);
  expect([died, await runsOf(sql, contract_id)]).toEqual([true, [[due_at, 'generated', 120, null]]]);
  const [job] = await sql<{ id: string }[]>`SELECT id FROM generation_jobs WHERE contract_id = ${contract_id}`;
  // What the sweep does for a job that was committed and not started.
  await worker.nudger.wakeJobs([job!.id]);
  await waitFor(async () => {
    const [{ count }] = await sql<[{ count: number }]>`
      SELECT count(*)::int FROM license_facts f JOIN generation_jobs j ON j.serial = f.license_id >> 24 WHERE j.id = ${job!.id} AND f.customer_id IS NOT NULL`;
    return count === 120;
  }, WAIT);
});

test('a schedule that Temporal has lost is placed again, and a run that was due meanwhile is made once', async () => {
  const { contract_id, id } = await buildPlaced();
  await temporal.client.schedule.getHandle(scheduleName(id)).delete();
  const due_at = await makeDue(id, 3_600_000);
  await wake(id);
  expect([await hasPlan(id), await runsOf(sql, contract_id)]).toEqual([true, [[due_at, 'generated', 10, null]]]);
});

test('runs after the last year that Temporal knows are not placed, and a run that is due does not wait for its placement', async () => {
  const late = await buildPlaced({ every: 'P1Y', from: '2999-01-01' });
  const { contract_id, id } = await buildPlaced({ every: 'P10Y', from: '2087-06-01' });
  const years = (await planOf(id)).info.nextActionTimes.map((time) => time.getUTCFullYear());
  expect([await hasPlan(late.id), years]).toEqual([false, [2087, 2097]]);
  const due_at = await makeDue(id, 1_000);
  overrides = () => ({
    placeSchedule: () => Promise.reject(ApplicationFailure.nonRetryable('Temporal refuses the Schedule')),
  });
  expect(await wake(id)).toMatchObject({ has_more: false });
  expect(await runsOf(sql, contract_id)).toEqual([[due_at, 'generated', 10, null]]);
});

test('a schedule that is paused by hand in Temporal stays paused there, and the sweep makes its runs a minute late', async () => {
  const { contract_id, id } = await buildPlaced();
  const handle = temporal.client.schedule.getHandle(scheduleName(id));
  await handle.pause('by hand');
  const sweep = () => worker.activities.sweepOnce({ epoch: 'epoch-1', now: new Date().toISOString() });
  await makeDue(id, 30_000);
  await sweep();
  // A sweep that places it again makes a run that is due as well.
  const due_at = await makeDue(id, 61_000);
  await sweep();
  await waitFor(async () => (await runsOf(sql, contract_id)).length === 1, WAIT);
  await handleOf(id).result();
  expect(await runsOf(sql, contract_id)).toEqual([[due_at, 'generated', 10, null]]);
  expect((await handle.describe()).state).toMatchObject({ paused: true, note: 'by hand' });
});

test('two workers that are at the due runs of a contract at the same moment make each run once', async () => {
  const { contract_id, id } = await buildPlaced();
  const { id: second } = await buildSchedule(sql, contract_id, { every: 'P1D', on_day: null, count: 120 });
  const due = [await makeDue(id, 60_000), await makeDue(second, 50_000)];
  const arrived = new Set<string>();
  const both = gate();
  /** Holds each worker until both have come. */
  const arriveAs =
    (name: string): ActivityOverrides =>
    (real) => ({
      async runSchedules(input) {
        if (arrived.add(name).size === 2) both.open();
        await both.opened;
        return real.runSchedules(input);
      },
    });
  overrides = arriveAs('one worker');
  // It has task queues of its own, so that each worker gets one of the two workflows. Either makes all runs of the contract.
  const { client, nativeConnection } = temporal;
  const wrap = withOverrides(() => arriveAs('the other worker'));
  const other = await startCovenantWorker({ db: sql, client, nativeConnection, wrap });
  await Promise.all([worker.nudger.wakeSchedules([id]), other.nudger.wakeSchedules([second])]);
  await Promise.all([handleOf(id).result(), handleOf(second).result()]);
  await waitFor(
    async () =>
      (await sql`SELECT FROM generation_jobs WHERE contract_id = ${contract_id} AND state <> 'SUCCEEDED'`).count === 0,
    WAIT,
  );
  await other.stop();
  expect(await runsOf(sql, contract_id)).toEqual([
    [due[0], 'generated', 10, null],
    [due[1], 'generated', 120, null],
  ]);
});

/** The instant of a local time by the polyfill: the end of a gap for a skipped time. */
function instantOf(date: Temporal.PlainDate, time: string, zone: string): string {
  const wall = date.toPlainDateTime(time);
  const [earlier, later] = (['earlier', 'later'] as const).map((disambiguation) =>
    wall.toZonedDateTime(zone, { disambiguation }),
  );
  const is_gap = !earlier!.toPlainDateTime().equals(wall);
  const shift = (later!.offsetNanoseconds - earlier!.offsetNanoseconds) / 60e9;
  const ms = is_gap
    ? // The change is at the start of the gap, which lasts as long as the offsets differ.
      later!.toPlainDateTime().round({ smallestUnit: 'hour', roundingMode: 'floor' }).toZonedDateTime(zone)
        .epochMilliseconds
    : earlier!.epochMilliseconds;
  if (is_gap && Math.abs(shift) !== 60) throw new Error('the expected gap is one hour');
  return new Date(ms).toISOString();
}

test(
  'over five years on a test clock, each month is made, shortened or skipped exactly as computed by hand',
  async () => {
    const zone = 'Europe/Berlin';
    const clock_id = await buildTestClock(sql, '2027-01-10T10:00:00.000Z');
    // 100 licenses a term of one year, and 12 a month: the last months of each year are short. The contract ends after four years.
    const renewal = { ...DEFAULT_RENEWAL, mode: 'auto' as const, quota_effect: { add: 100 }, max_renewals: 3 };
    const contract_id = await buildContractOnClock(sql, clock_id, {
      ...{ quota: 100, timezone: zone, start_date: '2027-01-01', term: 'P1Y', renewal, expiry_grace_days: 0 },
    });
    await worker.clocks.notify(contract_id, new AbortController().signal);
    const { id } = await buildSchedule(sql, contract_id, { count: 12, on_day: 31, at: '02:30', from: '2027-01-01' });
    await wake(id);
    expect(await hasPlan(id)).toBe(false);
    const pauses = [
      { from: '2028-03-15T00:00:00.000Z', to: '2028-05-15T00:00:00.000Z' },
      { from: '2029-02-28T01:30:00.000Z', to: '2029-03-01T00:00:00.000Z' },
    ];
    const stops = [...pauses.flatMap(({ from, to }) => [from, to]), '2032-01-10T00:00:00.000Z'];
    for (const [index, to] of stops.entries()) {
      await startClockAdvance(sql, worker.clocks, clock_id, to);
      await temporal.client.workflow.getHandle(testClockWorkflowId(clock_id)).result();
      expect(await testClockOf(sql, clock_id)).toMatchObject({ now: to, status: 'ready' });
      const command =
        index % 2 === 0 ? ({ name: 'pause', input: {} } as const) : ({ name: 'resume', input: {} } as const);
      if (index < stops.length - 1) await sql.begin((tx) => runCommand(tx, act(contract_id), command));
    }

    // The same by hand: 60 months, the end of the contract, the pauses, and the quota of each year.
    const expected: [string, string, number, string | null][] = [];
    let claimed = 0;
    for (let month = 0; month < 60; month++) {
      const { year, month: number } = Temporal.PlainYearMonth.from('2027-01').add({ months: month });
      const day = new Date(Date.UTC(year, number, 0)).getUTCDate();
      const at = instantOf(Temporal.PlainDate.from({ year, month: number, day }), '02:30', zone);
      const total = 100 * Math.min(year - 2026, 4);
      // The clock stops at the second pause, so the run of that instant is made before.
      const is_paused = pauses.some(({ from, to }) => at > from && at < to);
      const licenses = year >= 2031 || is_paused ? 0 : Math.min(12, total - claimed);
      claimed += licenses;
      const code =
        year >= 2031 ? 'CONTRACT_EXPIRED' : is_paused ? 'CONTRACT_INACTIVE' : licenses < 12 ? 'QUOTA_EXCEEDED' : null;
      expected.push([at, licenses === 0 ? 'skipped' : licenses < 12 ? 'shortened' : 'generated', licenses, code]);
    }
    const runs = await runsOf(sql, contract_id);
    expect(runs).toEqual(expected);
    // All kinds occur, at skipped and repeated local times too.
    expect(new Set(runs.map(([, outcome, , code]) => `${outcome} ${code}`)).size).toBe(5);
    expect(
      await sql`SELECT count(*)::int, sum(licenses)::int AS licenses FROM schedule_runs WHERE executed_at = due_at AND contract_id = ${contract_id}`,
    ).toEqual([{ count: 60, licenses: claimed }]);
  },
  LONG_TEST_MS,
);

test(
  'a test clock waits for the licenses of a run that a job generates and assigns',
  async () => {
    const clock_id = await buildTestClock(sql, '2027-01-10T10:00:00.000Z');
    const contract_id = await buildContractOnClock(sql, clock_id, {
      quota: 10_000,
      start_date: '2027-01-01',
      term: 'P3M',
      expiry_grace_days: 0,
    });
    await worker.clocks.notify(contract_id, new AbortController().signal);
    await buildSchedule(sql, contract_id, { count: 150, assign_to: 'grace@example.com' });
    await startClockAdvance(sql, worker.clocks, clock_id, '2027-06-10T10:00:00.000Z');
    await temporal.client.workflow.getHandle(testClockWorkflowId(clock_id)).result();
    expect((await runsOf(sql, contract_id)).map(([, outcome, licenses]) => [outcome, licenses])).toEqual([
      ['generated', 150],
      ['generated', 150],
      ['skipped', 0],
      ['skipped', 0],
      ['skipped', 0],
    ]);
    expect(
      await sql`
    SELECT j.state, (SELECT count(*)::int FROM license_facts f WHERE f.license_id >> 24 = j.serial AND f.customer_id IS NOT NULL AND f.assigned_at = j.created_at) AS assigned
    FROM generation_jobs j WHERE contract_id = ${contract_id} ORDER BY serial`,
    ).toEqual([
      { state: 'SUCCEEDED', assigned: 150 },
      { state: 'SUCCEEDED', assigned: 150 },
    ]);
  },
  LONG_TEST_MS,
);
