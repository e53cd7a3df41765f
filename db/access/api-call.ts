/** The calls of a contract's API key: each granted request for licenses, and the refused calls of each minute by code. */
import type { Instant } from '../../domain/base/instant';
import type { Fragment, Sql } from '../base/database';
import { pageBy } from '../base/paging';
import type { Keyset, Sorted } from '../base/paging';
import type { RefusedCallSample } from './refused-call';

/** The code of a granted request. */
export const GRANTED = 'GRANTED';

export interface ApiCallRow {
  /** For a granted request its time, for refused calls their minute. */
  at: Instant;
  code: string;
  calls: number;
  /** Of a granted request. */
  job_id: string | null;
  licenses: number | null;
  request_id: string | null;
  /** Of refused calls: the last ones, newest first. */
  samples: RefusedCallSample[];
}

export interface ApiCallFilter {
  contract_id: string;
  code?: string | undefined;
  from?: Instant | undefined;
  to?: Instant | undefined;
}

/** One page of calls, newest first. */
export async function listApiCalls(
  sql: Sql,
  filter: ApiCallFilter,
  after: Keyset | null,
  limit: number,
): Promise<Sorted<ApiCallRow>[]> {
  const { contract_id } = filter;
  const sources = [
    ...(filter.code === undefined || filter.code === GRANTED ? [granted('inline'), granted('background')] : []),
    ...(filter.code === GRANTED ? [] : [refused()]),
  ].reduce((all, source) => sql`${all} UNION ALL ${source}`);
  const page = pageBy(sql, { key: sql`at`, type: 'instant', id: sql`id` }, { order: 'desc', after, limit });
  return sql<Sorted<ApiCallRow>[]>`
    WITH page AS (SELECT at, id, code, calls, job_id, licenses, request_id FROM (${sources}) AS calls ${page.order})
    SELECT ${page.sort_key} AS sort_key, id, at, code, calls, job_id, licenses, request_id, CASE WHEN job_id IS NULL THEN (
      SELECT coalesce(jsonb_agg(jsonb_build_object(
        'at', to_char(s.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'address', s.address, 'key_last_four', s.key_last_four,
        'request_id', s.request_id) ORDER BY s.at DESC, s.slot DESC), '[]')
      FROM refused_call_samples s
      WHERE s.contract_id = ${contract_id} AND s.code = page.code AND s.at >= page.at AND s.at < page.at + interval '1 minute'
    ) ELSE '[]' END AS samples
    FROM page ${page.order}`;

  /** Each source has an index in the order of its time. */
  function granted(execution: 'inline' | 'background'): Fragment {
    const id = sql`'job ' || lpad(serial::text, 19, '0')`;
    const jobs = pageBy(sql, { key: sql`created_at`, type: 'instant', id }, { order: 'desc', after, limit });
    return sql`(
      SELECT created_at AS at, ${id} AS id, ${GRANTED} AS code, 1 AS calls, id AS job_id, requested AS licenses, request_id
      FROM generation_jobs
      WHERE contract_id = ${contract_id} AND channel = 'api' AND ${execution === 'inline' ? sql`execution = 'inline'` : sql`execution = 'background'`}
        ${filter.from === undefined ? sql`` : sql`AND created_at >= ${filter.from}`}
        ${filter.to === undefined ? sql`` : sql`AND created_at < ${filter.to}`} AND ${jobs.after} ${jobs.order})`;
  }

  function refused(): Fragment {
    const id = sql`'refused ' || code`;
    const counts = pageBy(sql, { key: sql`minute`, type: 'instant', id }, { order: 'desc', after, limit });
    return sql`(
      SELECT minute AS at, ${id} AS id, code, calls, NULL::uuid AS job_id, NULL::integer AS licenses, NULL::text AS request_id
      FROM refused_calls
      WHERE contract_id = ${contract_id} ${filter.code === undefined ? sql`` : sql`AND code = ${filter.code}`}
        ${filter.from === undefined ? sql`` : sql`AND minute >= date_trunc('minute', ${filter.from}::timestamptz)`}
        ${filter.to === undefined ? sql`` : sql`AND minute < ${filter.to}`} AND ${counts.after} ${counts.order})`;
  }
}

/** The refused calls of a contract by code in the last 24 hours, with the minute of the last one, newest first. */
export async function listRecentRefusals(
  sql: Sql,
  contract_id: string,
): Promise<{ code: string; calls: number; last_minute: Instant }[]> {
  return sql<{ code: string; calls: number; last_minute: Instant }[]>`
    SELECT code, sum(calls)::int AS calls, max(minute) AS last_minute FROM refused_calls
    WHERE contract_id = ${contract_id} AND minute > now() - interval '1 day' GROUP BY code ORDER BY last_minute DESC, code`;
}

/** When an API key of a contract was last used, to the minute; null when none was. */
export async function findLastCall(sql: Sql, contract_id: string): Promise<Instant | null> {
  const [row] = await sql<[{ at: Instant | null }]>`
    SELECT max(last_used_at) AS at FROM contract_api_keys WHERE contract_id = ${contract_id}`;
  return row.at;
}
