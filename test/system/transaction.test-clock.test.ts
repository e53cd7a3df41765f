/** Queries for what is due, live or expired use the time of the clock for contracts on a test clock. */
import { TIME_ZONE_RULES } from '../../transactions/base/time-zone-rules';
import { ANONYMOUS } from '../../domain/access/caller';
import { presentJob } from '../../api/generation/generation-job-presenter';
import { listLicenses } from '../../db/license/license';
import type { LicenseFilter } from '../../db/license/license-page';
import { findOverdueWork } from '../../db/system/health';
import { listRowsToWake } from '../../db/system/sweep';
import type { SweepKind } from '../../db/system/sweep';
import { failAdvance } from '../../db/system/test-clock';
import { stepTestClock } from '../../transactions/system/advance-test-clock';
import { findTestClockTime } from '../../db/contract/clock';
import { licenseStatus } from '../../domain/license/license-facts';
import { unparkBillingEvents } from '../../db/billing/billing-event';
import { waitFor } from '../../dev/waiting';
import { listEventOutcomes, insertInvoiceEvent } from '../harness/billing';
import { buildContract, jobOf, requestJob } from '../harness/contract-rows';
import type { ContractOptions } from '../harness/contract-rows';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { buildContractOnClock, buildTestClock, acceptAdvance } from '../harness/test-clocks';

const MINUTE_MS = 60_000;
/** Long past by the world's time, and far in its future. */
const PAST = '2020-01-01T00:00:00.000Z';
const FUTURE = '2090-01-01T00:00:00.000Z';
const SOON = '2021-01-01T00:00:00.000Z';
const QUESTION = { epoch: 'epoch-1', limit: 100, time_zone_rules: TIME_ZONE_RULES };

let database: TestDatabase;
let sql: TestDatabase['sql'];

beforeEach(async () => {
  database = await createTestDatabase();
  sql = database.sql;
});
afterEach(() => database.drop());

const real = (offset_ms = 0): string => new Date(Date.now() + offset_ms).toISOString();

async function clockAt(now: string, advancing_to: string | null = null, begun_at = real()): Promise<string> {
  const id = await buildTestClock(sql, now);
  if (advancing_to !== null) await acceptAdvance(sql, id, advancing_to, begun_at);
  return id;
}

/** A contract on a clock that was started on this server. */
async function onClock(clock_id: string, options: ContractOptions = {}): Promise<string> {
  const id = await buildContractOnClock(sql, clock_id, options);
  await sql`UPDATE contracts SET workflow_epoch = 'epoch-1' WHERE id = ${id}`;
  return id;
}

/** The rows of these kinds that the sweep signals now, each once. */
async function wake(kinds: SweepKind[], now = real()): Promise<string[]> {
  const rows = await Promise.all(kinds.map((kind) => listRowsToWake(sql, kind, { ...QUESTION, now })));
  return [...new Set(rows.flat())].sort();
}
const CONTRACT_KINDS: SweepKind[] = ['boundary', 'verification', 'behind_test_clock', 'contract_workflow'];

const move = (clock_id: string, now: string) => sql`UPDATE test_clocks SET now = ${now} WHERE id = ${clock_id}`;

test('the time of a contract is that of its clock, and null for a contract in real time', async () => {
  const { facts } = await buildContract(sql);
  expect(await findTestClockTime(sql, await onClock(await clockAt(PAST)))).toBe(PAST);
  expect(await findTestClockTime(sql, facts.id)).toBeNull();
});

test('a contract is signaled by the time of its clock, not by real time', async () => {
  const clock = await clockAt(PAST);
  const [early, late] = [
    await onClock(clock, { start_date: '2020-02-01' }),
    await onClock(clock, { start_date: '2020-06-01' }),
  ];
  expect(await wake(CONTRACT_KINDS)).toEqual([]);
  expect(await findOverdueWork(sql, real(), 'epoch-1')).toMatchObject({ overdue_contracts: 0 });
  await move(clock, '2020-03-01T00:00:00.000Z');
  expect(await wake(CONTRACT_KINDS)).toEqual([early]);
  expect(await findOverdueWork(sql, real(), 'epoch-1')).toMatchObject({ overdue_contracts: 1 });
  await move(clock, FUTURE);
  expect(await wake(CONTRACT_KINDS)).toEqual([early, late].sort());
});

test('while a clock advances, its workflow settles its contracts, and the sweep keeps that workflow running', async () => {
  const clock = await clockAt(PAST, SOON);
  await onClock(clock, { start_date: '2020-02-01' });
  await move(clock, '2020-03-01T00:00:00.000Z');
  expect(await wake(CONTRACT_KINDS)).toEqual([]);
  expect(await findOverdueWork(sql, real(), 'epoch-1')).toMatchObject({ overdue_contracts: 0 });
  expect(await wake(['test_clock'])).toEqual([clock]);
  await failAdvance(sql, clock, 'as the test asked');
  expect(await wake(['test_clock'])).toEqual([]);
});

test('contracts in real time are signaled as usual, suspended and past due ones included', async () => {
  const { facts } = await buildContract(sql, { now: PAST, start_date: '2020-02-01' });
  await sql`UPDATE contracts SET workflow_epoch = 'epoch-1' WHERE id = ${facts.id}`;
  const suspended = await buildContract(sql);
  await sql`UPDATE contracts SET state = 'SUSPENDED' WHERE id = ${suspended.facts.id}`;
  const unverified = await buildContract(sql);
  await sql`UPDATE contracts SET verify_at = ${real(-MINUTE_MS)}, workflow_epoch = 'epoch-1' WHERE id = ${unverified.facts.id}`;
  expect(await wake(CONTRACT_KINDS)).toEqual([facts.id, suspended.facts.id, unverified.facts.id].sort());
});

test('the doctor lists failed clocks and long advances, and no others', async () => {
  await clockAt(PAST);
  await clockAt(PAST, SOON);
  expect(await findOverdueWork(sql, real(), null)).toMatchObject({ stuck_test_clocks: 0 });
  await clockAt(PAST, SOON, real(-11 * MINUTE_MS));
  await failAdvance(sql, await clockAt(PAST, SOON), 'as the test asked');
  expect(await findOverdueWork(sql, real(), null)).toMatchObject({ stuck_test_clocks: 2 });
});

test.each([PAST, FUTURE])('a job on a clock at %s counts as inactive by real time', async (now) => {
  const id = await onClock(await clockAt(now));
  const job = await requestJob(sql, id, 200);
  await sql`UPDATE generation_jobs SET workflow_epoch = 'epoch-1', state = 'RUNNING', started_at = ${now} WHERE id = ${job.id}`;
  const silentAt = async (at: string) => [
    await wake(['silent_job', 'paused_job', 'job_workflow'], at),
    (await findOverdueWork(sql, at, 'epoch-1')).silent_jobs,
  ];
  expect(await silentAt(real())).toEqual([[], 0]);
  expect(await silentAt(real(2 * MINUTE_MS))).toEqual([[job.id], 0]);
  expect(await silentAt(real(5 * MINUTE_MS))).toEqual([[job.id], 1]);
});

test('a job on a clock has no speed and no estimated end, since no time passes while it runs', async () => {
  const clock = await clockAt(PAST);
  const id = await onClock(clock);
  const job = await requestJob(sql, id, 3);
  await move(clock, FUTURE);
  expect(presentJob(await jobOf(sql, job.id), real(), ANONYMOUS)).toMatchObject({
    created_at: PAST,
    licenses_per_second: null,
    eta: null,
  });
});

test('a license is available or expired by the clock of its contract, shown and filtered alike', async () => {
  const clock = await clockAt(PAST);
  const id = await onClock(clock, { expiry: { duration: 'P1Y', basis: 'generation' } });
  await requestJob(sql, id, 2);
  const production = await buildContract(sql, { expiry: { duration: 'P1Y', basis: 'generation' } });
  await requestJob(sql, production.facts.id, 2);

  const now = real();
  const list = async (filter: LicenseFilter) =>
    (await listLicenses(sql, filter, { order: 'asc', after: null, limit: 10, now })).map((row) => [
      row.contract_id,
      licenseStatus(row, row.clock_now ?? now),
    ]);
  const both = (status: string) => [
    [id, status],
    [id, status],
  ];
  expect(await list({ contract_id: id })).toEqual(both('available'));
  expect(await list({ contract_id: id, status: 'available' })).toEqual(both('available'));
  expect(await list({ contract_id: id, status: 'expired' })).toEqual([]);
  await move(clock, '2021-01-01T00:00:00.000Z');
  expect(await list({ contract_id: id })).toEqual(both('expired'));
  expect(await list({ environment: 'staging', status: 'expired' })).toEqual(both('expired'));
  expect(await list({ environment: 'staging', status: 'available' })).toEqual([]);
  expect(await list({ environment: 'production', status: 'available' })).toHaveLength(2);
  expect(await list({ environment: 'production', status: 'expired' })).toEqual([]);
});

describe('a billing event and a step of its clock', () => {
  /** Waits until another session waits for a row, or until `over` says that nothing will. */
  const someoneWaits = (over: () => boolean = () => false): Promise<unknown> =>
    waitFor(
      async () => {
        const [waiting] = await sql<[{ count: number }]>`
          SELECT count(*)::int FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock' AND state = 'active'`;
        return waiting.count > 0 || over();
      },
      { timeout_ms: 10_000, what: 'a session to wait for a lock' },
    );

  async function toldOf(contract_id: string): Promise<string[]> {
    const rows = await sql<{ reported_at: string }[]>`
      SELECT reported_at FROM billing_inbox WHERE contract_id = ${contract_id} ORDER BY id`;
    return rows.map(({ reported_at }) => reported_at);
  }

  test('exclude each other: the step sees an event that is being accepted and does not move the clock', async () => {
    const clock = await clockAt(PAST, SOON);
    const id = await onClock(clock);
    let stepped = false;
    let received: Promise<unknown> = Promise.resolve();
    let step: Promise<unknown> = Promise.resolve();
    await sql.begin(async (gate) => {
      // The event has locked its clock and waits here with its row.
      await gate`LOCK TABLE billing_inbox IN SHARE MODE`;
      received = insertInvoiceEvent(sql, id, { occurred_at: PAST });
      await someoneWaits();
      step = sql.begin((tx) => stepTestClock(tx, clock)).finally(() => (stepped = true));
      await waitFor(async () => stepped || (await waitingSteps()) > 0, {
        timeout_ms: 10_000,
        what: 'the step to wait for the event',
      });
    });
    await received;
    expect(await step).toEqual({ status: 'advancing', now: PAST, due: 1 });
    expect(await toldOf(id)).toEqual([PAST]);
  });

  async function waitingSteps(): Promise<number> {
    const [waiting] = await sql<[{ count: number }]>`
      SELECT count(*)::int FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock' AND query ~ 'test_clocks'`;
    return waiting.count;
  }

  test('exclude each other: an event received while the clock moves is recorded at the new instant', async () => {
    const clock = await clockAt(PAST, SOON);
    const id = await onClock(clock);
    let taken_in = false;
    let received: Promise<unknown> = Promise.resolve();
    await sql.begin(async (tx) => {
      expect(await stepTestClock(tx, clock)).toMatchObject({ status: 'ready', now: SOON });
      received = insertInvoiceEvent(sql, id, { occurred_at: PAST }).finally(() => (taken_in = true));
      await someoneWaits(() => taken_in);
    });
    await received;
    expect(await toldOf(id)).toEqual([SOON]);
  });

  test('a future-dated event is checked by the time of the clock when the event is committed', async () => {
    const clock = await clockAt(PAST, SOON);
    const id = await onClock(clock);
    let received: Promise<unknown> = Promise.resolve();
    await sql.begin(async (tx) => {
      await stepTestClock(tx, clock);
      received = insertInvoiceEvent(sql, id, { occurred_at: SOON });
      await someoneWaits();
    });
    await received;
    const rows = await sql`SELECT occurred_at, future_dated FROM billing_inbox WHERE contract_id = ${id}`;
    expect([...rows]).toEqual([{ occurred_at: SOON, future_dated: false }]);
  });

  test('an event that waited for its contract counts from the instant of the clock at which the contract is found', async () => {
    const later_id = crypto.randomUUID();
    await insertInvoiceEvent(sql, later_id, { occurred_at: PAST, received_at: real() });
    expect(await listEventOutcomes(sql, later_id)).toMatchObject([{ outcome: 'PARKED', reason: 'CONTRACT_UNKNOWN' }]);
    const id = await onClock(await clockAt(FUTURE));
    await sql`UPDATE billing_inbox SET contract_id = ${id} WHERE contract_id = ${later_id}`;
    expect(await sql.begin((tx) => unparkBillingEvents(tx, id, real()))).toBe(1);
    expect(await toldOf(id)).toEqual([FUTURE]);
  });
});
