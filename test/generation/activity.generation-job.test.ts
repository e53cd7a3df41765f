/**
 * The activities of a generation job, called one by one: what they write, what they do only once, and what they throw.
 */
import { settleByTime } from '../../transactions/contract/settle-contract';
import { setImmediate as immediate } from 'node:timers/promises';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { LogEntry } from '@temporalio/worker';
import { createGenerationJobActivities } from '../../activities/generation/generation-job';
import type { FillChunksInput, FilledRange } from '../../activities/generation/generation-job';
import { createContractTurns } from '../../activities/generation/contract-turns';
import { ROW_LOCKED } from '../../activities/base/short-wait';
import { runCommand } from '../../transactions/contract/run-command';
import { KEY_DRAWS_MAX } from '../../transactions/generation/request-licenses';
import { resumeJob } from '../../transactions/generation/resume-job';
import { openDatabase } from '../../db/base/database';
import type { Sql } from '../../db/base/database';
import { limitLockWait, NO_LIMITS } from '../../db/base/session';
import type { ContractCommand } from '../../domain/contract/command';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { closeChunkGate, installChunkGate } from '../harness/chunk-gate';
import { auditOf, buildContract, jobOf, requestJob } from '../harness/contract-rows';
import { TEST_ACTOR } from '../harness/contract-facts';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { lockRows } from '../harness/locked-rows';
import { expectInvariants } from '../harness/invariants';
import { createRecordingNudger } from '../harness/recording-nudger';

const REQUESTED = 500;
const CHUNK = 100;
const STOPPED: FilledRange = { stopped: true, given_up: [] };
/** Far longer than a test takes. */
const PATIENT_MS = 60_000;
/** A time after the end of the contracts. */
const AFTER_ITS_END = '2101-01-01T00:00:00.000Z';

let database: TestDatabase;
let sql: TestDatabase['sql'];
let activities: ReturnType<typeof createGenerationJobActivities>;

beforeEach(async () => {
  database = await createTestDatabase();
  sql = database.sql;
  activities = createGenerationJobActivities({
    nudger: createRecordingNudger().nudger,
    db: sql,
    fillTaskQueue: 'generation',
  });
});
afterEach(async () => {
  await expectInvariants(sql);
  await database.drop();
});

/** One attempt at an activity, with the last heartbeat of the previous attempt. Log messages of the SDK about expected failures are dropped. */
function attempt(attempt = 1, heartbeatDetails?: unknown): MockActivityEnvironment {
  return new MockActivityEnvironment({ attempt, heartbeatDetails }, { logger: new DefaultLogger('ERROR') });
}

const now = (): string => new Date().toISOString();

/** A running job of five chunks. */
async function runningJob(): Promise<{ contract_id: string; job_id: string }> {
  const { facts } = await buildContract(sql, { end_date: '2100-01-01' });
  const job = await requestJob(sql, facts.id, REQUESTED);
  await activities.openJob({ job_id: job.id, now: now() });
  return { contract_id: facts.id, job_id: job.id };
}

function fill(job_id: string, changes: Partial<FillChunksInput> = {}, environment = attempt()): Promise<FilledRange> {
  const input = {
    job_id,
    from_chunk: 0,
    to_chunk: 5,
    now: now(),
    attempts_max: 3,
    ...changes,
  };
  return environment.run(() => activities.fillChunks(input));
}

/** The last heartbeat of the attempt; undefined when there was none. */
function lastHeartbeat(environment: MockActivityEnvironment): () => unknown {
  let last: unknown;
  environment.on('heartbeat', (details: unknown) => (last = details));
  return () => last;
}

/** Runs an attempt at `fillChunks` that fails, and returns its last heartbeat. */
async function failedAttempt(job_id: string, environment: MockActivityEnvironment): Promise<unknown> {
  const readHeartbeat = lastHeartbeat(environment);
  await expect(fill(job_id, {}, environment)).rejects.toThrow('as the test asked');
  return readHeartbeat();
}

/** Makes the first `times` inserts of licenses fail in Postgres. A sequence counts them, because it is not rolled back. */
async function failInserts(times: number, error: string): Promise<void> {
  await sql.unsafe(`
    CREATE SEQUENCE test_inserts;
    CREATE FUNCTION test_fail() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF nextval('test_inserts') <= ${times} THEN RAISE EXCEPTION 'as the test asked' USING ${error}; END IF;
      RETURN NULL;
    END $$;
    CREATE TRIGGER test_fail BEFORE INSERT ON licenses FOR EACH STATEMENT EXECUTE FUNCTION test_fail()`);
}

describe('fillChunks', () => {
  test('generates the missing chunks, with a heartbeat for each', async () => {
    const { job_id } = await runningJob();
    await fill(job_id, { from_chunk: 1, to_chunk: 2 });
    const environment = attempt();
    let heartbeats = 0;
    environment.on('heartbeat', () => void (heartbeats += 1));
    expect(await fill(job_id, {}, environment)).toEqual({ stopped: false, given_up: [] });
    expect(heartbeats).toBe(4);
    expect((await jobOf(sql, job_id)).completed).toBe(REQUESTED);
  });

  test('ten calls at the same time for the same range generate each chunk once', async () => {
    const { job_id } = await runningJob();
    await Promise.all(Array.from({ length: 10 }, () => fill(job_id)));
    // A call that found another attempt at the same chunk stops and is repeated.
    expect(await fill(job_id)).toEqual({ stopped: false, given_up: [] });
    const [count] = await sql`SELECT count(*)::int AS licenses, count(DISTINCT key)::int AS keys FROM licenses`;
    expect(count).toEqual({ licenses: REQUESTED, keys: REQUESTED });
  });

  test('generates new keys when a key exists already', async () => {
    const { job_id } = await runningJob();
    await failInserts(KEY_DRAWS_MAX - 1, `ERRCODE = 'unique_violation', CONSTRAINT = 'license_key_unique'`);
    expect(await fill(job_id)).toEqual({ stopped: false, given_up: [] });
  });

  test('gives up a chunk whose keys keep existing already, and continues with the next', async () => {
    const { job_id } = await runningJob();
    await failInserts(KEY_DRAWS_MAX, `ERRCODE = 'unique_violation', CONSTRAINT = 'license_key_unique'`);
    expect(await fill(job_id)).toEqual({ stopped: false, given_up: [0] });
    expect((await jobOf(sql, job_id)).completed).toBe(REQUESTED - 100);
  });

  test('logs once why it gives up chunks', async () => {
    const { job_id } = await runningJob();
    await failInserts(2, `ERRCODE = 'check_violation'`);
    const lines: LogEntry[] = [];
    const logger = new DefaultLogger('WARN', (line) => void lines.push(line));
    const environment = new MockActivityEnvironment({ attempt: 1 }, { logger });
    expect(await fill(job_id, {}, environment)).toEqual({ stopped: false, given_up: [0, 1] });
    expect(lines).toEqual([
      expect.objectContaining({
        message: 'a chunk is given up',
        meta: expect.objectContaining({ job_id, chunk_no: 0, sqlstate: '23514', reason: 'as the test asked' }),
      }),
    ]);
  });

  test('throws an error of unknown reason, and gives up the chunk at the last attempt', async () => {
    const { job_id } = await runningJob();
    await failInserts(3, `ERRCODE = 'internal_error'`);
    const first = await failedAttempt(job_id, attempt(1));
    const second = await failedAttempt(job_id, attempt(2, first));
    expect(await fill(job_id, {}, attempt(3, second))).toEqual({ stopped: false, given_up: [0] });
  });

  test('counts failures and not attempts: the attempts of an outage do not count', async () => {
    const { job_id } = await runningJob();
    await failInserts(3, `ERRCODE = 'internal_error'`);
    const first = await failedAttempt(job_id, attempt(101));
    const second = await failedAttempt(job_id, attempt(200, first));
    expect(await fill(job_id, {}, attempt(300, second))).toEqual({ stopped: false, given_up: [0] });
  });

  test('keeps the count of failures over attempts that Postgres interrupts', async () => {
    const { job_id } = await runningJob();
    await failInserts(1, `ERRCODE = 'admin_shutdown'`);
    const environment = attempt(7, { failures: 2 });
    const readHeartbeat = lastHeartbeat(environment);
    await expect(fill(job_id, {}, environment)).rejects.toThrow('as the test asked');
    // The server keeps the last heartbeat that it received.
    expect(readHeartbeat()).toBeUndefined();
    const next = attempt(8, { failures: 2 });
    const readNext = lastHeartbeat(next);
    expect(await fill(job_id, {}, next)).toEqual({ stopped: false, given_up: [] });
    expect(readNext()).toEqual({ failures: 2 });
  });

  test('never gives up a chunk because Postgres is unreachable', async () => {
    const { job_id } = await runningJob();
    await failInserts(1, `ERRCODE = 'admin_shutdown'`);
    await expect(fill(job_id, {}, attempt(100))).rejects.toThrow('as the test asked');
    expect(await fill(job_id)).toEqual({ stopped: false, given_up: [] });
  });

  test('generates nothing after its attempt is cancelled', async () => {
    const { job_id } = await runningJob();
    const environment = attempt();
    environment.cancel();
    await expect(fill(job_id, {}, environment)).rejects.toThrow();
    expect((await jobOf(sql, job_id)).completed).toBe(0);
  });

  test('generates nothing for a paused contract, and continues when a due boundary allows generation again', async () => {
    const { contract_id, job_id } = await runningJob();
    const resume_at = new Date(Date.now() + 86_400_000).toISOString();
    const request = { id: contract_id, actor: TEST_ACTOR, now: now(), request_id: null };
    await sql.begin((tx) => runCommand(tx, request, { name: 'pause', input: { resume_at } }));
    expect(await fill(job_id)).toEqual({ stopped: true, given_up: [] });
    expect((await jobOf(sql, job_id)).completed).toBe(0);
    expect(await fill(job_id, { now: resume_at })).toEqual({ stopped: false, given_up: [] });
    expect((await auditOf(sql, contract_id)).at(-1)).toMatchObject({ action: 'contract.resumed', at: resume_at });
  });

  test('generates nothing for a job that was not opened', async () => {
    const { facts } = await buildContract(sql);
    const job = await requestJob(sql, facts.id, REQUESTED);
    expect(await fill(job.id)).toEqual({ stopped: true, given_up: [] });
  });
});

describe('a change that closes a contract', () => {
  const input = { expected_revision: undefined };
  const TERMINATE: ContractCommand = { name: 'terminate', input: { ...input, reason: 'fraud' } };
  const CLOSING: [string, ContractCommand | null][] = [
    ['terminate', TERMINATE],
    ['pause', { name: 'pause', input }],
    ['compliance-hold', { name: 'compliance-hold', input: { ...input, note: 'sanctions' } }],
    ['the end of its term, which a read applies', null],
  ];

  /** Carries out a command, or settles the contract at a time after its end. */
  async function close(tx: Sql, contract_id: string, command: ContractCommand | null): Promise<void> {
    const request = { id: contract_id, actor: TEST_ACTOR, now: command ? now() : AFTER_ITS_END, request_id: null };
    const changed = await (command ? runCommand(tx, request, command) : settleByTime(tx, request));
    expect(changed).toMatchObject({ refusal: null, stored: { may_generate: false } });
  }

  const licensesOf = async (job_id: string): Promise<number> => (await jobOf(sql, job_id)).completed;

  test.each(CLOSING)(
    'waits for the chunk in progress and lets none start, so that no license is generated after it: %s',
    async (_, command) => {
      const { contract_id, job_id } = await runningJob();
      await installChunkGate(database);
      const gate = await closeChunkGate({ sql, addresses: { database_url: database.url } }, [0]);
      const first = fill(job_id, { to_chunk: 2 });
      await gate.waitForBlocked(1);
      const closed = sql
        .begin(async (tx) => {
          await limitLockWait(tx, PATIENT_MS);
          await close(tx, contract_id, command);
        })
        .then(() => licensesOf(job_id));
      await waitUntilBlocked(sql, 2);
      const second = fill(job_id, { from_chunk: 2 });
      await waitUntilBlocked(sql, 3);
      expect(await licensesOf(job_id)).toBe(0);
      await gate.open();
      expect(await closed).toBe(CHUNK);
      expect(await Promise.all([first, second])).toEqual([STOPPED, STOPPED]);
      expect(await licensesOf(job_id)).toBe(CHUNK);
    },
  );

  test('that is not yet committed makes a chunk wait, which then generates nothing', async () => {
    const { contract_id, job_id } = await runningJob();
    const change = await lockRows(sql, (tx) => close(tx, contract_id, TERMINATE));
    const filled = fill(job_id);
    await waitUntilBlocked(sql);
    await change.commit();
    expect(await filled).toEqual(STOPPED);
    expect(await licensesOf(job_id)).toBe(0);
  });

  test('that is rolled back lets the waiting chunk be generated', async () => {
    const { contract_id, job_id } = await runningJob();
    const change = await lockRows(sql, (tx) => close(tx, contract_id, TERMINATE));
    const filled = fill(job_id);
    await waitUntilBlocked(sql);
    await change.release();
    expect(await filled).toEqual({ stopped: false, given_up: [] });
    expect(await licensesOf(job_id)).toBe(REQUESTED);
  });
});

test('a change that leaves a contract open waits for no chunk', async () => {
  const { contract_id, job_id } = await runningJob();
  await installChunkGate(database);
  const gate = await closeChunkGate({ sql, addresses: { database_url: database.url } }, [0]);
  const filled = fill(job_id, { to_chunk: 1 });
  await gate.waitForBlocked(1);
  const rename: ContractCommand = { name: 'edit', input: { name: 'Renamed' } };
  const request = { id: contract_id, actor: TEST_ACTOR, now: now(), request_id: null };
  const renamed = await sql.begin((tx) => runCommand(tx, request, rename));
  expect(renamed).toMatchObject({ changed: true });
  await gate.open();
  expect(await filled).toEqual({ stopped: false, given_up: [] });
});

describe('openJob and closeJob', () => {
  test('write one audit row each when they run twice', async () => {
    const { contract_id, job_id } = await runningJob();
    await activities.openJob({ job_id, now: now() });
    await fill(job_id);
    const closed = await activities.closeJob({ job_id, now: now(), given_up: [] });
    expect(closed).toEqual({ state: 'SUCCEEDED', completed: REQUESTED });
    expect(await activities.closeJob({ job_id, now: now(), given_up: [] })).toEqual(closed);
    expect(await activities.openJob({ job_id, now: now() })).toMatchObject({
      state: 'SUCCEEDED',
      chunks: 5,
      task_queue: 'generation',
    });
    const actions = (await auditOf(sql, contract_id)).map(({ action }) => action);
    expect(actions).toEqual(['contract.created', 'generation.requested', 'job.started', 'job.finished']);
  });

  test('closing again does not undo a resumption in between', async () => {
    const { job_id } = await runningJob();
    await fill(job_id, { to_chunk: 3 });
    expect(await activities.closeJob({ job_id, now: now(), given_up: [3, 4] })).toMatchObject({ state: 'PARTIAL' });
    const change = { job_id, actor: TEST_ACTOR, now: now(), request_id: null };
    expect(await sql.begin((tx) => resumeJob(tx, change))).toBe('QUEUED');
    expect(await activities.closeJob({ job_id, now: now(), given_up: [3, 4] })).toEqual({
      state: 'QUEUED',
      completed: 300,
    });
    const [quota] = await sql`SELECT claimed FROM contract_quotas`;
    expect(quota?.['claimed']).toBe(REQUESTED);
  });

  test('a job that ends while its resumption waits for the contract is resumed', async () => {
    const { contract_id, job_id } = await runningJob();
    await fill(job_id, { to_chunk: 3 });
    const change = { job_id, actor: TEST_ACTOR, now: now(), request_id: null };
    const held = await lockRows(sql, (tx) => tx`SELECT FROM contracts WHERE id = ${contract_id} FOR NO KEY UPDATE`);
    const resumed = sql.begin((tx) => resumeJob(tx, change));
    await waitUntilBlocked(sql);
    expect(await activities.closeJob({ job_id, now: now(), given_up: [3, 4] })).toMatchObject({ state: 'PARTIAL' });
    await held.release();
    expect(await resumed).toBe('QUEUED');
  });

  test('a job that does not exist is an error', async () => {
    const job_id = '00000000-0000-7000-8000-00000000dead';
    await expect(activities.openJob({ job_id, now: now() })).rejects.toThrow('does not exist');
    await expect(activities.closeJob({ job_id, now: now(), given_up: [] })).rejects.toThrow('does not exist');
    await expect(fill(job_id)).rejects.toThrow('does not exist');
  });
});

/** Activities on connections without a lock time-out: the activities end the wait themselves. */
async function withPatientSessions<T>(max: number, work: (patient: typeof activities) => Promise<T>): Promise<T> {
  const db = openDatabase(database.url, {
    max,
    application_name: 'covenant test',
    limits: { ...NO_LIMITS, lock_ms: 0 },
  });
  try {
    return await work(
      createGenerationJobActivities({ nudger: createRecordingNudger().nudger, db, fillTaskQueue: 'generation' }),
    );
  } finally {
    await db.end();
  }
}

test.each([
  ['opening', 'its row', 'openJob', 'generation_jobs', 'id'],
  ['closing', 'the quota of its contract', 'closeJob', 'contract_quotas', 'contract_id'],
] as const)(
  '%s a job waits at most a second for %s that another transaction has locked, and is then retried at growing intervals',
  async (_what, _row, name, table, column) => {
    const { facts } = await buildContract(sql);
    const { id: job_id } = await requestJob(sql, facts.id, REQUESTED);
    if (name === 'closeJob') await activities.openJob({ job_id, now: now() });
    await withPatientSessions(1, async (patient) => {
      const step = (number: number) =>
        attempt(number).run(() => patient[name]({ job_id, contract_id: facts.id, now: now(), given_up: [] }));
      await sql.begin(async (holder) => {
        const held_id = table === 'generation_jobs' ? job_id : facts.id;
        await holder`SELECT FROM ${holder(table)} WHERE ${holder(column)} = ${held_id} FOR UPDATE`;
        for (const [number, nextRetryDelay] of [
          [1, 500],
          [2, 1_000],
          [9, 4_000],
        ] as const)
          await expect(step(number)).rejects.toMatchObject({ type: ROW_LOCKED, nonRetryable: false, nextRetryDelay });
      });
      await step(1);
    });
  },
);

test('of the jobs of a locked contract, one waits for it and the others free their slots soon', async () => {
  const { facts } = await buildContract(sql);
  const jobs = await Promise.all(Array.from({ length: 6 }, () => requestJob(sql, facts.id, 100)));
  for (const { id: job_id } of jobs) await activities.openJob({ job_id, now: now() });
  await withPatientSessions(jobs.length, async (patient) => {
    const close = (job_id: string) =>
      patient.closeJob({ job_id, contract_id: facts.id, now: now(), given_up: [] }).catch((error: unknown) => error);
    const failures = await sql.begin(async (holder) => {
      await holder`SELECT FROM contract_quotas WHERE contract_id = ${facts.id} FOR UPDATE`;
      return Promise.all(jobs.map(({ id }) => close(id)));
    });
    expect(failures).toEqual(jobs.map(() => expect.objectContaining({ type: ROW_LOCKED }) as unknown));
    // Only one of them waited for a row in Postgres.
    expect(failures.filter((failure) => (failure as Error).cause !== undefined)).toHaveLength(1);
    for (const { id } of jobs) expect(await close(id)).toMatchObject({ state: 'FAILED' });
  });
});

test('steps of one contract run one at a time in the order of arrival, and one that fails stops no other', async () => {
  const inTurn = createContractTurns();
  const log: string[] = [];
  const step = (name: string): Promise<unknown> =>
    inTurn('a contract', async () => {
      log.push(`${name} begins`);
      await immediate();
      log.push(`${name} ends`);
      if (name === 'second') throw new Error('as the test asked');
    }).catch((error: unknown) => (error as Error).message);
  expect(await Promise.all(['first', 'second', 'third'].map(step))).toEqual([
    undefined,
    'as the test asked',
    undefined,
  ]);
  expect(log).toEqual(['first', 'second', 'third'].flatMap((name) => [`${name} begins`, `${name} ends`]));
});
