/**
 * The state of a generation job: the statements that lock and change it, and tell those who follow it.
 *
 * Locking: a grant takes the quota's row, a chunk takes only a key-share lock on its job, and whatever releases a
 * reservation takes the job's row for update first, so that no chunk can be in flight when the rest is counted.
 */
import { storedActor } from '../../domain/base/actor';
import type { Actor } from '../../domain/base/actor';
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import type { JsonObject } from '../../domain/base/json';
import { jobAction } from '../../domain/generation/generation-job';
import type { JobState } from '../../domain/generation/generation-job';
import { insertAudit } from '../base/audit';
import type { Sql } from '../base/database';
import { clockTime } from '../contract/clock';
import type { JobError } from './generation-job';

/** Who changes a job, and when. */
export interface JobChange {
  job_id: string;
  actor: Actor;
  /** The time of the contract's test clock holds instead, where it has one. */
  now: Instant;
  request_id: string | null;
}

/** A job that runs. */
export interface RunningJob {
  contract_id: string;
  contract_name: string;
  requested: number;
  chunk_size: number;
  completed: number;
}

/**
 * Sets a queued job running in one statement, when its contract generates and no boundary of it is due. It waits for no row:
 * undefined when another transaction has the job, or when there is more to find out; the caller then settles the contract and
 * uses `openJob`.
 */
export async function startJob(sql: Sql, change: JobChange, epoch?: string): Promise<RunningJob | undefined> {
  const [job] = await sql<RunningJob[]>`
    WITH mine AS (
      SELECT id FROM generation_jobs WHERE id = ${change.job_id} AND state = 'QUEUED' FOR NO KEY UPDATE SKIP LOCKED
    ), job AS (
      UPDATE generation_jobs g SET state = 'RUNNING', started_at = coalesce(g.started_at, k.now, ${change.now}),
             workflow_epoch = coalesce(g.workflow_epoch, ${epoch ?? null})
      FROM mine, contracts c LEFT JOIN test_clocks k ON k.id = c.test_clock_id
      WHERE g.id = mine.id AND g.state = 'QUEUED' AND c.id = g.contract_id
        AND c.may_generate AND coalesce(c.next_boundary_at, 'infinity') > coalesce(k.now, ${change.now}::timestamptz)
      RETURNING g.id, g.contract_id, c.name AS contract_name, g.environment, g.requested, g.chunk_size, k.now AS clock_now
    ), audited AS (
      INSERT INTO audit_events (at, actor, action, subject_type, subject_id, contract_id, environment, before, after, request_id, clock)
      SELECT coalesce(clock_now, ${change.now}), ${sql.json(storedActor(change.actor))}, 'job.started', 'job', id, contract_id, environment,
             '{"state": "QUEUED"}', '{"state": "RUNNING"}', ${change.request_id}, CASE WHEN clock_now IS NULL THEN 'real' ELSE 'test' END
      FROM job
    )
    SELECT contract_id, contract_name, requested, chunk_size, pg_notify(${PROGRESS_CHANNEL}, ${stateChanged(change.job_id)}),
           (SELECT coalesce(sum(licenses), 0)::int FROM generation_chunks k WHERE k.job_id = job.id) AS completed
    FROM job`;
  return job;
}

/** A job whose row is locked. */
export interface LockedJob {
  id: string;
  contract_id: string;
  environment: Environment;
  requested: number;
  state: JobState;
  completed: number;
  /** The time of its contract's test clock, or null. */
  clock_now: Instant | null;
}

/**
 * Locks the row first and counts afterwards, so that the count is as it stands under the lock. To `change` the state does
 * not wait for chunks in flight, which a busy job always has; to `release` its reservation waits until there are none.
 */
export async function lockJob(tx: Sql, id: string, purpose: 'change' | 'release'): Promise<LockedJob | undefined> {
  const [job] = await tx<Omit<LockedJob, 'completed' | 'clock_now'>[]>`
    SELECT id, contract_id, environment, requested, state FROM generation_jobs WHERE id = ${id}
    ${purpose === 'change' ? tx`FOR NO KEY UPDATE` : tx`FOR UPDATE`}`;
  if (!job) return undefined;
  const [sum] = await tx<[Pick<LockedJob, 'completed' | 'clock_now'>]>`
    SELECT coalesce(sum(licenses), 0)::int AS completed, ${clockTime(tx, tx`${job.contract_id}`)} AS clock_now
    FROM generation_chunks WHERE job_id = ${id}`;
  return { ...job, ...sum };
}

/** When a change of a job holds. */
export function effectiveTime(job: Pick<LockedJob, 'clock_now'>, change: Pick<JobChange, 'now'>): Instant {
  return job.clock_now ?? change.now;
}

/** Sets the state of a locked job; one that runs for the first time has started at `started_at`. */
export async function setJobState(tx: Sql, id: string, state: JobState, started_at: Instant | null): Promise<void> {
  await tx`UPDATE generation_jobs SET state = ${state}, started_at = coalesce(started_at, ${started_at}) WHERE id = ${id}`;
}

/** Makes a locked job that has ended one that waits to run, without the errors of its run before. */
export async function requeueJob(tx: Sql, id: string, state: JobState): Promise<void> {
  await tx`UPDATE generation_jobs SET state = ${state}, finished_at = NULL, errors = '[]' WHERE id = ${id}`;
}

/** Ends a locked job. */
export async function endJob(
  tx: Sql,
  id: string,
  { state, now, errors }: { state: JobState; now: Instant; errors: readonly JobError[] },
): Promise<void> {
  await tx`UPDATE generation_jobs SET state = ${state}, finished_at = ${now}, errors = ${tx.json(errors as never)} WHERE id = ${id}`;
}

/**
 * Has the unfinished jobs of a contract cancelled, in the order of their ids; answers them as they were. Chunks in flight are not
 * waited for.
 */
export async function cancelJobsOf(tx: Sql, contract_id: string): Promise<Omit<LockedJob, 'completed'>[]> {
  return tx<Omit<LockedJob, 'completed'>[]>`
    WITH open AS MATERIALIZED (
      SELECT id, contract_id, environment, requested, state FROM generation_jobs
      WHERE contract_id = ${contract_id} AND state IN ('QUEUED', 'RUNNING', 'PAUSED') ORDER BY id FOR NO KEY UPDATE
    ), cancelled AS (
      UPDATE generation_jobs g SET state = 'CANCELLING' FROM open WHERE g.id = open.id
    )
    SELECT id, contract_id, environment, requested, state, ${clockTime(tx, tx`open.contract_id`)} AS clock_now,
           pg_notify(${PROGRESS_CHANNEL}, concat(id, '!'))
    FROM open ORDER BY id`;
}

/** Writes the audit rows of jobs that were locked and have this state now. */
export function auditJobs(
  tx: Sql,
  jobs: readonly Omit<LockedJob, 'completed'>[],
  change: Pick<JobChange, 'actor' | 'now' | 'request_id'>,
  { state, more }: { state: JobState; more?: JsonObject },
): Promise<void> {
  const { actor, request_id } = change;
  return insertAudit(
    tx,
    jobs.map((job) => ({
      at: effectiveTime(job, change),
      actor,
      request_id,
      action: jobAction(job.state, state),
      subject_type: 'job',
      subject_id: job.id,
      contract_id: job.contract_id,
      environment: job.environment,
      before: { state: job.state },
      after: { state, ...more },
      clock: job.clock_now === null ? 'real' : 'test',
    })),
  );
}

/** The channel on which listeners hear that a job went on: its id, followed by `!` when its state changed. */
export const PROGRESS_CHANNEL = 'job_progress';

function stateChanged(job_id: string): string {
  return `${job_id}!`;
}

/**
 * Tells listeners that a job made progress. It is not part of the chunk's own statement: commits that notify wait for
 * each other in Postgres, and a job has two under way at any time.
 */
export async function notifyProgress(sql: Sql, job_id: string): Promise<void> {
  await sql`SELECT pg_notify(${PROGRESS_CHANNEL}, ${job_id})`;
}

/** Tells listeners that the state of a job changed; they hear it when the transaction commits. */
export async function notifyStateChanged(sql: Sql, job_id: string): Promise<void> {
  await sql`SELECT pg_notify(${PROGRESS_CHANNEL}, ${stateChanged(job_id)})`;
}
