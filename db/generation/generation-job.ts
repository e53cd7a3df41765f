/**
 * Generation jobs in Postgres: reading and finishing them. `grant.ts` grants them, `chunk.ts` fills them.
 *
 * Locking: a grant takes the quota's row, a chunk takes only a key-share lock on its job, and whatever releases a
 * reservation takes the job's row for update first, so that no chunk can be in flight when the rest is counted.
 */
import { SYSTEM } from '../../domain/base/actor';
import type { Actor } from '../../domain/base/actor';
import type { Environment } from '../../domain/base/environment';
import { finalState, isUnfinished } from '../../domain/generation/generation-job';
import type { JobState } from '../../domain/generation/generation-job';
import type { Instant } from '../../domain/base/instant';
import type { JsonObject } from '../../domain/base/json';
import type { KeyFormat } from '../../domain/catalogue/license-key';
import { claimRefusal } from '../../domain/contract/quota';
import { isRefusal, notFound, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { columnNames, ofAlias } from '../base/columns';
import { auditAct } from '../base/audit';
import type { Fragment, Sql } from '../base/database';
import { insertDomainEvents } from '../contract/domain-event';
import { clockTime } from '../contract/clock';

/** Errors kept with a job, at most (domain.md 5.3). */
export const JOB_ERRORS_MAX = 100;

/** Ordinals that could not be made, and why. */
export interface JobError {
  ordinal_from: number;
  ordinal_to: number;
  code: string;
}

export interface JobRow {
  id: string;
  serial: string;
  contract_id: string;
  environment: Environment;
  terms_id: string;
  /** The revision of the contract that the job's licenses follow, whatever changes later. */
  contract_revision: number;
  execution: 'inline' | 'background';
  is_test: boolean;
  requested: number;
  chunk_size: number;
  state: JobState;
  channel: 'ui' | 'api';
  actor: Actor;
  expires_at: Instant | null;
  errors: JobError[];
  created_at: Instant;
  started_at: Instant | null;
  finished_at: Instant | null;
  idempotency_key: string | null;
  idempotency_fingerprint: string | null;
  quota_remaining: number;
  request_id: string | null;
  /** Licenses that exist: the sum of the job's chunks. */
  completed: number;
  contract_name: string;
  /** The clock that its instants are of; null for the world's. */
  test_clock_id: string | null;
}

const JOB_COLUMNS = columnNames<
  Omit<JobRow, 'actor' | 'contract_revision' | 'completed' | 'contract_name' | 'test_clock_id'>
>({
  id: true,
  serial: true,
  contract_id: true,
  environment: true,
  terms_id: true,
  execution: true,
  is_test: true,
  requested: true,
  chunk_size: true,
  state: true,
  channel: true,
  expires_at: true,
  errors: true,
  created_at: true,
  started_at: true,
  finished_at: true,
  idempotency_key: true,
  idempotency_fingerprint: true,
  quota_remaining: true,
  request_id: true,
});

/** How many test licenses a contract has given. */
export async function countTestLicenses(sql: Sql, contract_id: string): Promise<number> {
  const [row] = await sql<[{ count: number }]>`
    SELECT coalesce(sum(requested), 0)::int AS count FROM generation_jobs WHERE contract_id = ${contract_id} AND is_test`;
  return row.count;
}

/** The job that a request with this idempotency key made, if it did. */
export async function findJobByIdempotencyKey(sql: Sql, contract_id: string, key: string): Promise<JobRow | undefined> {
  const [row] = await sql<
    JobRow[]
  >`${selectJobs(sql)} WHERE g.contract_id = ${contract_id} AND g.idempotency_key = ${key}`;
  return row;
}

export async function findJob(sql: Sql, id: string): Promise<JobRow | undefined> {
  const [row] = await sql<JobRow[]>`${selectJobs(sql)} WHERE g.id = ${id}`;
  return row;
}

export interface JobFilter {
  environment?: Environment | undefined;
  contract_id?: string | undefined;
  state?: JobState | undefined;
}

/** One page of jobs, newest first; `before` is the serial of the last one shown. */
export async function listJobs(sql: Sql, filter: JobFilter, before: string | null, limit: number): Promise<JobRow[]> {
  return sql<JobRow[]>`
    ${selectJobs(sql)} WHERE true
    ${filter.environment === undefined ? sql`` : sql`AND g.environment = ${filter.environment}`}
    ${filter.contract_id === undefined ? sql`` : sql`AND g.contract_id = ${filter.contract_id}`}
    ${filter.state === undefined ? sql`` : sql`AND g.state = ${filter.state} ${filter.state === 'SUCCEEDED' ? sql`` : inUnusualState(sql)}`}
    ${before === null ? sql`` : sql`AND g.serial < ${before}::bigint`}
    ORDER BY g.serial DESC LIMIT ${limit}`;
}

/** The condition of the indexes of jobs by state, which Postgres does not derive from a state that is a parameter. */
function inUnusualState(sql: Sql): Fragment {
  return sql`AND g.state <> 'SUCCEEDED'`;
}

/** What a worker needs to fill a job; terms are pinned, so it may be kept for the job's whole run. */
export interface JobPlan {
  id: string;
  serial: string;
  contract_id: string;
  requested: number;
  chunk_size: number;
  state: JobState;
  key_format: KeyFormat;
  /** The clock by which its chunks are made; null for the world's. */
  test_clock_id: string | null;
}

export async function findJobPlan(sql: Sql, id: string): Promise<JobPlan | undefined> {
  const [row] = await sql<JobPlan[]>`
    SELECT g.id, g.serial, g.contract_id, g.requested, g.chunk_size, g.state, t.key_format, c.test_clock_id
    FROM generation_jobs g JOIN license_terms t ON t.id = g.terms_id JOIN contracts c ON c.id = g.contract_id WHERE g.id = ${id}`;
  return row;
}

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
 * uses `changeJobState`.
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
      SELECT coalesce(clock_now, ${change.now}), ${sql.json({ ...change.actor })}, 'job.started', 'job', id, contract_id, environment,
             '{"state": "QUEUED"}', '{"state": "RUNNING"}', ${change.request_id}, CASE WHEN clock_now IS NULL THEN 'real' ELSE 'test' END
      FROM job
    )
    SELECT contract_id, contract_name, requested, chunk_size, pg_notify(${PROGRESS_CHANNEL}, ${stateChanged(change.job_id)}),
           (SELECT coalesce(sum(licenses), 0)::int FROM generation_chunks k WHERE k.job_id = job.id) AS completed
    FROM job`;
  return job;
}

/** Moves a job to another state with its audit row; `unchanged` writes nothing. Call it inside a transaction. */
export async function changeJobState(
  tx: Sql,
  change: JobChange,
  decideState: (state: JobState) => JobState | 'unchanged' | Refusal,
  action: 'job.started' | 'job.paused' | 'job.continued' | 'job.cancel_requested',
): Promise<JobState | Refusal> {
  const job = await lockJob(tx, change.job_id, 'change');
  if (!job) return notFound('generation job', change.job_id);
  const next = decideState(job.state);
  if (isRefusal(next)) return next;
  if (next === 'unchanged' || next === job.state) return job.state;
  await tx`
    UPDATE generation_jobs SET state = ${next}, started_at = coalesce(started_at, ${next === 'RUNNING' ? timeOf(job, change) : null})
    WHERE id = ${job.id}`;
  await auditJob(tx, job, change, action, next);
  await notifyStateChanged(tx, job.id);
  return next;
}

/** The ids of a contract's jobs that wait until it may generate again. */
export async function pausedJobsOf(sql: Sql, contract_id: string): Promise<string[]> {
  const paused = await sql<{ id: string }[]>`
    SELECT id FROM generation_jobs WHERE contract_id = ${contract_id} AND state = 'PAUSED'`;
  return paused.map(({ id }) => id);
}

/** Cancels every unfinished job of a contract that is over; call it inside a transaction. Answers which, to be woken. */
export async function cancelOpenJobs(
  tx: Sql,
  contract_id: string,
  now: Instant,
  request_id: string | null,
): Promise<string[]> {
  const open = await tx<{ id: string }[]>`
    SELECT id FROM generation_jobs WHERE contract_id = ${contract_id} AND state IN ('QUEUED', 'RUNNING', 'PAUSED') ORDER BY id`;
  for (const { id: job_id } of open)
    await changeJobState(
      tx,
      { ...bySystem(job_id, now), request_id },
      (state) => (isUnfinished(state) ? 'CANCELLING' : 'unchanged'),
      'job.cancel_requested',
    );
  return open.map(({ id }) => id);
}

/** Claims quota again for what a finished job lacks and queues it; call it inside a transaction. */
export async function resumeJob(
  tx: Sql,
  change: JobChange,
  decideState: (state: JobState) => 'QUEUED' | Refusal,
): Promise<JobState | Refusal> {
  const job = await lockJob(tx, change.job_id, 'release');
  if (!job) return notFound('generation job', change.job_id);
  const next = decideState(job.state);
  if (isRefusal(next)) return next;
  const missing = job.requested - job.completed;
  const claim = await tx`
    UPDATE contract_quotas SET claimed = claimed + ${missing} WHERE contract_id = ${job.contract_id} AND claimed + ${missing} <= total`;
  if (claim.count === 0) return quotaRefusal(tx, job.contract_id, missing);
  await tx`UPDATE generation_jobs SET state = ${next}, finished_at = NULL, errors = '[]' WHERE id = ${job.id}`;
  await auditJob(tx, job, change, 'job.resumed', next);
  return next;
}

/**
 * Ends a job that has nothing more to try: counts what was made, gives the rest of its reservation back, and tells it.
 * Safe to run twice. Call it inside a transaction; no chunk of the job can be in flight meanwhile, because each holds a
 * key-share lock that `FOR UPDATE` waits for.
 */
export async function finishJob(
  tx: Sql,
  change: JobChange,
  errors: JobError[],
): Promise<{ state: JobState; completed: number }> {
  const job = await lockJob(tx, change.job_id, 'release');
  if (!job) throw new Error(`generation job ${change.job_id} does not exist`);
  const { completed } = job;
  // A repetition may come after the job was resumed: what waits to begin has not come to its end.
  if (job.state !== 'RUNNING' && job.state !== 'CANCELLING') return { state: job.state, completed };
  const state = finalState(job.state, completed, job.requested);
  const missing = job.requested - completed;
  const kept = errors.slice(0, JOB_ERRORS_MAX);
  const now = timeOf(job, change);
  const told = {
    at: now,
    type: 'license.batch_generated',
    environment: job.environment,
    data: { contract_id: job.contract_id, job_id: job.id, state, licenses: completed },
  };
  // None of these waits for another: they go to the server together.
  await Promise.all([
    tx`UPDATE generation_jobs SET state = ${state}, finished_at = ${now}, errors = ${tx.json(kept as never)} WHERE id = ${job.id}`,
    missing > 0 && tx`UPDATE contract_quotas SET claimed = claimed - ${missing} WHERE contract_id = ${job.contract_id}`,
    auditJob(tx, job, change, 'job.finished', state, { completed, failed: missing }),
    completed > 0 && insertDomainEvents(tx, job.contract_id, [told]),
    notifyStateChanged(tx, job.id),
  ]);
  return { state, completed };
}

/** A query for what unfinished jobs of a contract still owe, and how many there are; test licenses reserve nothing. */
export function openJobsOf(sql: Sql, contract_id: Fragment): Fragment {
  return sql`
    SELECT coalesce(sum(g.requested - coalesce(d.done, 0)), 0)::int AS reserved, count(*)::int AS open_jobs
    FROM generation_jobs g
    LEFT JOIN LATERAL (SELECT sum(licenses)::int AS done FROM generation_chunks WHERE job_id = g.id) d ON true
    WHERE g.contract_id = ${contract_id} AND g.state IN ('QUEUED', 'RUNNING', 'PAUSED', 'CANCELLING')`;
}

/** Why a request for `requested` more licenses does not fit a contract's quota. */
export async function quotaRefusal(sql: Sql, contract_id: string, requested: number): Promise<Refusal> {
  const [quota] = await sql<[{ total: number; claimed: number; reserved: number }]>`
    SELECT q.total, q.claimed, j.reserved FROM contract_quotas q CROSS JOIN LATERAL (${openJobsOf(sql, sql`q.contract_id`)}) j
    WHERE q.contract_id = ${contract_id}`;
  const refusal = claimRefusal(quota, quota.reserved, requested);
  // Somebody may have given quota back since: then the caller simply asks again.
  return refusal ?? refuse('QUOTA_EXCEEDED', { requested, total: quota.total, remaining: quota.total - quota.claimed });
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

async function notifyStateChanged(sql: Sql, job_id: string): Promise<void> {
  await sql`SELECT pg_notify(${PROGRESS_CHANNEL}, ${stateChanged(job_id)})`;
}

interface LockedJob {
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
async function lockJob(tx: Sql, id: string, purpose: 'change' | 'release'): Promise<LockedJob | undefined> {
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
function timeOf(job: LockedJob, change: JobChange): Instant {
  return job.clock_now ?? change.now;
}

function auditJob(
  tx: Sql,
  job: LockedJob,
  change: JobChange,
  action: string,
  state: JobState,
  more: JsonObject = {},
): Promise<void> {
  return auditAct(
    tx,
    { ...change, now: timeOf(job, change) },
    {
      action,
      subject_type: 'job',
      subject_id: job.id,
      contract_id: job.contract_id,
      environment: job.environment,
      before: { state: job.state },
      after: { state, ...more },
      clock: job.clock_now === null ? 'real' : 'test',
    },
  );
}

/** Clears the idempotency keys of jobs that are older than so many days by the time of Postgres, at most `limit`; answers how many. */
export async function clearExpiredIdempotencyKeys(sql: Sql, days: number, limit: number): Promise<number> {
  const { count } = await sql`
    UPDATE generation_jobs SET idempotency_key = NULL, idempotency_fingerprint = NULL WHERE id IN (
      SELECT id FROM generation_jobs
      WHERE idempotency_key IS NOT NULL AND requested_at < now() - make_interval(days => ${days}) LIMIT ${limit})`;
  return count;
}

/** The system as the actor of a change to a job. */
export function bySystem(job_id: string, now: Instant): JobChange {
  return { job_id, actor: SYSTEM, now, request_id: null };
}

function selectJobs(sql: Sql) {
  return sql`
    SELECT ${sql(ofAlias('g', JOB_COLUMNS))}, shown_actor(g.actor) AS actor, c.name AS contract_name, c.test_clock_id, t.contract_revision,
           (SELECT coalesce(sum(licenses), 0)::int FROM generation_chunks WHERE job_id = g.id) AS completed
    FROM generation_jobs g
    JOIN contracts c ON c.id = g.contract_id
    JOIN license_terms t ON t.id = g.terms_id`;
}
