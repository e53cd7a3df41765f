/**
 * Reads of lists, which callers can filter in any way. Each has its own time limit, shorter than that of other statements. Together
 * they use only a part of the pool, so that slow lists leave connections for everything else.
 */
import { RowsBusy } from './errors';
import type { Database, Sql } from './database';
import { WAITING_MAX, createLockTurns } from './lock-turns';
import { allowStatementTime } from './session';

/** The part of a pool that lists may use at the same time. */
const POOL_SHARE = 1 / 3;

/** A list was not read: too many lists were being read during its whole waiting time, or too many wait already. */
export class ListsBusy extends Error {}

/** Reads a list within the limits. Throws `ListsBusy`, or 57014 from Postgres when a statement takes too long. */
export type ReadList = <T>(read: (sql: Sql) => Promise<T>) => Promise<T>;

/** `statement_ms` limits each statement, and the wait for a turn. Lists lock no rows, so they have a separate set of turns without rows. */
export function createListReads(db: Database, statement_ms: number): ReadList {
  const running_max = Math.max(1, Math.floor(db.options.max * POOL_SHARE));
  const turns = createLockTurns({
    running_max,
    contended_max: running_max,
    waiting_max: WAITING_MAX,
    waiting_per_row_max: WAITING_MAX,
    wait_ms: statement_ms,
    attempt_ms: statement_ms,
  });

  return async function readList<T>(read: (sql: Sql) => Promise<T>): Promise<T> {
    let has_begun = false;
    try {
      return await turns.run([], () => {
        has_begun = true;
        return readInTime(read);
      });
    } catch (error) {
      throw error instanceof RowsBusy && !has_begun ? new ListsBusy('too many lists are being read') : error;
    }
  };

  async function readInTime<T>(read: (sql: Sql) => Promise<T>): Promise<T> {
    const rows = await db.begin('read only', async (tx) => {
      await allowStatementTime(tx, statement_ms);
      // A generic plan would not know which filter values are rare.
      await tx.unsafe('SET LOCAL plan_cache_mode = force_custom_plan');
      return read(tx);
    });
    return rows as T;
  }
}
