/** Deletes rows after their retention period, in bounded statements with a transaction each. The next call deletes the rest. */
import { deleteExpiredIdempotencyKeys } from '../../db/base/idempotency';
import type { Sql } from '../../db/base/database';
import { deleteExpiredCommands } from '../../db/contract/command';
import { clearExpiredIdempotencyKeys } from '../../db/generation/generation-job';
import { deleteImport, deleteReports, deleteRows, listGivenUp } from '../../db/import/import';
import { deleteExpiredOutcomes } from '../../db/license/license-outcome';
import { deleteEndedNotifications, deletePlannedNotices } from '../../db/notification/retention';
import { deleteEndedDeliveries } from '../../db/webhook/retention';
import { IDEMPOTENCY_DAYS } from '../base/idempotency';

/** The most rows of one statement, and the most statements of one call for each table. */
const DELETED_ROWS_MAX = 1_000;
const DELETED_BATCHES_MAX = 50;
/** Chunks of imports are up to some megabytes each. */
const DELETED_CHUNKS_MAX = 50;
/** Files that stopped to arrive are few. */
const GIVEN_UP_MAX = 10;

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

/** Deletes the rows and the reports of imports that no longer need them, and files that stopped to arrive. */
export async function deleteOldImports(sql: Sql): Promise<void> {
  for (const id of await listGivenUp(sql, GIVEN_UP_MAX)) await deleteImport(sql, id);
  await inBatches((limit) => deleteRows(sql, limit), DELETED_CHUNKS_MAX);
  await inBatches((limit) => deleteReports(sql, limit));
}

/** Deletes deliveries of webhooks that ended so many days ago. */
export async function deleteOldDeliveries(sql: Sql, days: number): Promise<void> {
  await inBatches((limit) => deleteEndedDeliveries(sql, days, limit));
}

/** Deletes notifications that ended so many days ago, and notices that were planned then. */
export async function deleteOldNotifications(sql: Sql, days: number): Promise<void> {
  await inBatches((limit) => deleteEndedNotifications(sql, days, limit));
  await inBatches((limit) => deletePlannedNotices(sql, days, limit));
}

async function inBatches(drop: (limit: number) => Promise<number>, rows_max = DELETED_ROWS_MAX): Promise<void> {
  for (let batch = 1; batch <= DELETED_BATCHES_MAX; batch++) if ((await drop(rows_max)) < rows_max) return;
}
