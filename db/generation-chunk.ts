/** The chunks of a generation job: the statement that makes licenses, once each, while the contract allows it. */
import type { Instant } from '../domain/instant';
import type { Sql } from './index';

/** One chunk to be made. */
export interface Chunk {
  job_id: string;
  chunk_no: number;
  from_ordinal: number;
  licenses: number;
  /** The keys, joined. */
  keys: string;
  now: Instant;
}

/**
 * What came of a chunk: `filled` now or before; `contract_closed` when the contract generates nothing now;
 * `boundary_due` when it must be settled before anyone can say; `job_stopped` when the job is not running any more;
 * `look_again` when another attempt at the same chunk committed at this very moment.
 */
export type ChunkOutcome = 'filled' | 'contract_closed' | 'boundary_due' | 'job_stopped' | 'look_again';

/**
 * Makes one chunk in one statement and one transaction.
 *
 * The marker row and the licenses are inserted together or not at all, so a repeat inserts nothing. The job's row is
 * locked for key share: changes of its state do not wait, but releasing its reservation does (`finishJob`).
 * Throws 23505 on `license_key_unique` when a key exists already; the caller draws new keys.
 */
export async function insertChunk(sql: Sql, chunk: Chunk): Promise<ChunkOutcome> {
  const [seen] = await sql<{ open: boolean; due: boolean; filled: boolean; filled_before: boolean }[]>`
    WITH job AS (
      SELECT id, serial, contract_id FROM generation_jobs WHERE id = ${chunk.job_id} AND state = 'RUNNING' FOR KEY SHARE
    ), contract AS (
      SELECT c.may_generate AS open, coalesce(c.next_boundary_at, 'infinity') <= ${chunk.now}::timestamptz AS due
      FROM contracts c, job WHERE c.id = job.contract_id
    ), marker AS (
      INSERT INTO generation_chunks (job_id, chunk_no, licenses, created_at)
      SELECT job.id, ${chunk.chunk_no}, ${chunk.licenses}, ${chunk.now} FROM job, contract WHERE contract.open AND NOT contract.due
      ON CONFLICT DO NOTHING RETURNING 1
    ), made AS (
      INSERT INTO licenses (id, key)
      SELECT (job.serial << 24) + ${chunk.from_ordinal - 1}::int + k.ordinal, k.key
      FROM marker, job, string_to_table(${chunk.keys}, ',') WITH ORDINALITY AS k (key, ordinal)
    )
    SELECT contract.open, contract.due, EXISTS (SELECT FROM marker) AS filled,
           EXISTS (SELECT FROM generation_chunks WHERE job_id = ${chunk.job_id} AND chunk_no = ${chunk.chunk_no}) AS filled_before
    FROM contract`;
  if (!seen) return 'job_stopped';
  if (seen.filled || seen.filled_before) return 'filled';
  if (seen.due) return 'boundary_due';
  return seen.open ? 'look_again' : 'contract_closed';
}

/** The numbers of the chunks in `[from, to)` that do not exist yet. */
export async function missingChunks(sql: Sql, job_id: string, from: number, to: number): Promise<number[]> {
  const rows = await sql<{ chunk_no: number }[]>`
    SELECT n AS chunk_no FROM generate_series(${from}::int, ${to - 1}::int) AS n
    WHERE NOT EXISTS (SELECT FROM generation_chunks WHERE job_id = ${job_id} AND chunk_no = n) ORDER BY n`;
  return rows.map((row) => row.chunk_no);
}
