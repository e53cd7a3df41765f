/** Counts refused requests for licenses. */
import type { Database } from '../../db/base/database';
import { countAttempts } from '../../db/generation/refused-attempt';
import type { RefusedAttempt } from '../../db/generation/refused-attempt';
import { createMergedCounts } from '../base/merged-counts';

/** Creates the function that counts a refused attempt; it resolves when the count is committed. */
export function createRefusalCounter(db: Database): (attempt: RefusedAttempt) => Promise<void> {
  return createMergedCounts(db, 'refused_attempts', countAttempts);
}
