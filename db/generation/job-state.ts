/**
 * The state of a generation job: the statements that lock it, change it, and notify progress streams.
 *
 * Locking: a grant locks the quota row, and a chunk takes only a key-share lock on its job. A transaction that releases a reservation
 * first locks the job's row FOR UPDATE, so that no chunk is in progress when it counts what was not generated.
 */
import { storedActor } from '../../domain/base/actor';
import type { Actor } from '../../domain/base/actor';
import type { Channel, JobExecution } from '../../domain/base/channel';
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import type { JsonObject } from '../../domain/base/json';
import { jobAction } from '../../domain/generation/generation-job';
import type { JobState } from '../../domain/generation/generation-job';
import { insertAudit } from '../base/audit';
import type { Sql } from '../base/database';
import { testClockTime } from '../contract/clock';
import type { JobError } from './generation-job';

/** Who changes a job and when. */
export interface JobChange {
  job_id: string;
  actor: Actor;
  /** The real time. If the contract has a test clock, the time of that clock is used instead. */
  now: Instant;
  request_id: string | null;
}

/** A job that runs. */
export interface RunningJob {
  contract_id: string;
  contract_name: string;
  requested: number;
  chunk_size: number;
  execution: JobExecution;
  completed: number;
}

/**
 * Sets a queued job running in one statement, if its contract allows generation and no boundary of the contract is due. It does not wait
 * for rows: it returns undefined when a condition does not hold or another transaction has locked the job. Then the caller uses
 * `openJob`, which settles the contract.
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
      RETURNING g.id, g.contract_id, c.name AS contract_name, g.environment, g.requested, g.chunk_size, g.execution, k.now AS clock_now
    ), audited AS (
      INSERT INTO audit_events (at, actor, action, subject_type, subject_id, contract_id, environment, before, after, request_id, clock)
      SELECT coalesce(clock_now, ${change.now}), ${sql.json(storedActor(change.actor))}, 'job.started', 'job', id, contract_id, environment,
             '{"state": "QUEUED"}', '{"state": "RUNNING"}', ${change.request_id}, CASE WHEN clock_now IS NULL THEN 'real' ELSE 'test' END
      FROM job
    )
    SELECT contract_id, contract_name, requested, chunk_size, execution, pg_notify(${PROGRESS_CHANNEL}, ${stateChanged(change.job_id)}),
           (SELECT coalesce(sum(licenses), 0)::int FROM generation_chunks k WHERE k.job_id = job.id) AS completed
    FROM job`;
  return job;
}

/** A job whose row is locked. */
export interface LockedJob {
  id: string;
  contract_id: string;
  environment: Environment;
  channel: Channel;
  requested: number;
  state: JobState;
  completed: number;
  /** The time of its contract's test clock, or null. */
  clock_now: Instant | null;
}

/**
 * Locks the row first and then counts, so that the count is correct while the lock is held. `change`, for a change of the state, does
 * not wait for chunks in progress, which a busy job always has. `release`, for a release of the reservation, waits until there are none.
 */
export async function lockJob(tx: Sql, id: string, purpose: 'change' | 'release'): Promise<LockedJob | undefined> {
  const [job] = await tx<Omit<LockedJob, 'completed' | 'clock_now'>[]>`
    SELECT id, contract_id, environment, channel, requested, state FROM generation_jobs WHERE id = ${id}
    ${purpose === 'change' ? tx`FOR NO KEY UPDATE` : tx`FOR UPDATE`}`;
  if (!job) return undefined;
  const [sum] = await tx<[Pick<LockedJob, 'completed' | 'clock_now'>]>`
    SELECT coalesce(sum(licenses), 0)::int AS completed, ${testClockTime(tx, tx`${job.contract_id}`)} AS clock_now
    FROM generation_chunks WHERE job_id = ${id}`;
  return { ...job, ...sum };
}

/** The time of a change of a job, by the clock of its contract. */
export function effectiveTime(job: Pick<LockedJob, 'clock_now'>, change: Pick<JobChange, 'now'>): Instant {
  return job.clock_now ?? change.now;
}

/** Sets the state of a locked job. `started_at` is stored only if the job had not started before. */
export async function setJobState(tx: Sql, id: string, state: JobState, started_at: Instant | null): Promise<void> {
  await tx`UPDATE generation_jobs SET state = ${state}, started_at = coalesce(started_at, ${started_at}) WHERE id = ${id}`;
}

/** Resets a locked job that has ended, so that it can run again; clears the errors of its last run. */
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
 * Starts cancelling the unfinished jobs of a contract, in the order of their ids; returns them with their previous states. It does not
 * wait for chunks in progress.
 */
export async function cancelJobsOf(tx: Sql, contract_id: string): Promise<Omit<LockedJob, 'completed'>[]> {
  return tx<Omit<LockedJob, 'completed'>[]>`
    WITH open AS MATERIALIZED (
      SELECT id, contract_id, environment, channel, requested, state FROM generation_jobs
      WHERE contract_id = ${contract_id} AND state IN ('QUEUED', 'RUNNING', 'PAUSED') ORDER BY id FOR NO KEY UPDATE
    ), cancelled AS (
      UPDATE generation_jobs g SET state = 'CANCELLING' FROM open WHERE g.id = open.id
    )
    SELECT id, contract_id, environment, channel, requested, state, ${testClockTime(tx, tx`open.contract_id`)} AS clock_now,
           pg_notify(${PROGRESS_CHANNEL}, concat(id, '!'))
    FROM open ORDER BY id`;
}

/** Writes the audit rows of locked jobs for their change to `state`. */
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

/** The channel for the progress of jobs. A notification is the job's id, followed by `!` when the state changed. */
export const PROGRESS_CHANNEL = 'job_progress';

function stateChanged(job_id: string): string {
  return `${job_id}!`;
}

/**
 * Notifies listeners that a job made progress. It is not part of the chunk's statement: commits with notifications wait for each other in
 * Postgres, and a job always has two chunks in progress.
 */
export async function notifyProgress(sql: Sql, job_id: string): Promise<void> {
  await sql`SELECT pg_notify(${PROGRESS_CHANNEL}, ${job_id})`;
}

/** Notifies listeners, at the commit of the transaction, that the state of a job changed. */
export async function notifyStateChanged(sql: Sql, job_id: string): Promise<void> {
  await sql`SELECT pg_notify(${PROGRESS_CHANNEL}, ${stateChanged(job_id)})`;
}
