/** Counts refused requests for licenses. One statement counts all attempts that wait at the same moment. */
import type { Database } from '../../db/base/database';
import { isLockTimeout } from '../../db/base/errors';
import type { LockedRow } from '../../db/base/errors';
import { countAttempts } from '../../db/generation/refused-attempt';
import type { RefusedAttempt } from '../../db/generation/refused-attempt';
import { createMergedCalls } from '../base/merged-calls';
import type { Merge } from '../base/merged-calls';

/** Creates the function that counts a refused attempt; it resolves when the count is committed. */
export function createRefusalCounter(db: Database): (attempt: RefusedAttempt) => Promise<void> {
  const { attempt_ms } = db.lockTurns.limits;
  return createMergedCalls({
    turns: db.lockTurns,
    rowOf: countsOf,
    keyOf: ({ contract_id, code }) => `${contract_id} ${code}`,
    take: (queue) => queue.splice(0) as Merge<RefusedAttempt, void>,
    async serve(calls) {
      try {
        await countAttempts(db, calls.map(({ input }) => input) as [RefusedAttempt, ...RefusedAttempt[]], attempt_ms);
        for (const { resolve } of calls) resolve();
      } catch (error) {
        if (isLockTimeout(error)) throw error;
        for (const { reject } of calls) reject(error);
      }
    },
  });
}

/** The row that the statement locks: the counts of one contract, for every code. */
function countsOf({ contract_id }: RefusedAttempt): LockedRow {
  return { table: 'refused_attempts', id: contract_id };
}
