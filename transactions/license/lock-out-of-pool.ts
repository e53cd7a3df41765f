/** Locks licenses that an operation makes unavailable, outside of their pools. */
import type { Sql } from '../../db/base/database';
import { runUndoable } from '../../db/base/savepoint';
import { isInPool, leavePool } from '../../db/pool/available';

/** Each attempt but the last one means that another transaction returned one of the licenses meanwhile. */
const ATTEMPTS_MAX = 10;

/**
 * Takes licenses out of their pools, and then locks their facts by `lock`: the order in which orders lock them. A license that returns to
 * its pool meanwhile is seen there only when its facts are locked. Then both locks are given back and taken again; without that, an order
 * gets the license that the operation changes. Returns what `lock` returns. Call it inside a transaction, which is repeated when the
 * licenses return again and again.
 */
export async function lockOutOfPool<T>(tx: Sql, license_ids: readonly string[], lock: () => Promise<T>): Promise<T> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const { locked, returned } = await runUndoable(
      tx,
      async () => {
        await leavePool(tx, license_ids);
        return { locked: await lock(), returned: await isInPool(tx, license_ids) };
      },
      (result) => result.returned,
    );
    if (!returned) return locked;
  }
  throw Object.assign(new Error('Licenses returned to their pool again and again.'), { code: 'TRANSACTION_ROLLED_BACK' });
}
