/** Rows that another transaction holds until the test ends it, as a process does that was frozen in the middle of a transaction. */
import type { Database, Sql } from '../../db/base/database';

export interface LockedRows {
  /** Rolls the transaction back. */
  release(): Promise<void>;
  /** Commits what the transaction changed. */
  commit(): Promise<void>;
}

/** Locks what `lock` locks, on a connection of its own. */
export async function lockRows(db: Database, lock: (tx: Sql) => PromiseLike<unknown>): Promise<LockedRows> {
  const connection = await db.reserve();
  await connection`BEGIN`;
  await lock(connection);
  let is_held = true;
  const end = async (by: 'COMMIT' | 'ROLLBACK'): Promise<void> => {
    if (!is_held) return;
    is_held = false;
    await connection.unsafe(by);
    connection.release();
  };
  return { release: () => end('ROLLBACK'), commit: () => end('COMMIT') };
}
