/** A run of a schedule is made once and at its instant, as far as the contract and its quota allow, whatever happens at the same time. */
import { listRowsToWake } from '../../db/system/sweep';
import { isRefusal } from '../../domain/base/refusal';
import { findSchedule } from '../../db/schedule/schedule';
import type { ShownSchedule } from '../../db/schedule/schedule';
import { scheduleWarnings } from '../../domain/schedule/schedule';
import { DEFAULT_RENEWAL } from '../../domain/contract/renewal-policy';
import type { ContractCommand } from '../../domain/contract/command';
import { TIME_ZONE_RULES } from '../../transactions/base/time-zone-rules';
import { runCommand } from '../../transactions/contract/run-command';
import { mergeCustomers } from '../../transactions/contract/merge-customers';
import { bySystem } from '../../transactions/generation/change-job';
import { finishJob } from '../../transactions/generation/finish-job';
import { erasePerson } from '../../transactions/access/erase-person';
import { makeNextRun } from '../../transactions/schedule/run-schedules';
import type { RunStep } from '../../transactions/schedule/run-schedules';
import { deleteSchedule, editSchedule } from '../../transactions/schedule/schedule';
import type { ScheduleEdit } from '../../transactions/schedule/schedule';
import { stepTestClock } from '../../transactions/system/advance-test-clock';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { TEST_ACTOR } from '../harness/contract-facts';
import { buildContract } from '../harness/contract-rows';
import type { ContractOptions } from '../harness/contract-rows';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { gatedDatabase } from '../harness/gated-database';
import { expectInvariants } from '../harness/invariants';
import { buildSchedule, runsOf } from '../harness/schedules';
import { acceptAdvance, buildContractOnClock, buildTestClock } from '../harness/test-clocks';

let database: TestDatabase;
let sql: TestDatabase['sql'];
beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.sql;
});
afterEach(() => expectInvariants(sql));
afterAll(() => database.drop());

/** The contract begins in January; the first runs are on the first of the next months. */
const BEGIN = '2027-01-15T12:00:00.000Z';
const FEBRUARY = '2027-02-01T00:00:00.000Z';
const MARCH = '2027-03-01T00:00:00.000Z';

async function build(options: ContractOptions = {}, ...schedules: Parameters<typeof buildSchedule>[2][]) {
  const { facts } = await buildContract(sql, { now: BEGIN, quota: 100, ...options });
  const ids: string[] = [];
  for (const input of schedules.length === 0 ? [{}] : schedules)
    ids.push((await buildSchedule(sql, facts.id, { now: BEGIN, ...input })).id);
  return { contract_id: facts.id, id: ids[0] as string, ids };
}

const step = (contract_id: string, now: string, db = sql): Promise<RunStep> =>
  makeNextRun({ contract_id, now }, (work) => db.begin(work) as never);

/** Makes all runs that are due. Returns how many. */
async function runAll(contract_id: string, now: string): Promise<number> {
  for (let runs = 0; ; runs++) if ((await step(contract_id, now)).run === null) return runs;
}

const change = (id: string, now: string, command: ContractCommand) =>
  sql.begin((tx) => runCommand(tx, { id, actor: TEST_ACTOR, now, request_id: null }, command));
const edit = (contract_id: string, id: string, now: string, changes: ScheduleEdit) =>
  sql.begin((tx) => editSchedule(tx, { id: contract_id, actor: TEST_ACTOR, now, request_id: null }, id, changes));

const scheduleOf = async (id: string) =>
  (
    await sql`SELECT next_run_at, next_date::text, ended_at, end_reason, revision, placed_revision FROM generation_schedules WHERE id = ${id}`
  )[0];
const isSwept = async (kind: 'schedule_run' | 'schedule_workflow', id: string, now: string) =>
  (await listRowsToWake(sql, kind, { epoch: 'none', now, limit: 1_000, time_zone_rules: TIME_ZONE_RULES })).includes(
    id,
  );

test('a run that is due requests the licenses once, in the channel of schedules, and the schedule moves on', async () => {
  const { contract_id, id } = await build();
  expect(await step(contract_id, '2027-01-31T23:59:59.999Z')).toMatchObject({ run: null, next_run_at: FEBRUARY });
  expect(await step(contract_id, FEBRUARY)).toMatchObject({
    run: { schedule_id: id, outcome: 'generated', licenses: 10 },
  });
  expect(await step(contract_id, FEBRUARY)).toMatchObject({ run: null, next_run_at: MARCH });
  expect(
    await sql`
    SELECT channel, state, requested, actor ->> 'id' AS actor, created_at FROM generation_jobs WHERE contract_id = ${contract_id}`,
  ).toEqual([{ channel: 'schedule', state: 'SUCCEEDED', requested: 10, actor: 'schedule', created_at: FEBRUARY }]);
});

test('two processes make a run once', async () => {
  const { contract_id } = await build();
  const { db, gate } = gatedDatabase(sql, { at: 'commit' });
  const first = step(contract_id, FEBRUARY, db);
  await gate.reached;
  const second = step(contract_id, FEBRUARY);
  await waitUntilBlocked(sql);
  gate.open();
  expect(await Promise.all([first, second])).toMatchObject([{ run: { licenses: 10 } }, { run: null }]);
  expect(await runsOf(sql, contract_id)).toEqual([[FEBRUARY, 'generated', 10, null]]);
});

test('schedules of one contract share its quota in the order of their instants, and the last run is shortened', async () => {
  const { contract_id } = await build({ quota: 35 }, { count: 10, at: '08:00' }, { count: 20, at: '06:00' });
  expect(await runAll(contract_id, '2027-03-01T12:00:00.000Z')).toBe(4);
  expect(await runsOf(sql, contract_id)).toEqual([
    ['2027-02-01T06:00:00.000Z', 'skipped', 0, 'MISSED'],
    ['2027-02-01T08:00:00.000Z', 'skipped', 0, 'MISSED'],
    ['2027-03-01T06:00:00.000Z', 'generated', 20, null],
    ['2027-03-01T08:00:00.000Z', 'generated', 10, null],
  ]);
  await runAll(contract_id, '2027-04-01T08:00:00.000Z');
  expect((await runsOf(sql, contract_id)).slice(4)).toEqual([
    ['2027-04-01T06:00:00.000Z', 'shortened', 5, 'QUOTA_EXCEEDED'],
    ['2027-04-01T08:00:00.000Z', 'skipped', 0, 'QUOTA_EXCEEDED'],
  ]);
  expect(
    await sql`
    SELECT type, data ->> 'code' AS code, data ->> 'licenses' AS licenses FROM domain_events
    WHERE contract_id = ${contract_id} AND type LIKE 'schedule.%' ORDER BY sequence`,
  ).toEqual([
    { type: 'schedule.run_skipped', code: 'MISSED', licenses: '0' },
    { type: 'schedule.run_skipped', code: 'MISSED', licenses: '0' },
    { type: 'schedule.run_shortened', code: 'QUOTA_EXCEEDED', licenses: '5' },
    { type: 'schedule.run_skipped', code: 'QUOTA_EXCEEDED', licenses: '0' },
  ]);
  expect(
    await sql`SELECT count(*)::int FROM audit_events WHERE contract_id = ${contract_id} AND action LIKE 'schedule.run_%'`,
  ).toEqual([{ count: 4 }]);
});

test('a run is made up for until a day later, and skipped as missed afterwards', async () => {
  const { contract_id } = await build();
  expect(await step(contract_id, '2027-02-02T00:00:00.000Z')).toMatchObject({ run: { outcome: 'generated' } });
  expect(await step(contract_id, '2027-03-02T00:00:00.001Z')).toMatchObject({
    run: { outcome: 'skipped', code: 'MISSED' },
  });
});

test.each<[string, ContractOptions, ContractCommand | null, string]>([
  ['paused', {}, { name: 'pause', input: {} }, 'CONTRACT_INACTIVE'],
  ['a draft', { status: 'inactive' }, null, 'CONTRACT_INACTIVE'],
  ['expired', { term: 'P1M', expiry_grace_days: 0 }, null, 'CONTRACT_EXPIRED'],
])('a run of a contract that is %s is skipped with the reason', async (_state, options, command, code) => {
  const { contract_id } = await build(options, { from: '2027-02-20', on_day: null });
  if (command) await change(contract_id, BEGIN, command);
  expect(await step(contract_id, '2027-02-20T00:00:00.000Z')).toMatchObject({ run: { outcome: 'skipped', code } });
});

test('a boundary at the instant of a run comes first: the run has the quota of the new term', async () => {
  const renewal = { ...DEFAULT_RENEWAL, mode: 'auto' as const, quota_effect: { add: 7 } };
  const { contract_id } = await build(
    { quota: 12, timezone: 'Europe/Berlin', start_date: '2027-01-01', term: 'P1M', renewal },
    { from: '2027-01-20', on_day: null, every: 'P1Y' },
    {},
  );
  await runAll(contract_id, '2027-01-20T00:00:00.000Z');
  await runAll(contract_id, '2027-01-31T23:00:00.000Z');
  expect(await runsOf(sql, contract_id)).toEqual([
    ['2027-01-19T23:00:00.000Z', 'generated', 10, null],
    ['2027-01-31T23:00:00.000Z', 'shortened', 9, 'QUOTA_EXCEEDED'],
  ]);
});

test('the licenses of a run are assigned to its customer: at once, or when the job has ended', async () => {
  const { contract_id, ids } = await build(
    { quota: 1_000 },
    { count: 3, assign_to: 'ada@example.com' },
    { count: 100, at: '01:00', assign_to: 'ADA@example.com' },
  );
  await runAll(contract_id, '2027-02-01T01:00:00.000Z');
  const assigned = async () =>
    (
      await sql`SELECT count(*)::int, count(DISTINCT customer_id)::int AS customers FROM license_facts WHERE customer_id IS NOT NULL`
    )[0];
  expect(await assigned()).toEqual({ count: 3, customers: 1 });
  const [job] = await sql<
    { id: string }[]
  >`SELECT id FROM generation_jobs WHERE contract_id = ${contract_id} AND requested = 100`;
  await sql`UPDATE generation_jobs SET state = 'RUNNING' WHERE id = ${job!.id}`;
  const finished = await sql.begin((tx) => finishJob(tx, bySystem(job!.id, '2027-02-01T01:00:01.000Z'), []));
  // Nothing was generated, so nothing is assigned.
  expect(finished).toMatchObject({ state: 'FAILED', assignment: null });
  expect(ids).toHaveLength(2);
});

test('a merged customer is replaced in schedules by the survivor', async () => {
  const { contract_id, id } = await build({}, { count: 2, assign_to: 'old@example.com' });
  const [{ id: into }] = await sql<[{ id: string }]>`
    INSERT INTO customers (email, name, created_at, updated_at) VALUES ('new@example.com', 'New', ${BEGIN}, ${BEGIN}) RETURNING id`;
  const [{ customer_id }] = await sql<
    [{ customer_id: string }]
  >`SELECT customer_id FROM generation_schedules WHERE id = ${id}`;
  const act = { actor: TEST_ACTOR, now: BEGIN, request_id: null };
  expect(isRefusal(await sql.begin((tx) => mergeCustomers(tx, { id: customer_id, into }, act)))).toBe(false);
  await step(contract_id, FEBRUARY);
  expect(await sql`SELECT customer_id FROM schedule_runs WHERE schedule_id = ${id}`).toEqual([{ customer_id: into }]);
});

test('a run whose customer was erased says that its licenses have no customer', async () => {
  const { contract_id, id } = await build({ quota: 12 }, { assign_to: 'gone@example.com' });
  const [{ customer_id }] = await sql<
    [{ customer_id: string }]
  >`SELECT customer_id FROM generation_schedules WHERE id = ${id}`;
  const act = { actor: TEST_ACTOR, now: BEGIN, request_id: null };
  expect(await sql.begin((tx) => erasePerson(tx, customer_id, act))).toMatchObject({ outcome: 'erased' });
  const shown = (await findSchedule(sql, contract_id, id)) as ShownSchedule;
  expect(scheduleWarnings({ ...shown, runs: 1 })).toEqual(['RECIPIENT_ERASED']);
  await runAll(contract_id, FEBRUARY);
  await runAll(contract_id, MARCH);
  expect(await runsOf(sql, contract_id)).toEqual([
    [FEBRUARY, 'generated', 10, 'PERSON_ERASED'],
    [MARCH, 'shortened', 2, 'QUOTA_EXCEEDED'],
  ]);
  expect(
    await sql`
    SELECT type, data ->> 'code' AS code, (data ->> 'licenses')::int AS licenses FROM domain_events
    WHERE contract_id = ${contract_id} AND type LIKE 'schedule.%' ORDER BY sequence`,
  ).toEqual([
    { type: 'schedule.run_unassigned', code: 'PERSON_ERASED', licenses: 10 },
    { type: 'schedule.run_shortened', code: 'QUOTA_EXCEEDED', licenses: 2 },
    { type: 'schedule.run_unassigned', code: 'PERSON_ERASED', licenses: 2 },
  ]);
});

test('an edit of the calendar begins after now, waits for a run that is due, and never runs twice on a day', async () => {
  const { contract_id, id } = await build({}, { at: '09:00' });
  const at_nine = '2027-02-01T09:00:00.000Z';
  expect(await edit(contract_id, id, at_nine, { at: '15:00' })).toBe('due');
  await step(contract_id, at_nine);
  await edit(contract_id, id, at_nine, { at: '15:00' });
  expect(await scheduleOf(id)).toMatchObject({ next_run_at: '2027-03-01T15:00:00.000Z' });
  await edit(contract_id, id, at_nine, { enabled: false });
  expect([await scheduleOf(id), await step(contract_id, MARCH)]).toMatchObject([{ next_run_at: null }, { run: null }]);
  await edit(contract_id, id, '2027-03-10T00:00:00.000Z', { enabled: true, count: 11 });
  expect(await scheduleOf(id)).toMatchObject({ next_run_at: '2027-04-01T15:00:00.000Z' });
  expect(await edit(contract_id, id, '2027-03-10T00:00:00.000Z', { until: '2027-03-31' })).toMatchObject({
    code: 'VALIDATION_FAILED',
    metadata: { path: 'until' },
  });
});

test('a test clock stops at the first run of a schedule that is changed while it moves', async () => {
  const clock_id = await buildTestClock(sql, BEGIN);
  const contract_id = await buildContractOnClock(sql, clock_id, { quota: 100 });
  const { id } = await buildSchedule(sql, contract_id, { every: 'P2M' });
  await acceptAdvance(sql, clock_id, '2027-06-01T00:00:00.000Z');
  const { db, gate } = gatedDatabase(sql, { at: 'commit' });
  const edited = db.begin((tx) =>
    editSchedule(tx, { id: contract_id, actor: TEST_ACTOR, now: BEGIN, request_id: null }, id, {
      every: 'P1W',
      on_day: 3,
    }),
  );
  await gate.reached;
  const stepped = sql.begin((tx) => stepTestClock(tx, clock_id));
  await waitUntilBlocked(sql);
  gate.open();
  await edited;
  const { next_run_at } = (await scheduleOf(id)) as { next_run_at: string };
  expect(next_run_at < FEBRUARY).toBe(true);
  expect(await stepped).toMatchObject({ now: next_run_at, due: 1 });
});

test('a test clock stops at a run that another time zone of a draft moves to an earlier instant while it moves', async () => {
  const clock_id = await buildTestClock(sql, BEGIN);
  const contract_id = await buildContractOnClock(sql, clock_id, { quota: 100, status: 'inactive' });
  await buildSchedule(sql, contract_id);
  await acceptAdvance(sql, clock_id, '2027-06-01T00:00:00.000Z');
  const { db, gate } = gatedDatabase(sql, { at: 'commit' });
  const act = { id: contract_id, actor: TEST_ACTOR, now: BEGIN, request_id: null };
  const edited = db.begin((tx) => runCommand(tx, act, { name: 'edit', input: { timezone: 'Asia/Tokyo' } }));
  await gate.reached;
  const stepClock = () => sql.begin((tx) => stepTestClock(tx, clock_id));
  const stepped = stepClock();
  await waitUntilBlocked(sql);
  gate.open();
  await edited;
  expect(await stepped).toMatchObject({ now: BEGIN, due: 1 });
  expect(await step(contract_id, BEGIN)).toMatchObject({ run: null });
  expect(await stepClock()).toMatchObject({ now: '2027-01-31T15:00:00.000Z', due: 1 });
});

test('two days with one instant, where the zone skips a day, each have their run, as the forecast says', async () => {
  const now = '2011-12-29T12:00:00.000Z';
  const { contract_id, id } = await build(
    { timezone: 'Pacific/Apia', now },
    { every: 'P1D', on_day: null, from: '2011-12-30', now },
  );
  await runAll(contract_id, '2011-12-31T10:00:00.000Z');
  expect(
    await sql`SELECT run_date::text, due_at, outcome FROM schedule_runs WHERE schedule_id = ${id} ORDER BY 1`,
  ).toEqual([
    { run_date: '2011-12-30', due_at: '2011-12-30T10:00:00.000Z', outcome: 'generated' },
    { run_date: '2011-12-31', due_at: '2011-12-30T10:00:00.000Z', outcome: 'generated' },
    { run_date: '2012-01-01', due_at: '2011-12-31T10:00:00.000Z', outcome: 'generated' },
  ]);
});

test.each<[string, ContractCommand, string]>([
  ['termination', { name: 'terminate', input: { reason: 'over' } }, 'CONTRACT_TERMINATED'],
  ['deletion', { name: 'delete', input: { confirm_name: '' } }, 'CONTRACT_DELETED'],
])('the %s of a contract ends its schedules, and their runs stay', async (_name, command, end_reason) => {
  const { contract_id, id } = await build();
  await step(contract_id, FEBRUARY);
  const [{ name }] = await sql<[{ name: string }]>`SELECT name FROM contracts WHERE id = ${contract_id}`;
  if (command.name === 'delete') {
    command.input.confirm_name = name;
    await change(contract_id, FEBRUARY, { name: 'pause', input: {} });
  }
  expect(await change(contract_id, FEBRUARY, command)).toMatchObject({ nudge: { schedule_ids: [id] } });
  expect(await scheduleOf(id)).toMatchObject({ end_reason, next_run_at: null });
  expect(await step(contract_id, MARCH)).toMatchObject({ run: null });
  expect(await runsOf(sql, contract_id)).toHaveLength(1);
});

test('a deleted schedule has no more runs, and deleting it again changes nothing', async () => {
  const { contract_id, id } = await build();
  const remove = () =>
    sql.begin((tx) => deleteSchedule(tx, { id: contract_id, actor: TEST_ACTOR, now: BEGIN, request_id: null }, id));
  await remove();
  const ended = await scheduleOf(id);
  await remove();
  expect(await scheduleOf(id)).toEqual(ended);
  expect(await step(contract_id, MARCH)).toMatchObject({ run: null });
  expect(await edit(contract_id, id, BEGIN, { count: 1 })).toMatchObject({ code: 'SCHEDULE_ENDED' });
});

test('newer time zone rules and another zone of a draft move the next run', async () => {
  const { contract_id, id } = await build({ status: 'inactive' }, { at: '09:00' });
  await sql`UPDATE generation_schedules SET next_run_at = '2027-02-01T08:00:00Z', time_zone_rules = '2000a' WHERE id = ${id}`;
  expect(await step(contract_id, BEGIN)).toMatchObject({ next_run_at: '2027-02-01T09:00:00.000Z' });
  expect(await change(contract_id, BEGIN, { name: 'edit', input: { timezone: 'Asia/Tokyo' } })).toMatchObject({
    nudge: { schedule_ids: [id] },
  });
  expect(await step(contract_id, BEGIN)).toMatchObject({ next_run_at: '2027-02-01T00:00:00.000Z' });
});

test('the sweep finds a run that is overdue, and a schedule whose last change has not reached Temporal', async () => {
  const { contract_id, id } = await build();
  const soon = new Date(Date.now() + 90_000).toISOString();
  expect([
    await isSwept('schedule_run', id, '2027-02-01T00:00:59.000Z'),
    await isSwept('schedule_run', id, '2027-02-01T00:01:00.000Z'),
  ]).toEqual([false, true]);
  expect(await isSwept('schedule_workflow', id, soon)).toBe(true);
  await sql`UPDATE generation_schedules SET placed_revision = revision, workflow_epoch = 'none' WHERE id = ${id}`;
  expect(await isSwept('schedule_workflow', id, soon)).toBe(false);
  await step(contract_id, FEBRUARY);
  expect([await isSwept('schedule_run', id, FEBRUARY), await isSwept('schedule_workflow', id, soon)]).toEqual([
    false,
    true,
  ]);
});
