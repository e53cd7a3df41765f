/** Imports one chunk of a job. */
import type { Sql } from '../../db/base/database';
import type { ChunkOutcome } from '../../db/generation/chunk';
import { admitImportChunk, lockImportChunk, storeChunkResult } from '../../db/import/chunk';
import { findImportPlan } from '../../db/import/plan';
import type { Instant } from '../../domain/base/instant';
import { importRows } from './import-rows';

/**
 * Imports a chunk once: its licenses, its marker and what became of its rows are stored together or not at all. A second attempt waits for
 * the row of the chunk, and then finds it decided. Like a chunk of generated licenses it shares the lock of its contract, so no license is
 * imported after a change that closes the contract. `expects_new_keys`: it fails when a key exists already, and is faster. Call it inside a
 * transaction.
 */
export async function importChunk(
  tx: Sql,
  {
    job_id,
    chunk_no,
    now,
    expects_new_keys,
  }: { job_id: string; chunk_no: number; now: Instant; expects_new_keys: boolean },
): Promise<ChunkOutcome> {
  const admitted = await admitImportChunk(tx, job_id, now);
  if (!admitted) return 'job_stopped';
  if (admitted.due) return 'boundary_due';
  if (!admitted.open) return 'contract_closed';
  const chunk = await lockImportChunk(tx, job_id, chunk_no);
  if (!chunk) return 'filled';
  const plan = await findImportPlan(tx, job_id);
  const result = await importRows(
    tx,
    plan,
    { ...chunk, expects_new_keys },
    { actor: plan.actor, now, request_id: plan.request_id },
  );
  await storeChunkResult(tx, { import_id: job_id, chunk_no, now }, result);
  return 'filled';
}
