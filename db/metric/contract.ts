/** Finds the contracts whose metrics are shown: those of a customer, and the first ones of the installation in a ranking. */
import { CHANNELS } from '../../domain/base/channel';
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import { NO_ATTEMPTS } from '../../domain/metric/attempts';
import type { Fragment, Sql } from '../base/database';
import { openJobsOf } from '../generation/generation-job';

/** A contract with the facts that its window depends on. */
export interface MetricContractRow {
  id: string;
  name: string;
  customer_id: string | null;
  timezone: string;
  activated_at: Instant | null;
  /** The time of its test clock; null for the real time. */
  clock_now: Instant | null;
}

/** A time zone and a clock that contracts of an environment have. */
export interface ClockRow {
  timezone: string;
  test_clock_id: string | null;
  clock_now: Instant | null;
}

/** A window of the contracts with one time zone and one clock. */
export interface ClockWindow extends Omit<ClockRow, 'clock_now'> {
  boundaries: readonly Instant[];
  /** Three months before. */
  quarter_from: Instant;
}

export const RANKINGS = ['utilization', 'velocity', 'time_to_quota', 'error_rate', 'idle'] as const;
export type Ranking = (typeof RANKINGS)[number];

/** The contracts of a customer that are not deleted, newest first. */
export async function listContractsOfCustomer(
  sql: Sql,
  { customer_id, environment }: { customer_id: string; environment: Environment },
  limit: number,
): Promise<MetricContractRow[]> {
  return sql<MetricContractRow[]>`
    ${selectContracts(sql)} WHERE c.customer_id = ${customer_id} AND c.environment = ${environment} AND c.deleted_at IS NULL
    ORDER BY c.created_at DESC, c.id DESC LIMIT ${limit}`;
}

/** The time zones and clocks of the open contracts of an environment. */
export async function listClocks(sql: Sql, environment: Environment): Promise<ClockRow[]> {
  return sql<ClockRow[]>`
    SELECT z.timezone, z.test_clock_id, k.now AS clock_now
    FROM (SELECT DISTINCT c.timezone, c.test_clock_id FROM contracts c WHERE c.environment = ${environment} AND ${isOpen(sql)}) z
    LEFT JOIN test_clocks k ON k.id = z.test_clock_id`;
}

/**
 * The open contracts of an environment that are first in a ranking. Without the figure of the ranking a contract is left out: without
 * licenses it has no velocity, with its quota used up it cannot run out, without attempts it has no error rate.
 */
export async function listFirstContracts(
  sql: Sql,
  environment: Environment,
  ranking: Ranking,
  windows: readonly ClockWindow[],
  limit: number,
): Promise<MetricContractRow[]> {
  const { figure, condition, order } = RANKED[ranking](sql);
  return sql<MetricContractRow[]>`
    WITH windows AS MATERIALIZED (
      SELECT timezone, test_clock_id, boundaries, boundaries[1] AS first, boundaries[array_upper(boundaries, 1)] AS after, quarter_from
      FROM jsonb_to_recordset(${sql.json(windows as never)}) AS w (timezone text, test_clock_id uuid, boundaries timestamptz[], quarter_from timestamptz)
    ), ranked AS (
      SELECT c.id, figure.numerator, figure.denominator FROM contracts c
      JOIN windows w ON w.timezone = c.timezone AND w.test_clock_id IS NOT DISTINCT FROM c.test_clock_id
      JOIN contract_quotas q ON q.contract_id = c.id
      CROSS JOIN LATERAL (${figure}) figure
      WHERE c.environment = ${environment} AND ${isOpen(sql)} AND ${condition}
      ORDER BY ${order}, c.id LIMIT ${limit}
    )
    ${selectContracts(sql)} JOIN ranked ON ranked.id = c.id ORDER BY ${order}, ranked.id`;
}

interface Ranked {
  /** A query for the columns `numerator` and `denominator` of a contract `c` with its quota `q` and its window `w`. */
  figure: Fragment;
  condition: Fragment;
  order: Fragment;
}

const RANKED: Record<Ranking, (sql: Sql) => Ranked> = {
  utilization: (sql) => ({
    figure: sql`SELECT (q.claimed - j.reserved)::numeric AS numerator, q.total::numeric AS denominator FROM (${openJobsOf(sql, sql`c.id`)}) j`,
    condition: sql`true`,
    order: sql`numerator / denominator DESC`,
  }),
  velocity: (sql) => ({
    figure: sql`SELECT ${madeInWindow(sql)} AS numerator, ${countedDays(sql)} AS denominator`,
    condition: sql`numerator > 0`,
    order: sql`numerator / denominator DESC`,
  }),
  time_to_quota: (sql) => ({
    figure: sql`SELECT (q.total - q.claimed)::numeric * ${countedDays(sql)} AS numerator, ${madeInWindow(sql)} AS denominator`,
    condition: sql`q.total > q.claimed AND denominator > 0`,
    order: sql`numerator / denominator`,
  }),
  error_rate: (sql) => ({
    figure: sql`
      SELECT i.failed + g.failed AS numerator, i.attempts + g.attempts AS denominator
      FROM (${refusedInWindow(sql)}) i, (${grantedInWindow(sql)}) g`,
    condition: sql`numerator > 0`,
    order: sql`numerator / denominator DESC`,
  }),
  idle: (sql) => ({
    figure: sql`SELECT extract(epoch FROM c.activated_at) AS numerator, 1 AS denominator`,
    condition: sql`c.may_generate AND c.activated_at < w.quarter_from AND NOT EXISTS (${madeSince(sql, sql`w.quarter_from`)})`,
    order: sql`numerator`,
  }),
};

function selectContracts(sql: Sql): Fragment {
  return sql`
    SELECT c.id, c.name, c.customer_id, c.timezone, c.activated_at, (SELECT now FROM test_clocks WHERE id = c.test_clock_id) AS clock_now
    FROM contracts c`;
}

/** Whether a contract `c` is neither a draft nor over. The index `contracts_open` has the same states. */
function isOpen(sql: Sql): Fragment {
  return sql`c.state IN ('SCHEDULED', 'ACTIVE', 'PAST_DUE', 'EXPIRY_GRACE', 'PAUSED', 'SUSPENDED') AND c.deleted_at IS NULL`;
}

/** The complete days of the window after the activation of a contract, at least 1 (domain/metric/window.ts). */
function countedDays(sql: Sql): Fragment {
  return sql`greatest(1, (SELECT count(*) FROM unnest(trim_array(w.boundaries, 1)) AS start WHERE start >= c.activated_at))::numeric`;
}

/** The licenses of a contract in its window. */
function madeInWindow(sql: Sql): Fragment {
  return sql`(
    (SELECT coalesce(sum(g.requested), 0) FROM generation_jobs g
     WHERE g.contract_id = c.id AND g.execution = 'inline' AND ${anyChannel(sql)} AND NOT g.is_test
       AND g.created_at >= w.first AND g.created_at < w.after)
    + (SELECT coalesce(sum(k.licenses), 0) FROM generation_jobs g JOIN generation_chunks k ON k.job_id = g.id
       WHERE g.contract_id = c.id AND g.execution = 'background' AND NOT g.is_test AND g.created_at < w.after
         AND coalesce(g.finished_at, 'infinity') >= w.first AND k.created_at >= w.first AND k.created_at < w.after)
  )::numeric`;
}

/** A query for the refused attempts of a contract in its window; each failed. */
function refusedInWindow(sql: Sql): Fragment {
  return sql`
    SELECT coalesce(sum(r.attempts), 0) AS failed, coalesce(sum(r.attempts), 0) AS attempts FROM refused_attempts r
    WHERE r.contract_id = c.id AND r.minute >= w.first AND r.minute < w.after AND ${isAttempt(sql)}`;
}

/** A query for the granted requests of a contract in its window, with the failed parts of their jobs. */
function grantedInWindow(sql: Sql): Fragment {
  return sql`
    SELECT coalesce(sum(failed), 0) AS failed, coalesce(sum(attempts), 0) AS attempts FROM (
      SELECT 0::numeric AS failed, count(*) AS attempts FROM generation_jobs g
      WHERE g.contract_id = c.id AND g.execution = 'inline' AND ${anyChannel(sql)} AND NOT g.is_test
        AND g.created_at >= w.first AND g.created_at < w.after
      UNION ALL
      SELECT sum(${failedPart(sql)}), count(*) FROM generation_jobs g
      WHERE g.contract_id = c.id AND g.execution = 'background' AND NOT g.is_test AND g.created_at >= w.first AND g.created_at < w.after
    ) granted`;
}

/** The part of a background job `g` that failed: all of it, the missing licenses of a part, or nothing (domain.md 6.1). */
export function failedPart(sql: Sql): Fragment {
  return sql`CASE g.state
    WHEN 'FAILED' THEN 1
    WHEN 'PARTIAL' THEN 1 - (SELECT coalesce(sum(licenses), 0) FROM generation_chunks WHERE job_id = g.id)::numeric / g.requested
    ELSE 0 END`;
}

/** Whether refusals `r` are attempts. Requests that are refused before the check of the rate are not counted in this table. */
export function isAttempt(sql: Sql): Fragment {
  return sql`r.code <> ALL(${[...NO_ATTEMPTS]})`;
}

/** A query for a license of a contract that was made at or after an instant. */
function madeSince(sql: Sql, from: Fragment): Fragment {
  return sql`
    SELECT FROM generation_jobs g
    WHERE g.contract_id = c.id AND g.execution = 'inline' AND ${anyChannel(sql)} AND NOT g.is_test AND g.created_at >= ${from}
    UNION ALL
    SELECT FROM generation_jobs g JOIN generation_chunks k ON k.job_id = g.id
    WHERE g.contract_id = c.id AND g.execution = 'background' AND NOT g.is_test AND coalesce(g.finished_at, 'infinity') >= ${from}
      AND k.created_at >= ${from}`;
}

/** Jobs `g` of any channel: names all channels, so that Postgres can use the index by channel for a range of time. */
export function anyChannel(sql: Sql): Fragment {
  return sql`g.channel = ANY(${[...CHANNELS]})`;
}
