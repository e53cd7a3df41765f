/**
 * Refused requests for licenses, counted per contract, minute and code (decisions 40). A client that repeats a refused request again
 * and again adds only one row per minute.
 */
import type { Instant } from '../../domain/base/instant';
import type { RefusalCode } from '../../domain/base/refusal';
import { EXCEEDED } from '../../domain/metric/attempts';
import type { LimitLook } from '../../domain/notification/limit-episode';
import { withoutPipelining } from '../base/database';
import type { Sql } from '../base/database';
import { limitedLockWait } from '../base/session';
import { testClockTime } from '../contract/clock';

/** How long counts are kept. */
export const REFUSED_ATTEMPTS_DAYS = 90;
/** Rows that one statement removes. */
const REMOVED_ROWS_MAX = 1_000;

/** One refused request. */
export interface RefusedAttempt {
  contract_id: string;
  code: RefusalCode;
  /** How many licenses were requested. */
  licenses: number;
  actor_id: string;
  request_id: string | null;
}

/** The refused requests of one contract in one minute, with one code. */
export interface RefusedAttemptsRow {
  /** The start of the minute, by the clock of Postgres. */
  minute: Instant;
  code: string;
  attempts: number;
  /** How many licenses these requests asked for in total. */
  licenses: number;
  last_actor_id: string;
  last_request_id: string | null;
}

/**
 * Counts attempts for one contract that were refused with the same code. `lock_ms` limits the wait for their row. Refusals that exceed a limit
 * are also left to the next look at it (`takeExceeding`).
 */
export async function countAttempts(
  sql: Sql,
  attempts: [RefusedAttempt, ...RefusedAttempt[]],
  lock_ms: number,
): Promise<void> {
  const [{ contract_id, code }] = attempts;
  const last = attempts.at(-1) as RefusedAttempt;
  const licenses = attempts.reduce((sum, attempt) => sum + attempt.licenses, 0);
  const largest = Math.max(...attempts.map((attempt) => attempt.licenses));
  const exceeds = code === EXCEEDED;
  const at = exceeds
    ? sql`coalesce(${testClockTime(sql, sql`${contract_id}`)}, clock_timestamp())`
    : sql`NULL::timestamptz`;
  await withoutPipelining(sql`
    INSERT INTO refused_attempts (contract_id, minute, code, attempts, licenses, largest, last_at, first_at, is_judged, last_actor_id, last_request_id)
    SELECT ${contract_id}, date_trunc('minute', now()), ${code}, ${attempts.length}::int, ${licenses}::bigint, ${largest}::bigint, ${at},
           ${at}, ${!exceeds}, ${last.actor_id}, ${last.request_id}
    FROM ${limitedLockWait(sql, lock_ms)}
    ON CONFLICT (contract_id, minute, code) DO UPDATE
    SET attempts = refused_attempts.attempts + excluded.attempts, licenses = refused_attempts.licenses + excluded.licenses,
        largest = CASE WHEN refused_attempts.is_judged THEN excluded.largest ELSE greatest(refused_attempts.largest, excluded.largest) END,
        first_at = CASE WHEN refused_attempts.is_judged THEN excluded.first_at ELSE refused_attempts.first_at END,
        last_at = excluded.last_at, is_judged = excluded.is_judged,
        last_actor_id = excluded.last_actor_id, last_request_id = excluded.last_request_id`);
}

/** Takes the refusals of a contract that exceeded its quota since the last look; null when there were none. The index `refused_attempts_to_judge` has the same condition. */
export async function takeExceeding(tx: Sql, contract_id: string): Promise<LimitLook['refused']> {
  const [taken] = await tx<[{ first_at: Instant; at: Instant | null; largest: number }]>`
    WITH taken AS (
      UPDATE refused_attempts SET is_judged = true
      WHERE contract_id = ${contract_id} AND code = 'QUOTA_EXCEEDED' AND NOT is_judged RETURNING first_at, last_at, largest
    )
    SELECT min(coalesce(first_at, last_at)) AS first_at, max(last_at) AS at, coalesce(max(largest), 0)::float8 AS largest FROM taken`;
  return taken.at === null ? null : { first_at: taken.first_at, at: taken.at, largest: taken.largest };
}

/** One page of a contract's refused attempts, newest first; `after` is the last row of the previous page. */
export async function listRefusedAttempts(
  sql: Sql,
  contract_id: string,
  after: Pick<RefusedAttemptsRow, 'minute' | 'code'> | null,
  limit: number,
): Promise<RefusedAttemptsRow[]> {
  return sql<RefusedAttemptsRow[]>`
    SELECT minute, code, attempts, licenses::float8 AS licenses, last_actor_id, last_request_id FROM refused_attempts
    WHERE contract_id = ${contract_id} ${after === null ? sql`` : sql`AND (minute, code) < (${after.minute}, ${after.code})`}
    ORDER BY minute DESC, code DESC LIMIT ${limit}`;
}

/** Removes at most {@link REMOVED_ROWS_MAX} counts that are past their retention; returns how many. */
export async function dropOldRefusedAttempts(sql: Sql): Promise<number> {
  const removed = await sql`
    DELETE FROM refused_attempts WHERE (contract_id, minute, code) IN (
      SELECT contract_id, minute, code FROM refused_attempts
      WHERE minute < now() - make_interval(days => ${REFUSED_ATTEMPTS_DAYS}) LIMIT ${REMOVED_ROWS_MAX})`;
  return removed.count;
}
