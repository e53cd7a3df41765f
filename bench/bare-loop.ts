/**
 * The upper bound: the rows of a generation job, inserted chunk by chunk with only the insert statement, on one
 * connection for each core. There is no request, no workflow, and no state of a contract or job.
 */
import { randomFillSync } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { chunkCount, chunkSizeFor, chunkSpan } from '../domain/generation/generation-job';
import { joinedKeys } from '../domain/catalogue/license-key';
import { openDatabase } from '../db/base/database';
import type { Database, Sql } from '../db/base/database';
import { BENCH_KEY_FORMAT } from './contracts';

/** A job with a row and without chunks. */
export interface BareJob {
  id: string;
  serial: string;
  requested: number;
  chunk_size: number;
}

/** The number of connections on which the product fills chunks (worker.ts). */
export const CONNECTIONS = availableParallelism();

/** Opens the connections of the bare loop and of the peers. */
export function openBareConnections(database_url: string): Database {
  return openDatabase(database_url, { max: CONNECTIONS, application_name: 'covenant bench' });
}

/** Inserts the row of a job. It is marked as finished, so that the sweep ignores it. */
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

/** Draws the keys of one chunk in the same way as the product. */
export function drawKeys(job: BareJob, chunk_no: number): string {
  const { licenses } = chunkSpan(job.requested, job.chunk_size, chunk_no);
  return joinedKeys(BENCH_KEY_FORMAT, licenses, randomFillSync);
}

/** Inserts one chunk: its row and its licenses. */
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

/** Inserts all chunks of a job. The keys of the next chunk are drawn while Postgres inserts the current one. */
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
