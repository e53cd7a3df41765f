/**
 * The chunks of a generation job: the statement that generates the licenses of a chunk once, while the contract allows it.
 *
 * A chunk in progress holds a shared advisory lock of its contract (`admit_chunk` in db/schema.sql), and checks job and contract after
 * the lock is granted. A change that closes the contract (terminate, pause, suspend, expire) takes the same lock exclusively before it
 * commits. So after the commit, no more licenses of the contract are generated. Postgres grants advisory locks in the order of arrival;
 * with shared row locks, a busy job, which always has chunks in progress, could keep the change waiting forever.
 */
import type { Instant } from '../../domain/base/instant';
import type { Sql } from '../base/database';
import { allowLockWait } from '../base/session';
import { poolColumns, poolParts, poolRow } from '../pool/available';

/** The minimum time that a change that closes a contract waits for chunks in progress. A chunk takes about 100 ms. */
const CHUNKS_WAIT_MS = 2_000;

/** A chunk to be generated. */
export interface Chunk {
  job_id: string;
  chunk_no: number;
  from_ordinal: number;
  licenses: number;
  /** The keys, joined by commas. */
  keys: string;
  now: Instant;
}

/**
 * The outcome of a chunk: `filled` now or before; `contract_closed` when the contract does not allow generation; `boundary_due` when the
 * contract must be settled first; `job_stopped` when the job is no longer running; `concurrent_attempt` when another attempt at the same
 * chunk was committed at the same moment.
 */
export type ChunkOutcome = 'filled' | 'contract_closed' | 'boundary_due' | 'job_stopped' | 'concurrent_attempt';

/**
 * Generates one chunk in one statement and one transaction.
 *
 * The marker row and the licenses are inserted together or not at all, so a repeated call inserts nothing. Those of a pool become available. The job's row is locked FOR KEY
 * SHARE: a change of its state does not wait for the chunk, but a release of its reservation does (`lockJob`), and so does a change that
 * closes the contract (`awaitChunks`).
 * Throws 23505 on `license_key_unique` when a key exists already; then the caller generates new keys.
 */
export async function insertChunk(sql: Sql, chunk: Chunk): Promise<ChunkOutcome> {
  const [result] = await sql<{ open: boolean; due: boolean; filled: boolean; filled_before: boolean }[]>`
    WITH job AS MATERIALIZED (
      SELECT job_serial, open, next_boundary_at <= ${chunk.now}::timestamptz AS due, pool_id, expires_at FROM admit_chunk(${chunk.job_id})
    ), marker AS (
      INSERT INTO generation_chunks (job_id, chunk_no, licenses, created_at)
      SELECT ${chunk.job_id}::uuid, ${chunk.chunk_no}, ${chunk.licenses}, ${chunk.now} FROM job WHERE open AND NOT due
      ON CONFLICT DO NOTHING RETURNING 1
    ), inserted AS (
      INSERT INTO licenses (id, key)
      SELECT (job.job_serial << 24) + ${chunk.from_ordinal - 1}::int + k.ordinal, k.key
      FROM marker, job, string_to_table(${chunk.keys}, ',') WITH ORDINALITY AS k (key, ordinal)
    ), pooled AS (
      INSERT INTO pool_available (${poolColumns(sql)})
      SELECT pool_id, coalesce(expires_at, 'infinity'), ${poolRow(sql, sql`(job_serial << 24) + ${chunk.from_ordinal}::bigint`, sql`${chunk.licenses}::int`)}
      FROM marker, job, ${poolParts(sql, sql`${chunk.licenses}::int`)} WHERE pool_id IS NOT NULL
    )
    SELECT open, due, EXISTS (SELECT FROM marker) AS filled,
           EXISTS (SELECT FROM generation_chunks WHERE job_id = ${chunk.job_id} AND chunk_no = ${chunk.chunk_no}) AS filled_before
    FROM job`;
  if (!result) return 'job_stopped';
  if (result.filled || result.filled_before) return 'filled';
  if (result.due) return 'boundary_due';
  return result.open ? 'concurrent_attempt' : 'contract_closed';
}

/**
 * Waits until no chunk of the contract is in progress, and lets none begin until the transaction ends. For a change that closes the
 * contract. Call it after locking contract and jobs and before locking the quota row: a chunk does not wait for contract and jobs, and a
 * transaction that ends a job locks first the job, for which a chunk may wait, and then the quota row.
 * The change has the time at which it was requested, so licenses of those chunks can have a later time although they come before it. The
 * order is the `sequence` of the contract's events.
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

/** How many licenses a contract has, with test licenses. */
export async function countIssuedLicenses(sql: Sql, contract_id: string): Promise<number> {
  const [row] = await sql<[{ count: number }]>`
    SELECT coalesce(sum(k.licenses), 0)::int AS count FROM generation_jobs j JOIN generation_chunks k ON k.job_id = j.id
    WHERE j.contract_id = ${contract_id}`;
  return row.count;
}
