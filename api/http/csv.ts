/**
 * CSV answers of any length: rows are read, made text and written a batch at a time, no faster than the client takes them,
 * and reading stops when the stream ends.
 *
 * A batch becomes text in one pass. A stream of single rows through Node's pipeline starves everything else in the process
 * as soon as some run at once: with 40 of them `/livez` took from seconds to minutes.
 *
 * A cell that a spreadsheet would take for a formula gets an apostrophe in front (domain.md 4.7).
 */
import { stringify } from 'csv-stringify/sync';
import type { JsonObject } from '../../domain/base/json';
import type { ClientStream } from './client-stream';
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
  return { status: 200, headers, stream: (stream) => writeCsv(stream, columns, first, batches) };
}

async function writeCsv(
  stream: ClientStream,
  columns: readonly string[],
  first: IteratorResult<JsonObject[]>,
  batches: AsyncGenerator<JsonObject[]>,
): Promise<void> {
  try {
    await stream.write(textOf(columns, first.done ? [] : first.value, true));
    while (!stream.ended.aborted) {
      const batch = await batches.next();
      if (batch.done) return await stream.finish();
      await stream.write(textOf(columns, batch.value, false));
    }
    stream.cut();
  } catch (error) {
    // Half a file must not pass for a whole one.
    stream.cut();
    throw error;
  } finally {
    await batches.return(undefined);
  }
}

function textOf(columns: readonly string[], rows: JsonObject[], header: boolean): string {
  return stringify(rows, { header, columns: [...columns], escape_formulas: true, cast: { boolean: String } });
}
