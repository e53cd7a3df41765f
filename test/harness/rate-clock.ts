/** Sets the time of the rate windows in the database of a test. */
import type { Instant } from '../../domain/base/instant';
import type { Sql } from '../../db/base/database';

/** Replaces the function `rate_clock` in this database; returns the function that sets its time, by default with a transaction of its own. */
export async function controlRateClock(sql: Sql, start: Instant): Promise<(at: Instant, tx?: Sql) => Promise<void>> {
  await sql`CREATE TABLE test_rate_clock AS SELECT ${start}::timestamptz AS at`;
  await sql.unsafe(`
    CREATE OR REPLACE FUNCTION rate_clock() RETURNS timestamptz LANGUAGE sql VOLATILE RETURN (SELECT at FROM test_rate_clock)`);
  return async (at, tx = sql) => void (await tx`UPDATE test_rate_clock SET at = ${at}`);
}
