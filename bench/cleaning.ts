/**
 * The same start for every run: the licenses of the run before are deleted and their space is made free (VACUUM), and
 * what Postgres still owes to the disk is written (CHECKPOINT), so that no run pays for another's rows or log.
 */
import type { Sql } from '../db/base/database';

/** Removes the licenses and chunk markers of all jobs of these contracts. The job rows stay, as their audit does. */
export async function cleanUp(db: Sql, contract_ids: readonly string[]): Promise<void> {
  await db`
    DELETE FROM licenses l USING generation_jobs j
    WHERE j.contract_id IN ${db(contract_ids)} AND l.id > j.serial << 24 AND l.id < (j.serial + 1) << 24`;
  await db`DELETE FROM generation_chunks WHERE job_id IN (SELECT id FROM generation_jobs WHERE contract_id IN ${db(contract_ids)})`;
  await settleDisk(db, ['licenses', 'generation_chunks', 'generation_jobs']);
}

/** Makes deleted rows of these tables reusable, brings statistics up to date and writes what is owed to the disk. */
export async function settleDisk(db: Sql, tables: readonly string[]): Promise<void> {
  await db.unsafe(`VACUUM (ANALYZE) ${tables.join(', ')}`);
  await db.unsafe('CHECKPOINT');
}

/** How many licenses a job has in the table. */
export async function countLicenses(db: Sql, job_id: string): Promise<number> {
  const [row] = await db<[{ licenses: number }]>`
    SELECT count(*)::int AS licenses FROM licenses l JOIN generation_jobs j ON l.id > j.serial << 24 AND l.id < (j.serial + 1) << 24
    WHERE j.id = ${job_id}`;
  return row.licenses;
}
