/**
 * The outer limit: `COPY` of as many licenses with keys drawn in the same way into the same table with its index, on
 * one connection for each core. It writes no chunk rows and commits once for each connection.
 *
 * All rows are drawn and formatted before the measurement begins, so that only Postgres is measured.
 */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { chunkCount, chunkSpan } from '../domain/generation/generation-job';
import type { Database } from '../db/base/database';
import { CONNECTIONS, drawKeys } from './bare-loop';
import type { BareJob } from './bare-loop';

/** The rows of a job as text for `COPY`, chunk by chunk, divided among the connections. */
export type CopyRows = Buffer[][];

/** Draws the keys of all chunks and formats their rows. */
export function drawCopyRows(job: BareJob): CopyRows {
  const first_id = BigInt(job.serial) << 24n;
  const rows: CopyRows = Array.from({ length: CONNECTIONS }, () => []);
  for (let chunk_no = 0; chunk_no < chunkCount(job.requested, job.chunk_size); chunk_no++) {
    const { from_ordinal } = chunkSpan(job.requested, job.chunk_size, chunk_no);
    const lines = drawKeys(job, chunk_no)
      .split(',')
      .map((key, index) => `${first_id + BigInt(from_ordinal + index)}\t${key}\n`);
    rows[chunk_no % CONNECTIONS]?.push(Buffer.from(lines.join('')));
  }
  return rows;
}

/** Copies the rows, each part on a connection of its own. */
export async function runCopy(connections: Database, rows: CopyRows): Promise<void> {
  await Promise.all(
    rows.map(async (chunks) => {
      const copy = await connections`COPY licenses (id, key) FROM STDIN`.writable();
      await pipeline(Readable.from(chunks), copy);
    }),
  );
}
