/**
 * Random sequences of commands on one contract run against the product on real Postgres and against a small model. Both always
 * agree on the contract's state, the quota and every job, and no sequence breaks an invariant.
 *
 * Jobs are filled by the real activities without Temporal, a few chunks at a time, so that every other command can come between
 * any two chunks.
 */
import { MockActivityEnvironment } from '@temporalio/testing';
import fc from 'fast-check';
import { createGenerationJobActivities } from '../../activities/generation/generation-job';
import { runCommand } from '../../transactions/contract/run-command';
import { settleByTime } from '../../transactions/contract/settle-contract';
import { createLicenseRequests } from '../../transactions/generation/request-licenses';
import type { RequestLicenses } from '../../transactions/generation/license-request';
import { cancelJob } from '../../transactions/generation/change-job';
import { resumeJob } from '../../transactions/generation/resume-job';
import type { ContractCommand } from '../../domain/contract/command';
import type { JobState } from '../../domain/generation/generation-job';
import { instantFromMillis, millisOf } from '../../domain/base/instant';
import { isRefusal } from '../../domain/base/refusal';
import { findContract } from '../../db/contract/contract';
import type { ContractRow } from '../../db/contract/contract';
import { buildContract, buildRequest, jobOf } from '../harness/contract-rows';
import { TEST_ACTOR } from '../harness/contract-facts';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { expectInvariants } from '../harness/invariants';
import { createRecordingNudger } from '../harness/recording-nudger';

/** The number of sequences, and of commands in each. They take about ten seconds. */
const SEQUENCES = 16;
const COMMANDS_MAX = 120;
const SEED = 20_261_122;
const TEST_TIMEOUT_MS = 120_000;

const DAY_MS = 86_400_000;
const STARTS_AT = '2027-01-01T00:00:00.000Z';
const ENDS_AT = '2027-01-21T00:00:00.000Z';
const QUOTA = 600;
const CHUNK = 100;

type ModelState = 'ACTIVE' | 'PAUSED' | 'EXPIRED';

interface ModelJob {
  requested: number;
  state: JobState;
  /** Numbers of the chunks that exist. */
  chunks: Set<number>;
}

/** The facts of a contract that concern its licenses. */
class Model {
  now = STARTS_AT;
  paused = false;
  resume_at: string | null = null;
  total = QUOTA;
  claimed = 0;
  jobs: ModelJob[] = [];

  get state(): ModelState {
    if (this.now >= ENDS_AT) return 'EXPIRED';
    return this.paused ? 'PAUSED' : 'ACTIVE';
  }

  pass(ms: number): void {
    this.now = instantFromMillis(millisOf(this.now) + ms);
    if (this.paused && this.resume_at !== null && this.resume_at <= this.now) this.paused = false;
  }

  /** The code of a refusal, or null. */
  claim(licenses: number): string | null {
    if (this.claimed + licenses > this.total) return 'QUOTA_EXCEEDED';
    this.claimed += licenses;
    return null;
  }
}

interface Real {
  sql: TestDatabase['sql'];
  contract_id: string;
  /** In the order of the model's. */
  job_ids: string[];
  request: RequestLicenses;
  activities: ReturnType<typeof createGenerationJobActivities>;
}

const UNFINISHED: JobState[] = ['QUEUED', 'RUNNING', 'PAUSED', 'CANCELLING'];

const chunksOf = (job: ModelJob): number => Math.ceil(job.requested / CHUNK);
const sizeOf = (job: ModelJob, chunk_no: number): number => Math.min(CHUNK, job.requested - chunk_no * CHUNK);

function completedOf(job: ModelJob): number {
  return [...job.chunks].reduce((sum, chunk_no) => sum + sizeOf(job, chunk_no), 0);
}

/** One command: what the model makes of it, what the product makes of it, and that both came to the same. */
abstract class Command implements fc.AsyncCommand<Model, Real> {
  check(_model: Readonly<Model>): boolean {
    return true;
  }
  abstract apply(model: Model): string;
  abstract perform(real: Real, now: string): Promise<string>;

  async run(model: Model, real: Real): Promise<void> {
    const expected = this.apply(model);
    expect(await this.perform(real, model.now)).toBe(expected);
    expect(await seen(real, model.now)).toEqual(shown(model));
    await expectInvariants(real.sql);
  }
}

function shown(model: Model): unknown {
  const owed = model.jobs
    .filter((job) => UNFINISHED.includes(job.state))
    .map((job) => job.requested - completedOf(job));
  return {
    state: model.state,
    total: model.total,
    claimed: model.claimed,
    reserved: owed.reduce((sum, licenses) => sum + licenses, 0),
    jobs: model.jobs.map((job) => `${job.state} ${completedOf(job)}/${job.requested}`),
  };
}

async function seen(real: Real, now: string): Promise<unknown> {
  const settled = await real.sql.begin((tx) => settleByTime(tx, { id: real.contract_id, now }));
  if (isRefusal(settled)) throw new Error(settled.detail);
  const jobs = await real.sql<{ summary: string }[]>`
    SELECT format('%s %s/%s', state, (SELECT coalesce(sum(licenses), 0) FROM generation_chunks WHERE job_id = g.id), requested) AS summary
    FROM generation_jobs g WHERE contract_id = ${real.contract_id} ORDER BY serial`;
  const row = (await findContract(real.sql, real.contract_id)) as ContractRow;
  return {
    state: row.state,
    total: row.quota_total,
    claimed: row.quota_claimed,
    reserved: row.reserved,
    jobs: jobs.map((job) => job.summary),
  };
}

class Pass extends Command {
  constructor(readonly ms: number) {
    super();
  }
  apply(model: Model): string {
    model.pass(this.ms);
    return 'passed';
  }
  async perform(): Promise<string> {
    return 'passed';
  }
  override toString = (): string => `pass ${this.ms} ms`;
}

class Generate extends Command {
  constructor(readonly count: number) {
    super();
  }
  apply(model: Model): string {
    if (model.state === 'EXPIRED') return 'CONTRACT_EXPIRED';
    if (model.state === 'PAUSED') return 'CONTRACT_INACTIVE';
    const refusal = model.claim(this.count);
    if (refusal) return refusal;
    const inline = this.count < CHUNK;
    model.jobs.push({
      requested: this.count,
      state: inline ? 'SUCCEEDED' : 'QUEUED',
      chunks: new Set(inline ? [0] : []),
    });
    return 'granted';
  }
  async perform(real: Real, now: string): Promise<string> {
    const { result } = await real.request(buildRequest(real.contract_id, this.count, { now }));
    if (isRefusal(result)) return result.code;
    real.job_ids.push(result.job.id);
    return 'granted';
  }
  override toString = (): string => `generate ${this.count}`;
}

/**
 * A turn of a job's workflow: open it, make one of its chunks, and close it when it has come to its end or gave up. A late
 * turn does not open it again: it was opened at some time before, and its contract may have changed since.
 */
class Work extends Command {
  /** The job that the model chose: one that has something left to do, where there is one. */
  private index = 0;

  constructor(
    readonly pick: number,
    readonly from_chunk: number,
    readonly gives_up: boolean,
    readonly late: boolean,
  ) {
    super();
  }
  override check(model: Readonly<Model>): boolean {
    return model.jobs.length > 0;
  }
  apply(model: Model): string {
    const unfinished = model.jobs.filter(({ state }) => UNFINISHED.includes(state));
    const jobs = unfinished.length > 0 ? unfinished : model.jobs;
    const job = jobs[this.pick % jobs.length] as ModelJob;
    this.index = model.jobs.indexOf(job);
    if (!UNFINISHED.includes(job.state)) return job.state;
    if (job.state !== 'CANCELLING' && !this.late) job.state = model.state === 'ACTIVE' ? 'RUNNING' : 'PAUSED';
    const fills = job.state === 'RUNNING' && model.state === 'ACTIVE';
    if (fills && this.from_chunk < chunksOf(job)) job.chunks.add(this.from_chunk);
    const all = job.chunks.size === chunksOf(job);
    if (job.state === 'CANCELLING' || (job.state === 'RUNNING' && (all || this.gives_up))) {
      const completed = completedOf(job);
      model.claimed -= job.requested - completed;
      const ended: JobState = all ? 'SUCCEEDED' : completed > 0 ? 'PARTIAL' : 'FAILED';
      job.state = job.state === 'CANCELLING' ? 'CANCELLED' : ended;
    }
    return job.state;
  }
  async perform({ sql, activities, job_ids }: Real, now: string): Promise<string> {
    const job_id = job_ids[this.index] as string;
    if (!this.late) await activities.openJob({ job_id, now });
    const { state, requested } = await jobOf(sql, job_id);
    if (state === 'RUNNING' && this.from_chunk < requested / CHUNK) {
      const range = { job_id, from_chunk: this.from_chunk, to_chunk: this.from_chunk + 1, now, attempts_max: 1 };
      await new MockActivityEnvironment().run(() => activities.fillChunks(range));
    }
    const { completed } = await jobOf(sql, job_id);
    if (state === 'CANCELLING' || (state === 'RUNNING' && (this.gives_up || completed === requested))) {
      return (await activities.closeJob({ job_id, now, given_up: [] })).state;
    }
    return state;
  }
  override toString = (): string =>
    `work ${this.late ? 'late ' : ''}on job ${this.pick}, chunk ${this.from_chunk}${this.gives_up ? ', and give up' : ''}`;
}

class CancelJob extends Command {
  constructor(readonly pick: number) {
    super();
  }
  override check(model: Readonly<Model>): boolean {
    return model.jobs.length > 0;
  }
  apply(model: Model): string {
    const job = model.jobs[this.pick % model.jobs.length] as ModelJob;
    if (!UNFINISHED.includes(job.state)) return 'JOB_ALREADY_FINISHED';
    job.state = 'CANCELLING';
    return 'CANCELLING';
  }
  async perform({ sql, job_ids }: Real, now: string): Promise<string> {
    const change = { job_id: job_ids[this.pick % job_ids.length] as string, actor: TEST_ACTOR, now, request_id: null };
    const outcome = await sql.begin((tx) => cancelJob(tx, change));
    return isRefusal(outcome) ? outcome.code : outcome;
  }
  override toString = (): string => `cancel job ${this.pick}`;
}

class ResumeJob extends Command {
  constructor(readonly pick: number) {
    super();
  }
  override check(model: Readonly<Model>): boolean {
    return model.jobs.length > 0;
  }
  apply(model: Model): string {
    const job = model.jobs[this.pick % model.jobs.length] as ModelJob;
    if (job.state !== 'PARTIAL' && job.state !== 'FAILED') return 'JOB_NOT_RESUMABLE';
    const refusal = model.claim(job.requested - completedOf(job));
    if (!refusal) job.state = 'QUEUED';
    return refusal ?? 'QUEUED';
  }
  async perform({ sql, job_ids }: Real, now: string): Promise<string> {
    const change = { job_id: job_ids[this.pick % job_ids.length] as string, actor: TEST_ACTOR, now, request_id: null };
    const outcome = await sql.begin((tx) => resumeJob(tx, change));
    return isRefusal(outcome) ? outcome.code : outcome;
  }
  override toString = (): string => `resume job ${this.pick}`;
}

/** A command on the contract itself. */
abstract class ContractCommandOf extends Command {
  abstract command(now: string): ContractCommand;
  async perform({ sql, contract_id }: Real, now: string): Promise<string> {
    const request = { id: contract_id, actor: TEST_ACTOR, now, request_id: null };
    const outcome = await sql.begin((tx) => runCommand(tx, request, this.command(now)));
    if (isRefusal(outcome)) return outcome.code;
    if (outcome.refusal) return outcome.refusal.code;
    return outcome.changed ? 'changed' : 'unchanged';
  }
}

class Pause extends ContractCommandOf {
  constructor(readonly days: number | null) {
    super();
  }
  command(now: string): ContractCommand {
    const resume_at = this.days === null ? null : instantFromMillis(millisOf(now) + this.days * DAY_MS);
    return { name: 'pause', input: { resume_at } };
  }
  apply(model: Model): string {
    if (model.state === 'EXPIRED') return 'INVALID_STATE_TRANSITION';
    if (model.state === 'PAUSED') return 'unchanged';
    model.paused = true;
    model.resume_at = this.days === null ? null : instantFromMillis(millisOf(model.now) + this.days * DAY_MS);
    return 'changed';
  }
  override toString = (): string => `pause for ${this.days ?? 'ever'} days`;
}

class Resume extends ContractCommandOf {
  command(): ContractCommand {
    return { name: 'resume', input: {} };
  }
  apply(model: Model): string {
    if (model.state === 'EXPIRED') return 'INVALID_STATE_TRANSITION';
    if (model.state === 'ACTIVE') return 'unchanged';
    model.paused = false;
    return 'changed';
  }
  override toString = (): string => 'resume';
}

class SetQuota extends ContractCommandOf {
  constructor(readonly quota: number) {
    super();
  }
  command(): ContractCommand {
    return { name: 'edit', input: { quota: this.quota } };
  }
  apply(model: Model): string {
    if (this.quota === model.total) return 'unchanged';
    if (model.state === 'EXPIRED') return 'CONTRACT_EXPIRED';
    if (model.claimed > 0 && this.quota < model.claimed) return 'QUOTA_BELOW_USED';
    if (model.claimed > 0 && this.quota < model.total) return 'QUOTA_DECREASE_NOT_ALLOWED';
    model.total = this.quota;
    return 'changed';
  }
  override toString = (): string => `set the quota to ${this.quota}`;
}

const anyJob = fc.nat(9);
const rarely = fc.constantFrom(false, false, true);
const anyWork = fc
  .tuple(anyJob, fc.nat(4), rarely, fc.boolean())
  .map(([job, chunk, gives_up, late]) => new Work(job, chunk, gives_up, late));
const anyCommand: fc.Arbitrary<Command>[] = [
  fc.integer({ min: 1, max: 99 }).map((count) => new Generate(count)),
  fc.integer({ min: 100, max: 350 }).map((count) => new Generate(count)),
  anyWork,
  anyWork,
  anyWork,
  anyWork,
  anyJob.map((job) => new CancelJob(job)),
  anyJob.map((job) => new ResumeJob(job)),
  fc.option(fc.integer({ min: 1, max: 5 })).map((days) => new Pause(days)),
  fc.constant(new Resume()),
  fc.integer({ min: 1, max: 1_200 }).map((quota) => new SetQuota(quota)),
  fc.oneof(fc.integer({ min: 0, max: DAY_MS }), fc.integer({ min: 0, max: 12 * DAY_MS })).map((ms) => new Pass(ms)),
];

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test(
  'any order of generating, pausing, resuming, cancelling, raising and expiring keeps counts exact and oversells nothing',
  async () => {
    const { sql } = database;
    const outcomes = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.commands(anyCommand, { maxCommands: COMMANDS_MAX, size: 'max' }), async (commands) => {
        const input = {
          now: STARTS_AT,
          start_date: STARTS_AT.slice(0, 10),
          end_date: ENDS_AT.slice(0, 10),
          quota: QUOTA,
        };
        const { facts } = await buildContract(sql, input);
        const activities = createGenerationJobActivities({
          nudger: createRecordingNudger().nudger,
          db: sql,
          fillTaskQueue: 'none',
        });
        const real: Real = { sql, contract_id: facts.id, job_ids: [], request: createLicenseRequests(sql), activities };
        const model = new Model();
        await fc.asyncModelRun(() => ({ model, real }), commands);
        for (const job of model.jobs) outcomes.add(job.state);
        outcomes.add(model.state);
      }),
      { numRuns: SEQUENCES, seed: SEED, endOnFailure: true },
    );
    // The sequences must end jobs in every way.
    expect([...outcomes]).toEqual(
      expect.arrayContaining(['ACTIVE', 'PAUSED', 'EXPIRED', 'SUCCEEDED', 'PARTIAL', 'FAILED', 'CANCELLED']),
    );
  },
  TEST_TIMEOUT_MS,
);
