/**
 * The outer limit: `COPY` of as many licenses with keys drawn in the same way into the same table with its index, on
 * one connection for each core. It writes no chunk rows and commits once for each connection.
 *
 * All rows are drawn and formatted before the measurement begins, so that only Postgres is measured.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import postgres from 'postgres';
import { chunkCount, chunkSpan } from '../domain/generation/generation-job';
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

/**
 * Opens the connections of the copies. TCP sends their last message at once: by default it waits until Postgres has
 * acknowledged the rows before, which adds 40 to 90 ms to each copy.
 */
export function openCopyConnections(database_url: string): postgres.Sql {
  const { hostname, port } = new URL(database_url);
  const openSocket = async (): Promise<Socket> => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    await once(socket, 'connect');
    return socket;
  };
  // The types of the driver do not contain the option `socket`.
  const options: postgres.Options<{}> & { socket: () => Promise<Socket> } = { max: CONNECTIONS, socket: openSocket };
  return postgres(database_url, options);
}

/** Copies the rows, each part on a connection of its own. */
export async function runCopy(connections: postgres.Sql, rows: CopyRows): Promise<void> {
  await Promise.all(
    rows.map(async (chunks) => {
      const copy = await connections`COPY licenses (id, key) FROM STDIN`.writable();
      await pipeline(Readable.from(chunks), copy);
    }),
  );
}
