/**
 * Gives every run the same initial state: the licenses of the previous run are deleted, their space is freed (VACUUM),
 * and pending writes are flushed (CHECKPOINT), so that no run is slowed down by rows or log of another.
 */
import type { Sql } from '../db/base/database';

/** Deletes the licenses, chunk rows and pools of these contracts. The job rows and the audit remain. */
export async function deleteLicenses(db: Sql, contract_ids: readonly string[]): Promise<void> {
  await db`
    DELETE FROM licenses l USING generation_jobs j
    WHERE j.contract_id IN ${db(contract_ids)} AND l.id > j.serial << 24 AND l.id < (j.serial + 1) << 24`;
  await db`DELETE FROM generation_chunks WHERE job_id IN (SELECT id FROM generation_jobs WHERE contract_id IN ${db(contract_ids)})`;
  await db`DELETE FROM pool_available WHERE contract_id IN ${db(contract_ids)}`;
  await vacuumTables(db, ['licenses', 'generation_chunks', 'generation_jobs', 'pool_available']);
}

/** Deletes what programs in the field and orders left beside the licenses of all contracts. */
export async function deleteUse(db: Sql): Promise<void> {
  await db`TRUNCATE license_facts, license_devices, pool_holds`;
  await vacuumTables(db, ['license_facts', 'license_devices', 'pool_holds']);
}

/** Frees the space of deleted rows of these tables, updates their statistics and flushes pending writes to disk. */
export async function vacuumTables(db: Sql, tables: readonly string[]): Promise<void> {
  await db.unsafe(`VACUUM (ANALYZE) ${tables.join(', ')}`);
  await db.unsafe('CHECKPOINT');
}

/** Counts the licenses of a job in the table. */
export async function countLicenses(db: Sql, job_id: string): Promise<number> {
  const [row] = await db<[{ licenses: number }]>`
    SELECT count(*)::int AS licenses FROM licenses l JOIN generation_jobs j ON l.id > j.serial << 24 AND l.id < (j.serial + 1) << 24
    WHERE j.id = ${job_id}`;
  return row.licenses;
}
