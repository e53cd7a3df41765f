/** Counts events that are refused again and again: one statement counts all that wait at the same moment. */
import type { Database } from '../../db/base/database';
import { isLockTimeout } from '../../db/base/errors';
import { createMergedCalls } from './merged-calls';
import type { Merge } from './merged-calls';

/** What is counted: for a contract, by a code. */
interface Countable {
  contract_id: string;
  code: string;
}

/** The statement that counts events of one contract with one code. `lock_ms` limits its wait for their row. */
type CountTogether<T> = (db: Database, counted: [T, ...T[]], lock_ms: number) => Promise<void>;

/**
 * Creates the function that counts one event; it resolves when the count is committed. The statement locks the counts of one contract
 * in `table`, for every code.
 */
export function createMergedCounts<T extends Countable>(
  db: Database,
  table: string,
  countTogether: CountTogether<T>,
): (counted: T) => Promise<void> {
  const { attempt_ms } = db.lockTurns.limits;
  return createMergedCalls({
    turns: db.lockTurns,
    rowOf: ({ contract_id }) => ({ table, id: contract_id }),
    keyOf: ({ contract_id, code }) => `${contract_id} ${code}`,
    take: (queue) => queue.splice(0) as Merge<T, void>,
    async serve(calls) {
      try {
        await countTogether(db, calls.map(({ input }) => input) as [T, ...T[]], attempt_ms);
        for (const { resolve } of calls) resolve();
      } catch (error) {
        if (isLockTimeout(error)) throw error;
        for (const { reject } of calls) reject(error);
      }
    },
  });
}
