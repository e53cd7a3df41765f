/** Waits until statements wait for locks, so that a race is arranged by locks and not by time. */
import type { Database } from '../../db/base/database';
import { waitFor } from './stack';

const BLOCKED_TIMEOUT_MS = 10_000;

/** Resolves when at least `statements` statements in the database of `db` wait for a lock. */
export async function waitUntilBlocked(db: Database, statements = 1): Promise<void> {
  await waitFor(
    async () => {
      const blocked = await db`
        SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      return blocked.count >= statements ? true : undefined;
    },
    { timeout_ms: BLOCKED_TIMEOUT_MS, what: `${statements} statements to wait for a lock` },
  );
}
