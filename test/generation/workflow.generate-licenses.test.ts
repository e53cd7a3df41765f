/**
 * `generateLicenses` makes every license of a job exactly once, whatever happens to its activities, its contract or its history.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { activityInfo } from '@temporalio/activity';
import type {
  CloseJobInput,
  FillChunksInput,
  FilledRange,
  OpenJobInput,
} from '../../activities/generation/generation-job';
import { findContract } from '../../db/contract/contract';
import { runCommand } from '../../transactions/contract/run-command';
import { cancelJob } from '../../transactions/generation/change-job';
import { resumeJob } from '../../transactions/generation/resume-job';
import type { ContractCommand } from '../../domain/contract/command';
import { isRefusal } from '../../domain/base/refusal';
import { generationJobWorkflowId } from '../../temporal/ids';
import type { generateLicenses } from '../../workflows/generate-licenses';
import { CONTRACT_NAME, JOB_PROGRESS } from '../../workflows/search-attributes';
import { auditOf, buildContract, jobOf, requestJob } from '../harness/contract-rows';
import { TEST_ACTOR } from '../harness/contract-facts';
import { TEST_PUBLIC_URL, startCovenantWorker, withOverrides } from '../harness/covenant-worker';
import type { Activities, ActivityOverrides, CovenantWorker } from '../harness/covenant-worker';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { expectInvariants } from '../harness/invariants';
import { connectPreparedTemporal } from '../harness/temporal';
import type { TestTemporal } from '../harness/temporal';
import { waitFor } from '../../dev/waiting';

const REQUESTED = 2_000;
const CHUNK = 100;

type FillChunks = Activities['fillChunks'];
/** How a test overrides the filling of a range; `fill` is the real activity. */
type FillOverride = (fill: FillChunks, input: FillChunksInput) => Promise<FilledRange>;

let temporal: TestTemporal;
let database: TestDatabase;
let sql: TestDatabase['sql'];
let worker: CovenantWorker;
/** The activities that the current test overrides. */
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
  await allowChunks();
  await sql`DROP FUNCTION IF EXISTS test_fail CASCADE`;
  await expectInvariants(sql);
});
afterAll(async () => {
  await worker.stop();
  await temporal.close();
  await database.drop();
});

const overrideFill =
  (override: FillOverride): ActivityOverrides =>
  (real) => ({ fillChunks: (input) => override((range) => real.fillChunks(range), input) });

const handleOf = (job_id: string) =>
  temporal.client.workflow.getHandle<typeof generateLicenses>(generationJobWorkflowId(job_id));

/** What the events `job.failed` of a job say. */
async function failuresOf(job_id: string): Promise<unknown[]> {
  const events = await sql<{ data: unknown }[]>`
    SELECT data FROM domain_events WHERE type = 'job.failed' AND data ->> 'job_id' = ${job_id}`;
  return events.map(({ data }) => data);
}

async function contractWithJob(requested = REQUESTED, options = {}): Promise<{ contract_id: string; job_id: string }> {
  const { facts } = await buildContract(sql, { quota: requested, ...options });
  const job = await requestJob(sql, facts.id, requested);
  return { contract_id: facts.id, job_id: job.id };
}

async function commandContract(id: string, command: ContractCommand): Promise<string[]> {
  const now = new Date().toISOString();
  const outcome = await sql.begin((tx) => runCommand(tx, { id, actor: TEST_ACTOR, now, request_id: null }, command));
  if (isRefusal(outcome) || outcome.refusal) throw new Error('the command was refused');
  return outcome.nudge.job_ids;
}

const byAdmin = (job_id: string) => ({ job_id, actor: TEST_ACTOR, now: new Date().toISOString(), request_id: null });
const cancel = (job_id: string) => sql.begin((tx) => cancelJob(tx, byAdmin(job_id)));
const resume = (job_id: string) => sql.begin((tx) => resumeJob(tx, byAdmin(job_id)));

async function runJob(job_id: string): Promise<unknown> {
  await worker.nudger.wakeJobs([job_id]);
  return handleOf(job_id).result();
}

async function claimedOf(contract_id: string): Promise<number> {
  const [quota] = await sql<
    [{ claimed: number }]
  >`SELECT claimed FROM contract_quotas WHERE contract_id = ${contract_id}`;
  return quota.claimed;
}

async function ordinalsOf(job_id: string): Promise<number[]> {
  const rows = await sql<
    { ordinal: number }[]
  >`SELECT ordinal::int FROM issued_licenses WHERE job_id = ${job_id} ORDER BY id`;
  return rows.map((row) => row.ordinal);
}

const oneTo = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1);

/** Makes Postgres refuse chunks until `allowChunks` is called. */
const forbidChunks = (condition: string) =>
  sql.unsafe(`ALTER TABLE generation_chunks ADD CONSTRAINT test_forbidden CHECK (NOT (${condition})) NOT VALID`);
const allowChunks = () => sql`ALTER TABLE generation_chunks DROP CONSTRAINT IF EXISTS test_forbidden`;

test('a job makes every ordinal once, is audited, and shows its progress and title to operators', async () => {
  const { contract_id, job_id } = await contractWithJob();
  expect(await runJob(job_id)).toEqual({ state: 'SUCCEEDED', completed: REQUESTED, requested: REQUESTED });
  expect(await ordinalsOf(job_id)).toEqual(oneTo(REQUESTED));
  const actions = (await auditOf(sql, contract_id)).map(({ action }) => action);
  expect(actions).toEqual(['contract.created', 'generation.requested', 'job.started', 'job.finished']);
  const execution = await handleOf(job_id).describe();
  expect(execution.typedSearchAttributes.get(JOB_PROGRESS)).toBe(100);
  const contract = await findContract(sql, contract_id);
  expect(execution.typedSearchAttributes.get(CONTRACT_NAME)).toBe(contract?.name);
  expect(await execution.staticSummary()).toBe(`${REQUESTED} licenses: ${contract?.name} (standard, production)`);
  expect(await execution.staticDetails()).toContain(`${TEST_PUBLIC_URL}/api/v1/jobs/${job_id})`);
  expect(await execution.staticDetails()).toContain(`${TEST_PUBLIC_URL}/api/v1/contracts/${contract_id})`);
});

test('each activity may run twice, and the filling of a range also twice at the same time', async () => {
  overrides = (real) => ({
    openJob: async (input) => (await real.openJob(input), real.openJob(input)),
    fillChunks: async (input) => (await Promise.all([real.fillChunks(input), real.fillChunks(input)]))[1],
    closeJob: async (input) => (await real.closeJob(input), real.closeJob(input)),
  });
  const { contract_id, job_id } = await contractWithJob();
  expect(await runJob(job_id)).toMatchObject({ state: 'SUCCEEDED', completed: REQUESTED });
  expect(await ordinalsOf(job_id)).toEqual(oneTo(REQUESTED));
  expect((await auditOf(sql, contract_id)).filter(({ action }) => action.startsWith('job.'))).toHaveLength(2);
});

test('an activity that fails after its work is retried and makes nothing twice', async () => {
  const failed = new Set<string>();
  const failOnceAfter =
    <Input, Output>(name: string, activity: (input: Input) => Promise<Output>) =>
    async (input: Input): Promise<Output> => {
      const output = await activity(input);
      const call = `${name} ${JSON.stringify({ ...input, now: null })}`;
      if (failed.has(call)) return output;
      failed.add(call);
      throw new Error('the answer was lost');
    };
  overrides = (real) => ({
    openJob: failOnceAfter('open', (input: OpenJobInput) => real.openJob(input)),
    fillChunks: failOnceAfter('fill', (input: FillChunksInput) => real.fillChunks(input)),
    closeJob: failOnceAfter('close', (input: CloseJobInput) => real.closeJob(input)),
  });
  const { contract_id, job_id } = await contractWithJob();
  expect(await runJob(job_id)).toMatchObject({ state: 'SUCCEEDED', completed: REQUESTED });
  expect(failed.size).toBe(4);
  expect(await ordinalsOf(job_id)).toEqual(oneTo(REQUESTED));
  expect((await auditOf(sql, contract_id)).filter(({ action }) => action === 'job.finished')).toHaveLength(1);
});

test('a chunk that is given up leaves a PARTIAL job that releases its quota, and resuming makes exactly what is missing', async () => {
  const { contract_id, job_id } = await contractWithJob();
  await forbidChunks('chunk_no IN (3, 19)');
  expect(await runJob(job_id)).toEqual({ state: 'PARTIAL', completed: REQUESTED - 2 * CHUNK, requested: REQUESTED });
  expect((await jobOf(sql, job_id)).errors).toEqual([
    { ordinal_from: 301, ordinal_to: 400, code: 'CHUNK_FAILED' },
    { ordinal_from: 1_901, ordinal_to: 2_000, code: 'CHUNK_FAILED' },
  ]);
  expect(await claimedOf(contract_id)).toBe(REQUESTED - 2 * CHUNK);
  const counts = { requested: REQUESTED, done: REQUESTED - 2 * CHUNK, failed: 2 * CHUNK };
  expect(await failuresOf(job_id)).toEqual([
    { contract_id, kind: 'generation', job_id, state: 'PARTIAL', ...counts, code: 'CHUNK_FAILED' },
  ]);
  const made = await sql`SELECT id, key FROM issued_licenses WHERE job_id = ${job_id} ORDER BY id`;

  await allowChunks();
  expect(await resume(job_id)).toBe('QUEUED');
  expect(await runJob(job_id)).toMatchObject({ state: 'SUCCEEDED', completed: REQUESTED });
  expect(await ordinalsOf(job_id)).toEqual(oneTo(REQUESTED));
  const still =
    await sql`SELECT id, key FROM licenses WHERE id = ANY(${made.map((license) => license['id'] as string)}) ORDER BY id`;
  expect([...still]).toEqual([...made]);
  expect((await jobOf(sql, job_id)).errors).toEqual([]);
  expect(await failuresOf(job_id)).toHaveLength(1);
});

test('a job that cannot make any license is FAILED and uses no quota', async () => {
  const { contract_id, job_id } = await contractWithJob(200);
  await forbidChunks('true');
  expect(await runJob(job_id)).toEqual({ state: 'FAILED', completed: 0, requested: 200 });
  expect(await claimedOf(contract_id)).toBe(0);
  expect(await failuresOf(job_id)).toMatchObject([{ state: 'FAILED', done: 0, failed: 200 }]);
});

test('resuming a job is refused and changes nothing when the quota is too small by then', async () => {
  const { contract_id, job_id } = await contractWithJob(200);
  await forbidChunks('chunk_no = 1');
  expect(await runJob(job_id)).toMatchObject({ state: 'PARTIAL' });
  await requestJob(sql, contract_id, 50);
  expect(await resume(job_id)).toMatchObject({ code: 'QUOTA_EXCEEDED', metadata: { requested: 100, remaining: 50 } });
  expect((await jobOf(sql, job_id)).state).toBe('PARTIAL');
});

describe('cancelling', () => {
  test('before the first chunk makes no license and releases all quota', async () => {
    const { contract_id, job_id } = await contractWithJob();
    await cancel(job_id);
    expect(await runJob(job_id)).toEqual({ state: 'CANCELLED', completed: 0, requested: REQUESTED });
    expect(await claimedOf(contract_id)).toBe(0);
  });

  test.each([0, 1, 7, 10, 18])(
    'when %i chunks exist keeps those licenses and releases the rest of the quota',
    async (chunks) => {
      const fillSlowly: FillOverride = async (fill, input) => {
        // One chunk after the other, so that the cancellation comes after a certain chunk.
        for (let chunk = input.from_chunk; chunk < input.to_chunk; chunk++) {
          const [made] = await sql<
            [{ count: number }]
          >`SELECT count(*)::int FROM generation_chunks WHERE job_id = ${input.job_id}`;
          if (made.count >= chunks) await cancel(input.job_id);
          const filled = await fill({ ...input, from_chunk: chunk, to_chunk: chunk + 1 });
          if (filled.stopped) return filled;
        }
        return { stopped: false, given_up: [] };
      };
      overrides = overrideFill(fillSlowly);
      const { contract_id, job_id } = await contractWithJob();
      const result = await runJob(job_id);
      expect(result).toMatchObject({ state: 'CANCELLED' });
      const made = (await ordinalsOf(job_id)).length;
      // Two ranges are in flight: the other one may have been making a chunk.
      expect([chunks * CHUNK, (chunks + 1) * CHUNK]).toContain(made);
      expect(await claimedOf(contract_id)).toBe(made);
    },
  );

  test('ends a paused job', async () => {
    const { contract_id, job_id } = await contractWithJob();
    await commandContract(contract_id, { name: 'pause', input: {} });
    await worker.nudger.wakeJobs([job_id]);
    await waitFor(async () => (await jobOf(sql, job_id)).state === 'PAUSED', {
      timeout_ms: 10_000,
      what: 'the job to pause',
    });
    expect(await claimedOf(contract_id)).toBe(REQUESTED);
    await cancel(job_id);
    expect(await runJob(job_id)).toMatchObject({ state: 'CANCELLED', completed: 0 });
    expect(await claimedOf(contract_id)).toBe(0);
  });
});

test('a paused contract stops its job at the next chunk, and the job continues after the contract is resumed', async () => {
  let paused = false;
  overrides = overrideFill(async (fill, input) => {
    if (!paused) {
      paused = true;
      await fill({ ...input, to_chunk: input.from_chunk + 3 });
      await commandContract(contract_id, { name: 'pause', input: {} });
    }
    return fill(input);
  });
  const { contract_id, job_id } = await contractWithJob();
  await worker.nudger.wakeJobs([job_id]);
  await waitFor(async () => (await jobOf(sql, job_id)).state === 'PAUSED', {
    timeout_ms: 10_000,
    what: 'the job to pause',
  });
  const made = (await ordinalsOf(job_id)).length;
  expect(made).toBeLessThan(REQUESTED);
  expect(await claimedOf(contract_id)).toBe(REQUESTED);
  await nextTurn();
  expect((await ordinalsOf(job_id)).length).toBe(made);

  const jobs_to_wake = await commandContract(contract_id, { name: 'resume', input: {} });
  expect(jobs_to_wake).toEqual([job_id]);
  expect(await runJob(job_id)).toMatchObject({ state: 'SUCCEEDED', completed: REQUESTED });
  const actions = (await auditOf(sql, contract_id))
    .map(({ action }) => action)
    .filter((action) => action.startsWith('job.'));
  expect(actions).toEqual(['job.started', 'job.paused', 'job.continued', 'job.finished']);
});

test('a contract that expires during its job stops it, and the job keeps its reservation until it is cancelled', async () => {
  const end_date = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
  let ranges = 0;
  overrides = overrideFill((fill, input) =>
    fill(
      ranges++ === 0 ? { ...input, to_chunk: input.from_chunk + 2 } : { ...input, now: `${end_date}T00:00:00.000Z` },
    ),
  );
  const start_date = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  const { contract_id, job_id } = await contractWithJob(REQUESTED, { start_date, end_date });
  await worker.nudger.wakeJobs([job_id]);
  await waitFor(async () => (await jobOf(sql, job_id)).state === 'PAUSED', {
    timeout_ms: 10_000,
    what: 'the job to stop',
  });
  expect((await auditOf(sql, contract_id)).filter(({ action }) => action === 'contract.expired')).toEqual([
    { action: 'contract.expired', at: `${end_date}T00:00:00.000Z`, actor: 'system', state: 'EXPIRED' },
  ]);
  expect(await claimedOf(contract_id)).toBe(REQUESTED);
  await cancel(job_id);
  expect(await runJob(job_id)).toMatchObject({ state: 'CANCELLED' });
  expect(await claimedOf(contract_id)).toBe((await ordinalsOf(job_id)).length);
});

test('a job that continues as new again and again continues with the next chunk', async () => {
  let ranges = 0;
  overrides = overrideFill((fill, input) => (ranges++, fill(input)));
  const { job_id } = await contractWithJob(400);
  // 400 chunks are 20 ranges; the test server suggests continue-as-new after about eight.
  await sql`UPDATE generation_jobs SET chunk_size = 1 WHERE id = ${job_id}`;
  await forbidChunks('chunk_no = 5');
  await worker.nudger.wakeJobs([job_id]);
  const first_run = await handleOf(job_id).describe();
  expect(await handleOf(job_id).result()).toEqual({ state: 'PARTIAL', completed: 399, requested: 400 });
  expect((await handleOf(job_id).describe()).runId).not.toBe(first_run.runId);
  expect(ranges).toBe(20);
  expect((await jobOf(sql, job_id)).errors).toEqual([{ ordinal_from: 6, ordinal_to: 6, code: 'CHUNK_FAILED' }]);
});

test('waking a finished job changes nothing', async () => {
  const { contract_id, job_id } = await contractWithJob(100);
  await runJob(job_id);
  const before = await auditOf(sql, contract_id);
  expect(await runJob(job_id)).toEqual({ state: 'SUCCEEDED', completed: 100, requested: 100 });
  expect(await auditOf(sql, contract_id)).toEqual(before);
});

test('a job that waits for Postgres adds no history events, however long the outage is', async () => {
  const { job_id } = await contractWithJob();
  let reachable = false;
  let regular_attempts = 0;
  overrides = (activities) => ({
    openJob: async (input) => {
      if (reachable) return activities.openJob(input);
      const { isLocal, attempt } = activityInfo();
      if (!isLocal) regular_attempts = attempt;
      throw Object.assign(new Error('simulated'), { code: 'ECONNREFUSED' });
    },
  });
  await worker.nudger.wakeJobs([job_id]);
  const events = async (): Promise<number> => (await handleOf(job_id).fetchHistory()).events?.length ?? 0;
  const attempts = (count: number) =>
    waitFor(() => regular_attempts >= count || undefined, { timeout_ms: 25_000, what: `attempt ${count}` });
  await attempts(1);
  const before = await events();
  await attempts(4);
  expect(await events()).toBe(before);
  expect(before).toBeLessThan(20);
  reachable = true;
  expect(await handleOf(job_id).result()).toMatchObject({ state: 'SUCCEEDED', completed: REQUESTED });
});

test('unexplained failures are counted across outages, and the job is closed after a number of them', async () => {
  const { job_id } = await contractWithJob(CHUNK);
  await sql.unsafe(`
    CREATE FUNCTION test_fail() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'simulated' USING ERRCODE = 'internal_error'; END $$;
    CREATE TRIGGER test_fail BEFORE INSERT ON licenses FOR EACH STATEMENT EXECUTE FUNCTION test_fail()`);
  let attempts = 0;
  overrides = overrideFill(async (fill, input) => {
    attempts = activityInfo().attempt;
    if (attempts === 2) throw Object.assign(new Error('simulated'), { code: 'ECONNREFUSED' });
    return fill({ ...input, attempts_max: 3 });
  });
  expect(await runJob(job_id)).toMatchObject({ state: 'FAILED', completed: 0 });
  expect(attempts).toBe(4);
});
