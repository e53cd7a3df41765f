/** Reading generation jobs. `grant.ts` grants them, `chunk.ts` fills them, `job-state.ts` changes their state. */
import type { ContractState } from '../../domain/contract/facts';
import type { Actor } from '../../domain/base/actor';
import type { Environment } from '../../domain/base/environment';
import type { JobState } from '../../domain/generation/generation-job';
import type { Instant } from '../../domain/base/instant';
import type { KeyFormat } from '../../domain/catalogue/license-key';
import { columnNames, ofAlias } from '../base/columns';
import type { Fragment, Sql } from '../base/database';

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

/** A job with as much of its contract as decides what can be done to it. */
export interface JobWithContractRow extends JobRow {
  contract_state: ContractState;
  quota_total: number;
  quota_claimed: number;
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

export async function findJobWithContract(sql: Sql, id: string): Promise<JobWithContractRow | undefined> {
  const [row] = await sql<JobWithContractRow[]>`${selectJobs(sql, contractOfJob(sql))} WHERE g.id = ${id}`;
  return row;
}

export interface JobFilter {
  environment?: Environment | undefined;
  contract_id?: string | undefined;
  state?: JobState | undefined;
}

/** One page of jobs, newest first; `before` is the serial of the last one shown. */
export async function listJobs(
  sql: Sql,
  filter: JobFilter,
  before: string | null,
  limit: number,
): Promise<JobWithContractRow[]> {
  return sql<JobWithContractRow[]>`
    ${selectJobs(sql, contractOfJob(sql))} WHERE true
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

/** The ids of a contract's jobs that wait until it may generate again. */
export async function listPausedJobs(sql: Sql, contract_id: string): Promise<string[]> {
  const paused = await sql<{ id: string }[]>`
    SELECT id FROM generation_jobs WHERE contract_id = ${contract_id} AND state = 'PAUSED'`;
  return paused.map(({ id }) => id);
}

/** The quota of a contract with what its unfinished jobs still owe. */
export async function findQuotaUse(
  sql: Sql,
  contract_id: string,
): Promise<{ total: number; claimed: number; reserved: number }> {
  const [quota] = await sql<[{ total: number; claimed: number; reserved: number }]>`
    SELECT q.total, q.claimed, j.reserved FROM contract_quotas q CROSS JOIN LATERAL (${openJobsOf(sql, sql`q.contract_id`)}) j
    WHERE q.contract_id = ${contract_id}`;
  return quota;
}

/** A query for what unfinished jobs of a contract still owe, and how many there are; test licenses reserve nothing. */
export function openJobsOf(sql: Sql, contract_id: Fragment): Fragment {
  return sql`
    SELECT coalesce(sum(g.requested - coalesce(d.done, 0)), 0)::int AS reserved, count(*)::int AS open_jobs
    FROM generation_jobs g
    LEFT JOIN LATERAL (SELECT sum(licenses)::int AS done FROM generation_chunks WHERE job_id = g.id) d ON true
    WHERE g.contract_id = ${contract_id} AND g.state IN ('QUEUED', 'RUNNING', 'PAUSED', 'CANCELLING')`;
}

/** Clears the idempotency keys of jobs that are older than so many days by the time of Postgres, at most `limit`; answers how many. */
export async function clearExpiredIdempotencyKeys(sql: Sql, days: number, limit: number): Promise<number> {
  const { count } = await sql`
    UPDATE generation_jobs SET idempotency_key = NULL, idempotency_fingerprint = NULL WHERE id IN (
      SELECT id FROM generation_jobs
      WHERE idempotency_key IS NOT NULL AND requested_at < now() - make_interval(days => ${days}) LIMIT ${limit})`;
  return count;
}

/** What {@link JobWithContractRow} adds: it changes without the job, so those who follow a job do not read it. */
function contractOfJob(sql: Sql): Fragment {
  return sql`, c.state AS contract_state,
    (SELECT total FROM contract_quotas WHERE contract_id = g.contract_id) AS quota_total,
    (SELECT claimed FROM contract_quotas WHERE contract_id = g.contract_id) AS quota_claimed`;
}

function selectJobs(sql: Sql, more: Fragment = sql``) {
  return sql`
    SELECT ${sql(ofAlias('g', JOB_COLUMNS))}, shown_actor(g.actor) AS actor, c.name AS contract_name, c.test_clock_id, t.contract_revision,
           (SELECT coalesce(sum(licenses), 0)::int FROM generation_chunks WHERE job_id = g.id) AS completed ${more}
    FROM generation_jobs g
    JOIN contracts c ON c.id = g.contract_id
    JOIN license_terms t ON t.id = g.terms_id`;
}
