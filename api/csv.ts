/**
 * CSV answers of any length: rows are read and written a batch at a time, no faster than the client takes them, and
 * reading stops when the client goes away.
 *
 * A cell that a spreadsheet would take for a formula gets an apostrophe in front (domain.md 4.7).
 */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'csv-stringify';
import type { Response } from 'express';
import type { JsonObject } from '../domain/json';
import type { Answer } from './route';

/** Answers with a file of these columns. The first batch is read before anything is sent, so that its failure is still a problem. */
export async function csvAnswer(
  file_name: string,
  columns: readonly string[],
  batches: AsyncGenerator<JsonObject[]>,
): Promise<Answer> {
  const first = await batches.next();
  const headers = {
    'Content-Type': 'text/csv; charset=utf-8',
    'Content-Disposition': `attachment; filename="${file_name}"`,
  };
  return { status: 200, headers, stream: (response) => writeCsv(response, columns, rowsOf(first, batches)) };
}

async function writeCsv(
  response: Response,
  columns: readonly string[],
  rows: AsyncGenerator<JsonObject>,
): Promise<void> {
  if (response.req.method === 'HEAD') {
    response.end();
    return;
  }
  const lines = stringify({ header: true, columns: [...columns], escape_formulas: true, cast: { boolean: String } });
  try {
    await pipeline(Readable.from(rows), lines, response);
  } catch (error) {
    if (!isClientGone(error)) throw error;
  }
}

async function* rowsOf(
  first: IteratorResult<JsonObject[]>,
  batches: AsyncGenerator<JsonObject[]>,
): AsyncGenerator<JsonObject> {
  try {
    // Not `yield*`: a stream that is destroyed throws into the generator, and an array's iterator cannot take that.
    for (const row of first.done ? [] : first.value) yield row;
    for await (const batch of batches) for (const row of batch) yield row;
  } finally {
    await batches.return(undefined);
  }
}

function isClientGone(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'ERR_STREAM_PREMATURE_CLOSE';
}
