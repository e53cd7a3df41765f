/**
 * The ceiling: the rows of a generation job inserted by nothing but the statement that inserts them, chunk by chunk, on as
 * many connections as there are cores. No request, no workflow, no state of contract or job to look at.
 */
import { randomFillSync } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { chunkCount, chunkSizeFor, chunkSpan } from '../domain/generation/generation-job';
import { joinedKeys } from '../domain/catalogue/license-key';
import { openDatabase } from '../db/base/database';
import type { Database, Sql } from '../db/base/database';
import { BENCH_KEY_FORMAT } from './contracts';

/** A job whose row exists and whose chunks do not. */
export interface BareJob {
  id: string;
  serial: string;
  requested: number;
  chunk_size: number;
}

/** As many as the product fills chunks on (worker.ts). */
export const CONNECTIONS = availableParallelism();

/** The connections of the ceiling and of the peers. */
export function openBareConnections(database_url: string): Database {
  return openDatabase(database_url, { max: CONNECTIONS, application_name: 'covenant bench' });
}

/** Writes the row of a job, marked as finished so that the sweep leaves it alone. */
export async function createBareJob(db: Sql, contract_id: string, requested: number): Promise<BareJob> {
  const now = new Date().toISOString();
  const [terms] = await db<[{ id: string }]>`
    INSERT INTO license_terms (contract_id, contract_revision, generator_id, generator_revision, key_format, features)
    SELECT id, 0, generator_id, 0, ${db.json({ ...BENCH_KEY_FORMAT })}, '{}' FROM contracts WHERE id = ${contract_id}
    ON CONFLICT ON CONSTRAINT license_terms_unique DO UPDATE SET contract_id = excluded.contract_id
    RETURNING id`;
  const chunk_size = chunkSizeFor(requested);
  const [job] = await db<[{ id: string; serial: string }]>`
    INSERT INTO generation_jobs (contract_id, environment, terms_id, execution, requested, chunk_size, state, channel,
                                 actor, created_at, started_at, finished_at, quota_remaining)
    VALUES (${contract_id}, 'production', ${terms.id}, 'background', ${requested}, ${chunk_size}, 'SUCCEEDED', 'api',
            ${db.json({ type: 'system', id: 'bench', name: 'Benchmark' })}, ${now}, ${now}, ${now}, 0)
    RETURNING id, serial`;
  return { ...job, requested, chunk_size };
}

/** The keys of one chunk, drawn as the product draws them. */
export function drawKeys(job: BareJob, chunk_no: number): string {
  const { licenses } = chunkSpan(job.requested, job.chunk_size, chunk_no);
  return joinedKeys(BENCH_KEY_FORMAT, licenses, randomFillSync);
}

/** Inserts one chunk: its marker and its licenses, once. */
export async function insertBareChunk(db: Sql, job: BareJob, chunk_no: number, keys: string): Promise<void> {
  const { from_ordinal, licenses } = chunkSpan(job.requested, job.chunk_size, chunk_no);
  await db`
    WITH marker AS (
      INSERT INTO generation_chunks (job_id, chunk_no, licenses, created_at)
      VALUES (${job.id}, ${chunk_no}, ${licenses}, now()) ON CONFLICT DO NOTHING RETURNING 1
    )
    INSERT INTO licenses (id, key)
    SELECT (${job.serial}::bigint << 24) + ${from_ordinal - 1}::int + k.ordinal, k.key
    FROM marker, string_to_table(${keys}, ',') WITH ORDINALITY AS k (key, ordinal)`;
}

/** Inserts all chunks of a job; the keys of the next chunk are drawn while Postgres inserts this one. */
export async function runBareLoop(connections: Database, job: BareJob): Promise<void> {
  const chunks = chunkCount(job.requested, job.chunk_size);
  let next = 0;
  const loop = async (): Promise<void> => {
    let chunk_no = next++;
    let keys = chunk_no < chunks ? drawKeys(job, chunk_no) : '';
    while (chunk_no < chunks) {
      const inserted = insertBareChunk(connections, job, chunk_no, keys);
      chunk_no = next++;
      if (chunk_no < chunks) keys = drawKeys(job, chunk_no);
      await inserted;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, loop));
}
