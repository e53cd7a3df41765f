/** Counts refused calls of contracts' API keys. One statement counts all that wait at the same moment. */
import type { Database } from '../../db/base/database';
import { isLockTimeout } from '../../db/base/errors';
import { countRefusedCalls } from '../../db/access/refused-call';
import type { RefusedCall } from '../../db/access/refused-call';
import { createMergedCalls } from '../base/merged-calls';
import type { Merge } from '../base/merged-calls';

/** Creates the function that counts a refused call; it resolves when the count is committed. */
export function createRefusedCallCounter(db: Database): (call: RefusedCall) => Promise<void> {
  const { attempt_ms } = db.lockTurns.limits;
  return createMergedCalls({
    turns: db.lockTurns,
    rowOf: ({ contract_id }) => ({ table: 'refused_calls', id: contract_id }),
    keyOf: ({ contract_id, code }) => `${contract_id} ${code}`,
    take: (queue) => queue.splice(0) as Merge<RefusedCall, void>,
    async serve(calls) {
      try {
        await countRefusedCalls(db, calls.map(({ input }) => input) as [RefusedCall, ...RefusedCall[]], attempt_ms);
        for (const { resolve } of calls) resolve();
      } catch (error) {
        if (isLockTimeout(error)) throw error;
        for (const { reject } of calls) reject(error);
      }
    },
  });
}
