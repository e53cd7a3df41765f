/**
 * Failed authentications of the current minute, counted for all processes.
 *
 * Clients are divided into buckets, so the table cannot grow, however many addresses an attacker has, and stores no address. Clients of
 * one bucket share its count: that matters only to clients that fail too.
 */
import { withoutPipelining } from '../base/database';
import type { Sql } from '../base/database';
import { limitedLockWait } from '../base/session';

/** The number of buckets, and the most rows of the table. */
export const FAILURE_BUCKETS = 65_536;

/** How many authentications failed in a bucket. */
export interface BucketFailures {
  bucket: number;
  failures: number;
}

/** The failures of a bucket in the current minute, and the seconds until the next minute. */
export interface BucketCount extends BucketFailures {
  seconds_left: number;
}

/** Counts failures of different buckets, and returns the counts. `lock_ms` limits the wait for a row. */
export async function countFailures(
  sql: Sql,
  given: readonly BucketFailures[],
  lock_ms: number,
): Promise<BucketCount[]> {
  // Rows are locked in the order of buckets, so that statements of two processes do not wait for each other in a circle. A statement
  // that waited can carry the minute before: its failures count in the later one.
  return withoutPipelining(sql<BucketCount[]>`
    INSERT INTO failed_authentications AS f (bucket, minute, failures)
    SELECT given.bucket, date_trunc('minute', now()), given.failures
    FROM ${limitedLockWait(sql, lock_ms)}, jsonb_to_recordset(${sql.json(given as never)}) AS given (bucket integer, failures integer)
    ORDER BY given.bucket
    ON CONFLICT (bucket) DO UPDATE
    SET failures = CASE WHEN f.minute >= excluded.minute THEN f.failures ELSE 0 END + excluded.failures,
        minute = greatest(f.minute, excluded.minute)
    RETURNING bucket, failures,
              greatest(1, ceil(extract(epoch FROM minute + interval '1 minute' - clock_timestamp())))::int AS seconds_left`);
}

/** Removes counts of earlier minutes; returns how many. */
export async function dropOldFailures(sql: Sql): Promise<number> {
  const removed = await sql`DELETE FROM failed_authentications WHERE minute < now() - interval '1 hour'`;
  return removed.count;
}
