/**
 * The activities of `contractLifecycle`, called one by one: a command is carried out once under its id, and a boundary is applied once.
 */
import { ApplicationFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createContractActivities } from '../../activities/contract/contract';
import type { RunCommandInput } from '../../activities/contract/contract';
import { ROW_LOCKED } from '../../activities/base/short-wait';
import { lockContract } from '../../db/contract/contract';
import { insertCommandOutcome } from '../../db/contract/command';
import { findFinalOutcome } from '../../transactions/contract/find-outcome';
import { openDatabase } from '../../db/base/database';
import { waitFor } from '../../dev/waiting';
import type { CommandOutcome } from '../../domain/contract/command';
import { instantFromMillis } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { DEFAULT_RENEWAL } from '../../domain/contract/renewal-policy';
import { REFUSED_BY_DATABASE } from '../../activities/ports';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { auditOf, buildContract, requestJob } from '../harness/contract-rows';
import { TEST_ACTOR } from '../harness/contract-facts';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { createRecordingNudger } from '../harness/recording-nudger';
import { expectInvariants } from '../harness/invariants';
import { readTableDigests } from '../harness/table-digests';

let database: TestDatabase;
let sql: TestDatabase['sql'];
let activities: ReturnType<typeof createContractActivities>;
const { nudger, jobs: woken } = createRecordingNudger();

beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.sql;
  activities = createContractActivities({ db: sql, nudger });
});
beforeEach(() => void woken.splice(0));
afterEach(() => expectInvariants(sql));
afterAll(() => database.drop());

/** The real time plus a number of milliseconds. */
const instantIn = (millis: number): Instant => instantFromMillis(Date.now() + millis);

function pause(contract_id: string, changes: Partial<RunCommandInput> = {}): RunCommandInput {
  return {
    contract_id,
    now: new Date().toISOString(),
    command: { name: 'pause', input: {} },
    command_id: 'command-1',
    fingerprint: 'pause',
    actor_id: TEST_ACTOR.id,
    request_id: 'request-1',
    ...changes,
  };
}

test('ten deliveries of one command at the same time make one change, and all get the same outcome', async () => {
  const { facts } = await buildContract(sql);
  const deliver = () => activities.runContractCommand(pause(facts.id));
  const came = await Promise.allSettled(Array.from({ length: 10 }, deliver));
  // A delivery that lost the race may have to be repeated; then it finds the outcome.
  const outcomes = [];
  for (const one of came) outcomes.push(one.status === 'fulfilled' ? one.value : await deliver());
  expect(outcomes.every(({ refusal, changed }) => refusal === null && changed)).toBe(true);
  expect(outcomes.filter(({ replayed }) => !replayed)).toHaveLength(1);
  expect((await auditOf(sql, facts.id)).map(({ action }) => action)).toEqual(['contract.created', 'contract.paused']);
});

test('a refusal is not stored: the same command under the same id is decided again', async () => {
  const { facts } = await buildContract(sql);
  const activate = pause(facts.id, { command: { name: 'activate', input: {} }, fingerprint: 'activate' });
  await activities.runContractCommand(pause(facts.id, { command_id: 'command-0' }));
  expect((await activities.runContractCommand(activate)).refusal?.code).toBe('INVALID_STATE_TRANSITION');
  await activities.runContractCommand(
    pause(facts.id, { command_id: 'command-2', command: { name: 'resume', input: {} }, fingerprint: 'resume' }),
  );
  expect(await activities.runContractCommand(activate)).toEqual({ refusal: null, changed: false, replayed: false });
});

describe('a command with a deadline', () => {
  const withQuota = (quota: number) => ({ name: 'edit', input: { quota } }) as const;

  test('is carried out before the deadline and refused after it without effect; a stored outcome is returned at any time', async () => {
    const { facts } = await buildContract(sql);
    const passed = instantIn(-1);
    const before = await readTableDigests(sql);
    const late = await activities.runContractCommand(pause(facts.id, { deadline: passed }));
    expect(late).toMatchObject({ refusal: { code: 'COMMAND_EXPIRED' }, changed: false });
    expect(await readTableDigests(sql)).toEqual(before);

    const in_time = await activities.runContractCommand(pause(facts.id, { deadline: instantIn(60_000) }));
    expect(in_time).toEqual({ refusal: null, changed: true, replayed: false });
    const delivered_again = await activities.runContractCommand(pause(facts.id, { deadline: passed }));
    expect(delivered_again).toEqual({ refusal: null, changed: true, replayed: true });
  });

  test.each([
    ['the contract', 'contracts', 'id'],
    ['its quota', 'contract_quotas', 'contract_id'],
  ])('that passes it while %s is locked by another transaction is not carried out', async (_what, table, column) => {
    const { facts } = await buildContract(sql);
    const before = await readTableDigests(sql);
    const deadline = instantIn(500);
    const input = pause(facts.id, { command: withQuota(facts.quota.total + 1), deadline });
    /** Retries like Temporal, for as long as the row is locked. */
    const carriedOut = (): Promise<CommandOutcome> =>
      activities.runContractCommand(input).catch((error: unknown) => {
        if (error instanceof ApplicationFailure && error.type === ROW_LOCKED) return carriedOut();
        throw error;
      });
    let answer: Promise<CommandOutcome> | undefined;
    await sql.begin(async (holder) => {
      await holder`SELECT 1 FROM ${holder(table)} WHERE ${holder(column)} = ${facts.id} FOR UPDATE`;
      answer = carriedOut();
      await waitFor(
        async () => {
          const [row] = await sql<[{ waits: boolean }]>`
            SELECT clock_timestamp() > ${deadline}::timestamptz AND EXISTS (
              SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock') AS waits`;
          return row.waits || undefined;
        },
        { timeout_ms: 4_000, what: 'the deadline to pass while the command waits' },
      );
    });
    expect(await answer).toMatchObject({ refusal: { code: 'COMMAND_EXPIRED' }, changed: false });
    expect(await readTableDigests(sql)).toEqual(before);
  });
});

describe('the outcome of a command that its sender did not receive', () => {
  const ID = { command_id: 'command-1', fingerprint: 'pause' };

  test('is the stored outcome if it was carried out, or an expiry if it was not; before the deadline it is unknown', async () => {
    const { facts } = await buildContract(sql);
    const settle = (deadline: Instant) => findFinalOutcome(sql, { contract_id: facts.id, ...ID, deadline });
    await expect(settle(instantIn(60_000))).rejects.toThrow('may still be run until');
    expect(await settle(instantIn(-1))).toMatchObject({ refusal: { code: 'COMMAND_EXPIRED' }, changed: false });
    await activities.runContractCommand(pause(facts.id, { deadline: instantIn(60_000) }));
    expect(await settle(instantIn(-1))).toEqual({ refusal: null, changed: true, replayed: true });
  });

  test('is found only after the transaction that carries it out has ended', async () => {
    const { facts } = await buildContract(sql);
    let settled: Promise<CommandOutcome> | undefined;
    await sql.begin(async (worker) => {
      await lockContract(worker, facts.id);
      await insertCommandOutcome(
        worker,
        { contract_id: facts.id, ...ID },
        { refusal: null, changed: true, replayed: false },
      );
      settled = findFinalOutcome(sql, { contract_id: facts.id, ...ID, deadline: instantIn(-1) });
      await waitUntilBlocked(sql);
    });
    expect(await settled).toEqual({ refusal: null, changed: true, replayed: true });
  });

  test('stays unknown while the contract is locked for longer', async () => {
    const { facts } = await buildContract(sql);
    await sql.begin(async (holder) => {
      await lockContract(holder, facts.id);
      await expect(findFinalOutcome(sql, { contract_id: facts.id, ...ID, deadline: instantIn(-1) })).rejects.toThrow();
    });
  });
});

test.each(['runContractCommand', 'settleContract'] as const)(
  '%s waits at most a second for a row that another transaction has locked, and is then retried',
  async (name) => {
    const { facts } = await buildContract(sql);
    // The activity ends the wait, and not its session, which has no limit.
    const db = openDatabase(database.url, { max: 1, application_name: 'covenant test' });
    await db`SET lock_timeout = 0`;
    const { [name]: activity } = createContractActivities({ db, nudger });
    await sql.begin(async (holder) => {
      await holder`SELECT FROM contracts WHERE id = ${facts.id} FOR UPDATE`;
      const failure = { type: ROW_LOCKED, nonRetryable: false, nextRetryDelay: 500 };
      await expect(activity(pause(facts.id))).rejects.toMatchObject(failure);
    });
    await activity(pause(facts.id));
    await db.end();
  },
);

test.each([
  ['for a transient reason', 1, databaseGone(), 200],
  ['for a transient reason', 20, databaseGone(), 60_000],
  ['for an unknown reason', 1, new Error('surprise'), 5_000],
  ['for an unknown reason', 3, new Error('surprise'), 20_000],
])(
  'a contract that cannot be settled %s is retried a random time after attempt %i, so that many do not come at once',
  async (_why, number, error, interval_ms) => {
    const db = Object.assign(Object.create(sql) as typeof sql, { begin: () => Promise.reject(error) });
    const { settleContract } = createContractActivities({ db, nudger });
    const input = { contract_id: TEST_ACTOR.id, now: instantIn(0) };
    const failure = (): Promise<ApplicationFailure> =>
      new MockActivityEnvironment({ attempt: number }, { logger: new DefaultLogger('ERROR', () => undefined) })
        .run(() => settleContract(input))
        .catch((failed: unknown) => failed as ApplicationFailure) as Promise<ApplicationFailure>;
    const failures = await Promise.all(Array.from({ length: 20 }, failure));
    const delays = failures.map(({ nextRetryDelay }) => nextRetryDelay as number);
    for (const delay of delays) expect(delay).toBeGreaterThanOrEqual(interval_ms / 2);
    for (const delay of delays) expect(delay).toBeLessThanOrEqual(interval_ms);
    expect(new Set(delays).size).toBeGreaterThan(1);
    for (const { nonRetryable, cause } of failures) expect([nonRetryable, cause]).toEqual([false, error]);
  },
);

function databaseGone(): Error {
  return Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
}

describe('a command that fails at every attempt', () => {
  /** The failure of one attempt to pause the contract. */
  function attempt(number: number, { runContractCommand }: typeof activities, id: string): Promise<unknown> {
    const logger = new DefaultLogger('ERROR', () => undefined);
    return new MockActivityEnvironment({ attempt: number }, { logger })
      .run(() => runContractCommand(pause(id)))
      .catch((error: unknown) => error);
  }

  test('because the database refuses it fails permanently with the third attempt and changes nothing', async () => {
    const { facts } = await buildContract(sql);
    await sql.unsafe(
      `ALTER TABLE contract_commands ADD CONSTRAINT test_refuse CHECK (contract_id <> '${facts.id}') NOT VALID`,
    );
    const before = await readTableDigests(sql);
    try {
      for (const number of [1, 2])
        expect(await attempt(number, activities, facts.id)).toMatchObject({ constraint_name: 'test_refuse' });
      expect(await attempt(3, activities, facts.id)).toMatchObject({ type: REFUSED_BY_DATABASE, nonRetryable: true });
    } finally {
      await sql.unsafe('ALTER TABLE contract_commands DROP CONSTRAINT test_refuse');
    }
    expect(await readTableDigests(sql)).toEqual(before);
  });

  test.each([
    ['for an unknown reason fails permanently with the third attempt', new Error('surprise'), true],
    ['while Postgres is unreachable is tried until its deadline', databaseGone(), false],
  ])('%s', async (_what, error, for_good) => {
    const { facts } = await buildContract(sql);
    const db = Object.assign(Object.create(sql) as typeof sql, { begin: () => Promise.reject(error) });
    const failing = createContractActivities({ db, nudger });
    for (const number of [1, 2]) expect(await attempt(number, failing, facts.id)).toBe(error);
    const last = await attempt(3, failing, facts.id);
    if (for_good) expect(last).toMatchObject({ type: 'CommandFailed', nonRetryable: true });
    else expect(last).toBe(error);
  });
});

test('another command under a used id is refused, and contracts have separate command ids', async () => {
  const [one, other] = [await buildContract(sql), await buildContract(sql)];
  await activities.runContractCommand(pause(one.facts.id));
  const resume = pause(one.facts.id, { command: { name: 'resume', input: {} }, fingerprint: 'resume' });
  expect((await activities.runContractCommand(resume)).refusal?.code).toBe('IDEMPOTENCY_KEY_REUSED');
  expect(await activities.runContractCommand(pause(other.facts.id))).toMatchObject({ changed: true, replayed: false });
});

test('settling applies each boundary once, and returns the next one', async () => {
  const { facts } = await buildContract(sql, {
    now: '2026-12-01T00:00:00.000Z',
    start_date: '2027-01-01',
    end_date: '2028-01-01',
    expiry_grace_days: 3,
    renewal: { ...DEFAULT_RENEWAL, mode: 'none' },
  });
  const settle = (now: string) => activities.settleContract({ contract_id: facts.id, now });
  expect(await settle('2026-12-31T00:00:00.000Z')).toMatchObject({
    state: 'SCHEDULED',
    next_boundary: { kind: 'starts', at: '2027-01-01T00:00:00.000Z' },
    at_rest: false,
  });
  const views = await Promise.all(Array.from({ length: 5 }, () => settle('2028-01-02T00:00:00.000Z')));
  for (const view of views)
    expect(view).toMatchObject({
      state: 'EXPIRY_GRACE',
      next_boundary: { kind: 'expires', at: '2028-01-04T00:00:00.000Z' },
    });
  expect(await settle('2028-01-04T00:00:00.000Z')).toMatchObject({
    state: 'EXPIRED',
    next_boundary: null,
    at_rest: true,
  });
  expect(await auditOf(sql, facts.id)).toHaveLength(4);
});

test('a boundary that allows generation again wakes the paused jobs of the contract', async () => {
  const { facts } = await buildContract(sql);
  const job = await requestJob(sql, facts.id, 200);
  const resume_at = new Date(Date.now() + 3_600_000).toISOString();
  await activities.runContractCommand(pause(facts.id, { command: { name: 'pause', input: { resume_at } } }));
  await sql`UPDATE generation_jobs SET state = 'PAUSED' WHERE id = ${job.id}`;
  await activities.settleContract({ contract_id: facts.id, now: new Date().toISOString() });
  expect(woken).toEqual([]);
  await activities.settleContract({ contract_id: facts.id, now: resume_at });
  expect(woken).toEqual([job.id]);
});

test('the view of a contract that does not exist is GONE and at rest', async () => {
  const view = await activities.settleContract({
    contract_id: '00000000-0000-7000-8000-00000000dead',
    now: new Date().toISOString(),
  });
  expect(view).toMatchObject({ state: 'GONE', at_rest: true });
});
