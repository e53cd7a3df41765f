/**
 * Rows that another transaction locks until the test ends it, like a process that freezes in the middle of a
 * transaction.
 */
import type { Database, Sql } from '../../db/base/database';

export interface LockedRows {
  /** Rolls the transaction back. */
  release(): Promise<void>;
  /** Commits what the transaction changed. */
  commit(): Promise<void>;
}

/** Calls `lock` in a transaction on a separate connection. */
export async function lockRows(db: Database, lock: (tx: Sql) => PromiseLike<unknown>): Promise<LockedRows> {
  const connection = await db.reserve();
  await connection`BEGIN`;
  await lock(connection);
  let is_open = true;
  const end = async (by: 'COMMIT' | 'ROLLBACK'): Promise<void> => {
    if (!is_open) return;
    is_open = false;
    await connection.unsafe(by);
    connection.release();
  };
  return { release: () => end('ROLLBACK'), commit: () => end('COMMIT') };
}
