/** Counts refused calls of contracts' API keys. */
import type { Database } from '../../db/base/database';
import { countRefusedCalls } from '../../db/access/refused-call';
import type { RefusedCall } from '../../db/access/refused-call';
import { createMergedCounts } from '../base/merged-counts';

/** Creates the function that counts a refused call; it resolves when the count is committed. */
export function createRefusedCallCounter(db: Database): (call: RefusedCall) => Promise<void> {
  return createMergedCounts(db, 'refused_calls', countRefusedCalls);
}
