/** Rows that another transaction holds until the test lets go, as a process does that was frozen in the middle of a transaction. */
import type { Database, Sql } from '../../db/index';

export interface HeldRows {
  /** Rolls the transaction back. */
  release(): Promise<void>;
}

/** Locks what `lock` locks, on a connection of its own. */
export async function holdRows(db: Database, lock: (tx: Sql) => PromiseLike<unknown>): Promise<HeldRows> {
  const connection = await db.reserve();
  await connection`BEGIN`;
  await lock(connection);
  let is_held = true;
  return {
    async release() {
      if (!is_held) return;
      is_held = false;
      await connection`ROLLBACK`;
      connection.release();
    },
  };
}
