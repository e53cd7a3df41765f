/** Reads single generation jobs. `job-list.ts` lists them, `grant.ts` inserts them, `chunk.ts` generates their licenses, `job-state.ts` changes their state. */
import type { ContractState } from '../../domain/contract/facts';
import type { Actor } from '../../domain/base/actor';
import type { Channel, JobExecution } from '../../domain/base/channel';
import type { Environment } from '../../domain/base/environment';
import type { JobState } from '../../domain/generation/generation-job';
import type { Instant, LocalDate } from '../../domain/base/instant';
import type { KeyFormat } from '../../domain/catalogue/license-key';
import { columnNames, ofAlias } from '../base/columns';
import type { Fragment, Sql } from '../base/database';

/** A range of ordinals whose licenses could not be generated, with the reason. */
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
  /** The revision of the contract whose license terms the job uses, also after later changes. */
  contract_revision: number;
  execution: JobExecution;
  is_test: boolean;
  requested: number;
  chunk_size: number;
  state: JobState;
  channel: Channel;
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
  /** The schedule whose run requested it, with the local day of the run; null for other jobs. */
  schedule_run: { schedule_id: string; date: LocalDate } | null;
  /** Whether its licenses are shown by their certificates. */
  is_signed: boolean;
  /** Licenses that exist: the sum over the job's chunks. */
  completed: number;
  contract_name: string;
  /** The test clock that its instants are from; null for the real time. */
  test_clock_id: string | null;
}

/** A job with the fields of its contract that decide which operations are allowed. */
export interface JobWithContractRow extends JobRow {
  contract_state: ContractState;
  quota_total: number;
  quota_claimed: number;
}

const JOB_COLUMNS = columnNames<
  Omit<
    JobRow,
    'actor' | 'contract_revision' | 'is_signed' | 'completed' | 'contract_name' | 'test_clock_id' | 'schedule_run'
  >
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

/** The columns of `generation_jobs` that {@link selectJobs} reads. */
export const STORED_JOB_COLUMNS: readonly string[] = [...JOB_COLUMNS, 'actor'];

/** How many test licenses were generated for a contract. */
export async function countTestLicenses(sql: Sql, contract_id: string): Promise<number> {
  const [row] = await sql<[{ count: number }]>`
    SELECT coalesce(sum(requested), 0)::int AS count FROM generation_jobs WHERE contract_id = ${contract_id} AND is_test`;
  return row.count;
}

/** The job of the request with this idempotency key, or undefined. */
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

export async function findJobWithContract(sql: Sql, id: string): Promise<JobWithContractRow | undefined> {
  const [row] = await sql<JobWithContractRow[]>`${selectJobs(sql, contractOfJob(sql))} WHERE g.id = ${id}`;
  return row;
}

/** What a worker needs to generate the licenses of a job. License terms do not change, so it may be kept for the whole job. */
export interface JobPlan {
  id: string;
  serial: string;
  contract_id: string;
  requested: number;
  chunk_size: number;
  execution: JobExecution;
  state: JobState;
  key_format: KeyFormat;
  /** The test clock that gives its chunks their time; null for the real time. */
  test_clock_id: string | null;
}

export async function findJobPlan(sql: Sql, id: string): Promise<JobPlan | undefined> {
  const [row] = await sql<JobPlan[]>`
    SELECT g.id, g.serial, g.contract_id, g.requested, g.chunk_size, g.execution, g.state, t.key_format, c.test_clock_id
    FROM generation_jobs g JOIN license_terms t ON t.id = g.terms_id JOIN contracts c ON c.id = g.contract_id WHERE g.id = ${id}`;
  return row;
}

/** The ids of a contract's jobs that are paused until the contract allows generation again. */
export async function listPausedJobs(sql: Sql, contract_id: string): Promise<string[]> {
  const paused = await sql<{ id: string }[]>`
    SELECT id FROM generation_jobs WHERE contract_id = ${contract_id} AND state = 'PAUSED'`;
  return paused.map(({ id }) => id);
}

/** The quota of a contract with the licenses that its unfinished jobs have reserved. */
export async function findQuotaUse(
  sql: Sql,
  contract_id: string,
): Promise<{ total: number; claimed: number; reserved: number }> {
  const [quota] = await sql<[{ total: number; claimed: number; reserved: number }]>`
    SELECT q.total, q.claimed, j.reserved FROM contract_quotas q CROSS JOIN LATERAL (${openJobsOf(sql, sql`q.contract_id`)}) j
    WHERE q.contract_id = ${contract_id}`;
  return quota;
}

/** A query for the licenses that unfinished jobs of a contract have reserved, and for the number of jobs. Test licenses reserve nothing. */
export function openJobsOf(sql: Sql, contract_id: Fragment): Fragment {
  return sql`
    SELECT coalesce(sum(g.requested - coalesce(d.done, 0)), 0)::int AS reserved, count(*)::int AS open_jobs
    FROM generation_jobs g
    LEFT JOIN LATERAL (SELECT sum(licenses)::int AS done FROM generation_chunks WHERE job_id = g.id) d ON true
    WHERE g.contract_id = ${contract_id} AND g.state IN ('QUEUED', 'RUNNING', 'PAUSED', 'CANCELLING')`;
}

/** Clears the idempotency keys of jobs that are older than `days` by the time of Postgres, at most `limit`; returns how many. */
export async function clearExpiredIdempotencyKeys(sql: Sql, days: number, limit: number): Promise<number> {
  const { count } = await sql`
    UPDATE generation_jobs SET idempotency_key = NULL, idempotency_fingerprint = NULL WHERE id IN (
      SELECT id FROM generation_jobs
      WHERE idempotency_key IS NOT NULL AND requested_at < now() - make_interval(days => ${days}) LIMIT ${limit})`;
  return count;
}

/** The columns that {@link JobWithContractRow} adds to a job `g` with its contract `c`. They change without the job, so progress streams of a job do not read them. */
export function contractOfJob(sql: Sql): Fragment {
  return sql`, c.state AS contract_state,
    (SELECT total FROM contract_quotas WHERE contract_id = g.contract_id) AS quota_total,
    (SELECT claimed FROM contract_quotas WHERE contract_id = g.contract_id) AS quota_claimed`;
}

/** A query for jobs `g`, from all of them or from a subquery with {@link STORED_JOB_COLUMNS}. */
export function selectJobs(sql: Sql, more: Fragment = sql``, jobs: Fragment = sql`generation_jobs`): Fragment {
  return sql`
    SELECT ${sql(ofAlias('g', JOB_COLUMNS))}, shown_actor(g.actor) AS actor, c.name AS contract_name, c.test_clock_id, t.contract_revision, t.is_signed,
           (SELECT coalesce(sum(licenses), 0)::int FROM generation_chunks WHERE job_id = g.id) AS completed,
           CASE g.channel WHEN 'schedule' THEN (
             SELECT jsonb_build_object('schedule_id', r.schedule_id, 'date', r.run_date) FROM schedule_runs r WHERE r.job_id = g.id)
           END AS schedule_run ${more}
    FROM ${jobs} g
    JOIN contracts c ON c.id = g.contract_id
    JOIN license_terms t ON t.id = g.terms_id`;
}
