/**
 * Counts what the metrics of contracts are computed from: one statement for any number of contracts, so that all numbers are of the same
 * instant.
 *
 * Licenses are never read. Inline jobs have all their licenses from the start, so an index over them is enough
 * (`generation_jobs_by_contract_channel`). Licenses of background jobs are counted by their chunks, which have 100 licenses or more.
 */
import type { Channel, Execution } from '../../domain/base/channel';
import type { Instant } from '../../domain/base/instant';
import { THROTTLED } from '../../domain/metric/attempts';
import type { Counts, CountedDay } from '../../domain/metric/metrics';
import type { Sql } from '../base/database';
import { openJobsOf } from '../generation/generation-job';
import { anyChannel, failedPart, isAttempt } from './contract';

/** The contract and the days that are counted. */
export interface CountedContract {
  contract_id: string;
  /** The start of each day, and the end of the last one. */
  boundaries: readonly Instant[];
  /** 24 hours before the time of the contract. */
  last_day_from: Instant;
}

interface CountRow {
  contract_id: string;
  total: number;
  claimed: number;
  reserved: number;
  made: { day: number; channel: Channel; execution: Execution; licenses: number; jobs: number }[] | null;
  background: { day: number; jobs: number; failed_parts: number }[] | null;
  refused: { day: number; refused: number; throttled: number }[] | null;
  finished_requested: number;
  finished_failed: number;
  last_day_licenses: number;
}

/** The counts of contracts, by contract. A contract that does not exist is missing. */
export async function countForMetrics(sql: Sql, contracts: readonly CountedContract[]): Promise<Map<string, Counts>> {
  const rows = await sql<CountRow[]>`
    WITH asked AS MATERIALIZED (
      SELECT contract_id, boundaries, boundaries[1] AS first, boundaries[array_upper(boundaries, 1)] AS after, last_day_from
      FROM jsonb_to_recordset(${sql.json(contracts as never)}) AS a (contract_id uuid, boundaries timestamptz[], last_day_from timestamptz)
    )
    SELECT a.contract_id, q.total, q.claimed, open.reserved, made.made, background.background, refused.refused,
           finished.requested AS finished_requested, finished.failed AS finished_failed,
           (inline_last.licenses + background_last.licenses)::int AS last_day_licenses
    FROM asked a
    JOIN contract_quotas q ON q.contract_id = a.contract_id
    CROSS JOIN LATERAL (${openJobsOf(sql, sql`a.contract_id`)}) open
    CROSS JOIN LATERAL (
      SELECT jsonb_agg(to_jsonb(m)) AS made FROM (
        SELECT width_bucket(g.created_at, a.boundaries) AS day, g.channel, 'inline' AS execution, sum(g.requested) AS licenses, count(*) AS jobs
        FROM generation_jobs g
        WHERE g.contract_id = a.contract_id AND g.execution = 'inline' AND ${anyChannel(sql)} AND NOT g.is_test
          AND g.created_at >= a.first AND g.created_at < a.after
        GROUP BY 1, 2
        UNION ALL
        SELECT width_bucket(k.created_at, a.boundaries), g.channel, 'background', sum(k.licenses), 0
        FROM generation_jobs g JOIN generation_chunks k ON k.job_id = g.id
        WHERE g.contract_id = a.contract_id AND g.execution = 'background' AND NOT g.is_test
          AND g.created_at < a.after AND coalesce(g.finished_at, 'infinity') >= a.first AND k.created_at >= a.first AND k.created_at < a.after
        GROUP BY 1, 2
      ) m
    ) made
    CROSS JOIN LATERAL (
      SELECT jsonb_agg(to_jsonb(b)) AS background FROM (
        SELECT width_bucket(g.created_at, a.boundaries) AS day, count(*) AS jobs, sum(${failedPart(sql)})::float8 AS failed_parts
        FROM generation_jobs g
        WHERE g.contract_id = a.contract_id AND g.execution = 'background' AND NOT g.is_test AND g.created_at >= a.first AND g.created_at < a.after
        GROUP BY 1
      ) b
    ) background
    CROSS JOIN LATERAL (
      SELECT jsonb_agg(to_jsonb(r)) AS refused FROM (
        SELECT width_bucket(r.minute, a.boundaries) AS day, coalesce(sum(r.attempts) FILTER (WHERE ${isAttempt(sql)}), 0) AS refused,
               coalesce(sum(r.attempts) FILTER (WHERE r.code = ${THROTTLED}), 0) AS throttled
        FROM refused_attempts r WHERE r.contract_id = a.contract_id AND r.minute >= a.first AND r.minute < a.after
        GROUP BY 1
      ) r
    ) refused
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(g.requested), 0)::float8 AS requested,
             coalesce(sum(g.requested - coalesce(d.done, 0)) FILTER (WHERE g.state <> 'CANCELLED'), 0)::float8 AS failed
      FROM generation_jobs g LEFT JOIN LATERAL (SELECT sum(licenses) AS done FROM generation_chunks WHERE job_id = g.id) d ON true
      WHERE g.contract_id = a.contract_id AND g.execution = 'background' AND NOT g.is_test
        AND g.finished_at >= a.first AND g.finished_at < a.after
    ) finished
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(g.requested), 0) AS licenses FROM generation_jobs g
      WHERE g.contract_id = a.contract_id AND g.execution = 'inline' AND ${anyChannel(sql)} AND NOT g.is_test
        AND g.created_at > a.last_day_from
    ) inline_last
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(k.licenses), 0) AS licenses FROM generation_jobs g JOIN generation_chunks k ON k.job_id = g.id
      WHERE g.contract_id = a.contract_id AND g.execution = 'background' AND NOT g.is_test
        AND coalesce(g.finished_at, 'infinity') > a.last_day_from AND k.created_at > a.last_day_from
    ) background_last`;
  const days_of = new Map(contracts.map(({ contract_id, boundaries }) => [contract_id, boundaries.length - 1]));
  return new Map(rows.map((row) => [row.contract_id, countsOf(row, days_of.get(row.contract_id) ?? 0)]));
}

function countsOf(row: CountRow, day_count: number): Counts {
  const made = row.made ?? [];
  const of = <T extends { day: number }>(rows: readonly T[] | null, day: number) =>
    (rows ?? []).filter((counted) => counted.day === day);
  const days = Array.from({ length: day_count }, (_, index): CountedDay => {
    const day = index + 1;
    const [background, refused] = [of(row.background, day)[0], of(row.refused, day)[0]];
    const inline_jobs = of(made, day).reduce((sum, { jobs }) => sum + jobs, 0);
    return {
      licenses: of(made, day).map(({ channel, execution, licenses }) => ({ channel, execution, licenses })),
      granted: inline_jobs + (background?.jobs ?? 0),
      failed_parts: background?.failed_parts ?? 0,
      refused: refused?.refused ?? 0,
      throttled: refused?.throttled ?? 0,
    };
  });
  // Inline jobs finish at once, with all their licenses.
  const inline = made
    .filter(({ execution }) => execution === 'inline')
    .reduce((sum, { licenses }) => sum + licenses, 0);
  return {
    total: row.total,
    claimed: row.claimed,
    reserved: row.reserved,
    days,
    finished: { requested: row.finished_requested + inline, failed: row.finished_failed },
    last_day_licenses: row.last_day_licenses,
  };
}
