/**
 * The chunks of a generation job: the statement that makes licenses, once each, while the contract allows it.
 *
 * A chunk in flight shares the advisory lock of its contract's generation (`admit_chunk` in db/schema.sql), and judges job and contract
 * after the lock was granted. A change that closes the contract takes that lock alone before it commits. So once the change is
 * answered, no license of the contract is made any more. Postgres queues for an advisory lock in the order of arrival: a busy job
 * has chunks in flight all the time, and they do not keep the change waiting for good, as row locks that are shared would.
 */
import type { Instant } from '../../domain/base/instant';
import type { Sql } from '../base/database';
import { allowLockWait } from '../base/session';

/** How long a change that closes a contract waits for the chunks in flight, at least. A chunk takes about 100 ms. */
const CHUNKS_WAIT_MS = 2_000;

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
 * `concurrent_attempt` when another attempt at the same chunk committed at this very moment.
 */
export type ChunkOutcome = 'filled' | 'contract_closed' | 'boundary_due' | 'job_stopped' | 'concurrent_attempt';

/**
 * Makes one chunk in one statement and one transaction.
 *
 * The marker row and the licenses are inserted together or not at all, so a repeat inserts nothing. The job's row is
 * locked for key share: changes of its state do not wait, but releasing its reservation does (`lockJob`). A change that closes
 * the contract waits too (`awaitChunks`).
 * Throws 23505 on `license_key_unique` when a key exists already; the caller draws new keys.
 */
export async function insertChunk(sql: Sql, chunk: Chunk): Promise<ChunkOutcome> {
  const [seen] = await sql<{ open: boolean; due: boolean; filled: boolean; filled_before: boolean }[]>`
    WITH job AS MATERIALIZED (
      SELECT job_serial, open, next_boundary_at <= ${chunk.now}::timestamptz AS due FROM admit_chunk(${chunk.job_id})
    ), marker AS (
      INSERT INTO generation_chunks (job_id, chunk_no, licenses, created_at)
      SELECT ${chunk.job_id}::uuid, ${chunk.chunk_no}, ${chunk.licenses}, ${chunk.now} FROM job WHERE open AND NOT due
      ON CONFLICT DO NOTHING RETURNING 1
    ), made AS (
      INSERT INTO licenses (id, key)
      SELECT (job.job_serial << 24) + ${chunk.from_ordinal - 1}::int + k.ordinal, k.key
      FROM marker, job, string_to_table(${chunk.keys}, ',') WITH ORDINALITY AS k (key, ordinal)
    )
    SELECT open, due, EXISTS (SELECT FROM marker) AS filled,
           EXISTS (SELECT FROM generation_chunks WHERE job_id = ${chunk.job_id} AND chunk_no = ${chunk.chunk_no}) AS filled_before
    FROM job`;
  if (!seen) return 'job_stopped';
  if (seen.filled || seen.filled_before) return 'filled';
  if (seen.due) return 'boundary_due';
  return seen.open ? 'concurrent_attempt' : 'contract_closed';
}

/**
 * Waits until no chunk of the contract is in flight, and lets none begin until the transaction ends. For a change that closes the
 * contract: call it with contract and jobs locked, and before the quota row is. A chunk waits for none of these. What ends a job
 * locks the job, for which a chunk may wait, and then the quota row.
 * The change carries the time at which it was requested, so licenses of those chunks can carry a later time and still come before it:
 * the order is the `sequence` of the contract's events.
 * @throws 55P03 when a chunk takes longer than CHUNKS_WAIT_MS; the change can be repeated
 */
export async function awaitChunks(tx: Sql, contract_id: string): Promise<void> {
  await allowLockWait(tx, CHUNKS_WAIT_MS, () => tx`SELECT pg_advisory_xact_lock(generation_lock(${contract_id}))`);
}

/** The numbers of the chunks in `[from, to)` that do not exist yet. */
export async function listMissingChunks(sql: Sql, job_id: string, from: number, to: number): Promise<number[]> {
  const rows = await sql<{ chunk_no: number }[]>`
    SELECT n AS chunk_no FROM generate_series(${from}::int, ${to - 1}::int) AS n
    WHERE NOT EXISTS (SELECT FROM generation_chunks WHERE job_id = ${job_id} AND chunk_no = n) ORDER BY n`;
  return rows.map((row) => row.chunk_no);
}
