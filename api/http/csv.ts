/**
 * CSV responses of any length: rows are read, formatted and written one batch at a time, no faster than the client reads them.
 * Reading stops when the stream ends.
 *
 * A batch is formatted in one pass. Streams of single rows through Node's pipeline starve the rest of the process when several
 * run at once: with 40 of them `/livez` took from seconds to minutes.
 */
import type { JsonObject } from '../../domain/base/json';
import { csvText } from '../../transactions/base/csv-text';
import type { ClientStream } from './client-stream';
import type { Answer, AnswerShape } from './route';
import { z } from './zod';

/** Added to the description of every operation that responds with a file. */
export const INCOMPLETE_FILE_NOTE =
  'When the file cannot be completed, the connection is closed before the end of the response: after an error, when the API key is revoked, when the client reads nothing for 30 seconds, or after an hour.';

/** The query parameters of every operation that responds with a file. */
export const CsvQuery = z.object({
  bom: z
    .enum(['true', 'false'])
    .optional()
    .describe('true: the file begins with a byte order mark, by which Excel recognizes UTF-8'),
});

/** The answer of such an operation. */
export const CSV: AnswerShape = {
  description: 'The file',
  media_type: 'text/csv',
  schema: z.string(),
  headers: ['Content-Disposition'],
};

/** Responds with a file of these columns. Reads the first batch before it sends anything, so that an early error still becomes a problem. */
export async function csvAnswer(
  file_name: string,
  columns: readonly string[],
  batches: AsyncGenerator<JsonObject[]>,
  { bom }: { bom?: 'true' | 'false' | undefined } = {},
): Promise<Answer> {
  const first = await batches.next();
  const headers = {
    'Content-Type': 'text/csv; charset=utf-8',
    'Content-Disposition': `attachment; filename="${file_name}"`,
  };
  return { status: 200, headers, stream: (stream) => writeCsv(stream, columns, first, batches, bom === 'true') };
}

const BYTE_ORDER_MARK = '\ufeff';

async function writeCsv(
  stream: ClientStream,
  columns: readonly string[],
  first: IteratorResult<JsonObject[]>,
  batches: AsyncGenerator<JsonObject[]>,
  bom: boolean,
): Promise<void> {
  try {
    await stream.write((bom ? BYTE_ORDER_MARK : '') + csvText(columns, first.done ? [] : first.value, true));
    while (!stream.ended.aborted) {
      const batch = await batches.next();
      if (batch.done) return await stream.finish();
      await stream.write(csvText(columns, batch.value, false));
    }
    stream.disconnect();
  } catch (error) {
    // An incomplete file must not look like a complete one.
    stream.disconnect();
    throw error;
  } finally {
    await batches.return(undefined);
  }
}
