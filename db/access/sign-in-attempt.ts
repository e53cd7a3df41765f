/**
 * Attempts to sign in, counted for all processes.
 *
 * Accounts and addresses are divided into buckets, so the table cannot grow, and stores neither addresses nor e-mail addresses. What
 * shares a bucket shares its count.
 */
import { withoutPipelining } from '../base/database';
import type { Sql } from '../base/database';

/** The number of buckets, and the most rows of the table. */
export const SIGN_IN_BUCKETS = 65_536;

/** The attempts of a bucket since its window began, and the seconds until the window ends. */
export interface CountedAttempts {
  bucket: number;
  attempts: number;
  seconds_left: number;
}

/** Counts one attempt in each of the buckets, and returns the counts with it. A window begins with its first attempt. */
export async function countAttempts(
  sql: Sql,
  buckets: readonly number[],
  window_minutes: number,
): Promise<CountedAttempts[]> {
  return withoutPipelining(sql<CountedAttempts[]>`
    INSERT INTO sign_in_attempts AS s (bucket, started_at, attempts)
    SELECT DISTINCT bucket, now(), 1 FROM unnest(${[...buckets]}::int[]) AS bucket ORDER BY bucket
    ON CONFLICT (bucket) DO UPDATE
    SET attempts = CASE WHEN s.started_at > now() - make_interval(mins => ${window_minutes}) THEN s.attempts + 1 ELSE 1 END,
        started_at = CASE WHEN s.started_at > now() - make_interval(mins => ${window_minutes}) THEN s.started_at ELSE now() END
    RETURNING bucket, attempts,
              greatest(1, ceil(extract(epoch FROM started_at + make_interval(mins => ${window_minutes}) - now())))::int AS seconds_left`);
}

/** Takes an attempt back that was no failure. */
export async function uncountAttempt(sql: Sql, buckets: readonly number[]): Promise<void> {
  await sql`
    UPDATE sign_in_attempts SET attempts = greatest(0, attempts - 1)
    WHERE bucket IN (SELECT bucket FROM sign_in_attempts WHERE bucket = ANY(${[...buckets]}::int[]) ORDER BY bucket FOR NO KEY UPDATE)`;
}

/** Removes counts whose window has ended long ago; returns how many. */
export async function dropOldAttempts(sql: Sql): Promise<number> {
  const removed = await sql`DELETE FROM sign_in_attempts WHERE started_at < now() - interval '1 day'`;
  return removed.count;
}
