/** Removal of what is kept for a limited time, in bounded statements of one transaction each; the next call removes what is left. */
import { deleteExpiredIdempotencyKeys } from '../../db/base/idempotency';
import type { Sql } from '../../db/base/database';
import { deleteExpiredCommands } from '../../db/contract/command';
import { clearExpiredIdempotencyKeys } from '../../db/generation/generation-job';
import { IDEMPOTENCY_DAYS } from '../base/idempotency';

/** Rows of one statement, and statements of one call for each table. */
const DROPPED_ROWS_MAX = 1_000;
const DROPPED_BATCHES_MAX = 50;

/** Forgets idempotency keys after thirty days: those of commands, of generation and of all other requests. Then a key is new. */
export async function dropExpiredIdempotency(sql: Sql): Promise<void> {
  for (const drop of [deleteExpiredIdempotencyKeys, deleteExpiredCommands, clearExpiredIdempotencyKeys])
    await inBatches((limit) => drop(sql, IDEMPOTENCY_DAYS, limit));
}

async function inBatches(drop: (limit: number) => Promise<number>): Promise<void> {
  for (let batch = 1; batch <= DROPPED_BATCHES_MAX; batch++)
    if ((await drop(DROPPED_ROWS_MAX)) < DROPPED_ROWS_MAX) return;
}
