/**
 * Refused requests for licenses, counted per contract, minute and code (decisions 40). A client that asks again and again for what
 * it does not get costs one row a minute.
 */
import type { Instant } from '../../domain/base/instant';
import type { RefusalCode } from '../../domain/base/refusal';
import { withoutPipelining } from '../base/database';
import type { Sql } from '../base/database';
import { limitedLockWait } from '../base/session';

/** How long counts are kept. */
export const REFUSED_ATTEMPTS_DAYS = 90;
/** Rows removed by one statement. */
const REMOVED_ROWS_MAX = 1_000;

/** One refused request. */
export interface RefusedAttempt {
  contract_id: string;
  code: RefusalCode;
  /** How many licenses were asked for. */
  licenses: number;
  actor_id: string;
  request_id: string | null;
}

/** The refused requests of one contract in one minute, with one code. */
export interface RefusedAttemptsRow {
  /** The beginning of the minute, by the time of Postgres. */
  minute: Instant;
  code: string;
  attempts: number;
  /** How many licenses they asked for in all. */
  licenses: number;
  last_actor_id: string;
  last_request_id: string | null;
}

/** Counts attempts of one contract that were refused with the same code; `lock_ms` limits the wait for their row. */
export async function countAttempts(
  sql: Sql,
  attempts: [RefusedAttempt, ...RefusedAttempt[]],
  lock_ms: number,
): Promise<void> {
  const [{ contract_id, code }] = attempts;
  const last = attempts.at(-1) as RefusedAttempt;
  const licenses = attempts.reduce((sum, attempt) => sum + attempt.licenses, 0);
  await withoutPipelining(sql`
    INSERT INTO refused_attempts (contract_id, minute, code, attempts, licenses, last_actor_id, last_request_id)
    SELECT ${contract_id}, date_trunc('minute', now()), ${code}, ${attempts.length}::int, ${licenses}::bigint, ${last.actor_id}, ${last.request_id}
    FROM ${limitedLockWait(sql, lock_ms)}
    ON CONFLICT (contract_id, minute, code) DO UPDATE
    SET attempts = refused_attempts.attempts + excluded.attempts, licenses = refused_attempts.licenses + excluded.licenses,
        last_actor_id = excluded.last_actor_id, last_request_id = excluded.last_request_id`);
}

/** A page of a contract's refused attempts, newest first; `after` is where the page before it ended. */
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

/** Removes counts that are older than their retention, a bounded number; answers how many. */
export async function dropOldRefusedAttempts(sql: Sql): Promise<number> {
  const removed = await sql`
    DELETE FROM refused_attempts WHERE (contract_id, minute, code) IN (
      SELECT contract_id, minute, code FROM refused_attempts
      WHERE minute < now() - make_interval(days => ${REFUSED_ATTEMPTS_DAYS}) LIMIT ${REMOVED_ROWS_MAX})`;
  return removed.count;
}
