/** The activities of `generateLicenses`: they open a job, generate the licenses of ranges of chunks, and close the job. */
import { randomFillSync } from 'node:crypto';
import { Context, log } from '@temporalio/activity';
import { isTransient, isPermanent, violates } from '../../db/base/errors';
import { insertChunk, listMissingChunks } from '../../db/generation/chunk';
import type { ChunkOutcome } from '../../db/generation/chunk';
import { findJob, findJobPlan } from '../../db/generation/generation-job';
import type { JobError, JobPlan } from '../../db/generation/generation-job';
import { notifyProgress, startJob } from '../../db/generation/job-state';
import type { RunningJob } from '../../db/generation/job-state';
import type { Database, Sql } from '../../db/base/database';
import { findTestClockTime } from '../../db/contract/clock';
import { countImportChunks } from '../../db/import/import';
import { chunkCount, chunkSpan, isUnfinished } from '../../domain/generation/generation-job';
import type { JobState } from '../../domain/generation/generation-job';
import { instantFromMillis, millisOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { joinedKeys } from '../../domain/catalogue/license-key';
import { bySystem } from '../../transactions/generation/change-job';
import { finishJob } from '../../transactions/generation/finish-job';
import { openJob } from '../../transactions/generation/open-job';
import { finishImport } from '../../transactions/import/change-import';
import { importChunk } from '../../transactions/import/import-chunk';
import { settleForGeneration } from '../../transactions/generation/settle-for-generation';
import { KEY_DRAWS_MAX } from '../../transactions/generation/request-licenses';
import { beginWithShortWaits } from '../base/short-wait';
import type { Nudger } from '../ports';
import { createContractTurns } from './contract-turns';

/** What the workflow knows about its job. */
export interface OpenedJob {
  job_id: string;
  contract_id: string;
  /** Null when names must not be stored in Temporal; absent in results of earlier versions. */
  contract_name?: string | null;
  state: JobState;
  requested: number;
  completed: number;
  chunks: number;
  /** The task queue of `fillChunks`. */
  task_queue: string;
}

interface JobInput {
  job_id: string;
  now: Instant;
}

export interface OpenJobInput extends JobInput {
  /** The epoch of the server on which the workflow was started, to be recorded. */
  epoch?: string | undefined;
}

export interface FillChunksInput {
  job_id: string;
  /** The first chunk of the range. */
  from_chunk: number;
  /** The first chunk after the range. */
  to_chunk: number;
  now: Instant;
  /** A chunk is given up after this many failures for unknown reasons, counted over all attempts. */
  attempts_max: number;
}

export interface FilledRange {
  /** Whether the job or its contract stopped generation before the end of the range. */
  stopped: boolean;
  /** Chunks that failed permanently. */
  given_up: number[];
}

export interface CloseJobInput extends JobInput {
  /** Absent in runs of earlier versions. */
  contract_id?: string;
  given_up: number[];
}

/**
 * The number of failures of earlier attempts. Heartbeat details carry it from one attempt to the next. It differs from the number of
 * attempts, because attempts that fail in an outage must not count. Attempts of an earlier version had other details.
 */
function failuresBefore(details: unknown): number {
  const { failures } = Object(details) as { failures?: unknown };
  return typeof failures === 'number' ? failures : 0;
}

/** A chunk that failed permanently, with its last error. */
interface GivenUpChunk {
  error: unknown;
}

/** Logs why chunks of a range are given up. The job stores only which licenses are missing. */
function logGivenUp(job_id: string, chunk_no: number, error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error);
  const { code: sqlstate } = Object(error) as { code?: unknown };
  log.warn('a chunk is given up', { job_id, chunk_no, sqlstate, reason });
}

/** The interval between two progress notifications of a job. */
const PROGRESS_INTERVAL_MS = 500;

/** A clock for one attempt that starts at `now`. A range can take minutes, and its contract can end during that time. */
function attemptClock(now: Instant): () => Instant {
  const begun_ms = performance.now();
  return () => instantFromMillis(Math.floor(millisOf(now) + performance.now() - begun_ms));
}

export type GenerationJobActivities = ReturnType<typeof createGenerationJobActivities>;

export function createGenerationJobActivities({
  db,
  nudger,
  fillTaskQueue,
  showNames = false,
}: {
  db: Database;
  nudger: Pick<Nudger, 'wakePools' | 'wakeOperations'>;
  fillTaskQueue: string;
  /** Whether names may be stored in Temporal; false by default. */
  showNames?: boolean | undefined;
}) {
  const inContractTurn = createContractTurns();

  /** Runs a transaction that locks rows of a contract, one at a time for each contract. */
  function beginInTurn<T>(contract_id: string, work: (tx: Sql) => Promise<T>): Promise<T> {
    return inContractTurn(contract_id, () => beginWithShortWaits(db, work));
  }

  /** The clock of a job: that of the attempt, or the contract's test clock, which may move between two chunks. */
  function clockOf(plan: JobPlan, attempt: () => Instant): () => Promise<Instant> {
    if (plan.test_clock_id === null) return async () => attempt();
    return async () => (await findTestClockTime(db, plan.contract_id)) ?? attempt();
  }

  /** Generates one chunk, with new keys when a key exists already. */
  async function makeChunk(
    plan: JobPlan,
    chunk_no: number,
    now: Instant,
    first_keys: string,
  ): Promise<ChunkOutcome | GivenUpChunk> {
    if (plan.execution === 'import') return importOnce(plan.id, chunk_no, now);
    const span = chunkSpan(plan.requested, plan.chunk_size, chunk_no);
    let keys = first_keys;
    for (let draws = 1; ; draws++) {
      try {
        return await insertChunk(db, { job_id: plan.id, chunk_no, ...span, keys, now });
      } catch (error) {
        const collision = violates(error, 'license_key_unique');
        if (collision && draws < KEY_DRAWS_MAX) {
          keys = joinedKeys(plan.key_format, span.licenses, randomFillSync);
          continue;
        }
        if (collision || isPermanent(error)) return { error };
        throw error;
      }
    }
  }

  /** Imports one chunk. Its keys are those of the file: first it expects that none of them exists, which nearly always is true. */
  async function importOnce(job_id: string, chunk_no: number, now: Instant): Promise<ChunkOutcome | GivenUpChunk> {
    for (let expects_new_keys = true; ; expects_new_keys = false) {
      try {
        return await beginWithShortWaits(db, (tx) => importChunk(tx, { job_id, chunk_no, now, expects_new_keys }));
      } catch (error) {
        if (expects_new_keys && violates(error, 'license_key_unique')) continue;
        if (isPermanent(error)) return { error };
        throw error;
      }
    }
  }

  return {
    /** Sets a job running, or pauses it while its contract does not allow generation. Safe to run twice. */
    async openJob({ job_id, now, epoch }: OpenJobInput): Promise<OpenedJob> {
      const started = await startJob(db, bySystem(job_id, now), epoch);
      if (started) return await toOpenedJob(job_id, 'RUNNING', started);
      const job = await findJob(db, job_id);
      if (!job) throw new Error(`generation job ${job_id} does not exist`);
      if (!isUnfinished(job.state) || job.state === 'CANCELLING') return toOpenedJob(job_id, job.state, job);
      const opening = { job_id, contract_id: job.contract_id, now, epoch };
      const state = await beginInTurn(job.contract_id, (tx) => openJob(tx, opening));
      return toOpenedJob(job_id, state, job);
    },

    /**
     * Generates the chunks of a range that do not exist yet, with a heartbeat after each. Safe to run twice, also at the same time. Stops
     * as soon as the job or its contract stops generation. Throws while Postgres is unreachable, so that Temporal retries it.
     */
    async fillChunks(input: FillChunksInput): Promise<FilledRange> {
      const context = Context.current();
      const plan = await findJobPlan(db, input.job_id);
      if (!plan) throw new Error(`generation job ${input.job_id} does not exist`);
      const clock = clockOf(plan, attemptClock(input.now));
      const missing = await listMissingChunks(db, input.job_id, input.from_chunk, input.to_chunk);
      const given_up: number[] = [];
      let failures = failuresBefore(context.info.heartbeatDetails);
      const draw = (chunk_no: number | undefined): string =>
        chunk_no === undefined || plan.execution === 'import'
          ? ''
          : joinedKeys(plan.key_format, chunkSpan(plan.requested, plan.chunk_size, chunk_no).licenses, randomFillSync);

      let notified_at_ms = performance.now();
      let keys = draw(missing[0]);
      for (let i = 0; i < missing.length; i++) {
        context.cancellationSignal.throwIfAborted();
        const chunk_no = missing[i] as number;
        const making = makeChunk(plan, chunk_no, await clock(), keys);
        // The keys of the next chunk are generated while Postgres inserts this one.
        keys = draw(missing[i + 1]);
        let outcome: ChunkOutcome | GivenUpChunk;
        try {
          outcome = await making;
        } catch (error) {
          if (isTransient(error)) throw error;
          failures += 1;
          context.heartbeat({ failures });
          if (failures < input.attempts_max) throw error;
          outcome = { error };
        }
        context.heartbeat({ failures });
        if (performance.now() - notified_at_ms > PROGRESS_INTERVAL_MS) {
          notified_at_ms = performance.now();
          await notifyProgress(db, plan.id);
        }
        if (typeof outcome === 'object') {
          // Once for each attempt: the following chunks usually fail for the same reason.
          if (given_up.length === 0) logGivenUp(plan.id, chunk_no, outcome.error);
          given_up.push(chunk_no);
        } else if (outcome === 'boundary_due') {
          const now = await clock();
          const decision = await beginInTurn(plan.contract_id, (tx) => settleForGeneration(tx, plan.contract_id, now));
          if (decision !== 'generate') return { stopped: true, given_up };
          i -= 1;
          keys = draw(chunk_no);
        } else if (outcome !== 'filled') return { stopped: true, given_up };
      }
      return { stopped: false, given_up };
    },

    /**
     * Closes a job: counts the licenses that were generated and releases the quota of the others. Wakes the replenishment that requested
     * them, or the operation that assigns them. Safe to run twice.
     */
    async closeJob({
      job_id,
      contract_id,
      now,
      given_up,
    }: CloseJobInput): Promise<{ state: JobState; completed: number }> {
      const plan = await findJobPlan(db, job_id);
      if (plan?.execution === 'import')
        return beginInTurn(plan.contract_id, (tx) => finishImport(tx, bySystem(job_id, now)));
      const errors = given_up.length === 0 ? [] : await errorsOf(job_id, given_up);
      const { replenished_id, assignment, ...closed } = await beginInTurn(contract_id ?? job_id, (tx) =>
        finishJob(tx, bySystem(job_id, now), errors),
      );
      if (replenished_id !== null) await nudger.wakePools([replenished_id]);
      if (assignment !== null) await nudger.wakeOperations([assignment]);
      return closed;
    },
  };

  /** The errors of a job for chunks that were given up, as ranges of ordinals. */
  async function errorsOf(job_id: string, given_up: number[]): Promise<JobError[]> {
    const plan = await findJobPlan(db, job_id);
    if (!plan) throw new Error(`generation job ${job_id} does not exist`);
    return [...given_up]
      .sort((a, b) => a - b)
      .map((chunk_no) => {
        const { from_ordinal, licenses } = chunkSpan(plan.requested, plan.chunk_size, chunk_no);
        return { ordinal_from: from_ordinal, ordinal_to: from_ordinal + licenses - 1, code: 'CHUNK_FAILED' };
      });
  }

  async function toOpenedJob(job_id: string, state: JobState, job: RunningJob): Promise<OpenedJob> {
    const { contract_id, requested, completed, chunk_size, execution } = job;
    const chunks = execution === 'import' ? await countImportChunks(db, job_id) : chunkCount(requested, chunk_size);
    const contract_name = showNames ? job.contract_name : null;
    return { job_id, contract_id, contract_name, state, requested, completed, chunks, task_queue: fillTaskQueue };
  }
}
