/** Deletes rows after their retention period, in bounded statements with a transaction each. The next call deletes the rest. */
import { deleteExpiredIdempotencyKeys } from '../../db/base/idempotency';
import type { Sql } from '../../db/base/database';
import { deleteExpiredCommands } from '../../db/contract/command';
import { clearExpiredIdempotencyKeys } from '../../db/generation/generation-job';
import { deleteExpiredOutcomes } from '../../db/license/license-outcome';
import { IDEMPOTENCY_DAYS } from '../base/idempotency';

/** The most rows of one statement, and the most statements of one call for each table. */
const DELETED_ROWS_MAX = 1_000;
const DELETED_BATCHES_MAX = 50;

/**
 * Deletes idempotency keys after thirty days: those of commands, of generation and of all other requests. After that a key can
 * be used again.
 */
export async function deleteExpiredIdempotency(sql: Sql): Promise<void> {
  for (const drop of [deleteExpiredIdempotencyKeys, deleteExpiredCommands, clearExpiredIdempotencyKeys])
    await inBatches((limit) => drop(sql, IDEMPOTENCY_DAYS, limit));
}

/** Deletes the outcomes of licenses in operations (db/license/license-outcome.ts). */
export async function deleteOldOutcomes(sql: Sql): Promise<void> {
  await inBatches((limit) => deleteExpiredOutcomes(sql, limit));
}

async function inBatches(drop: (limit: number) => Promise<number>): Promise<void> {
  for (let batch = 1; batch <= DELETED_BATCHES_MAX; batch++)
    if ((await drop(DELETED_ROWS_MAX)) < DELETED_ROWS_MAX) return;
}
