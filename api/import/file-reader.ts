/** Reads the file of an import as it arrives: a chunk of rows is in memory at one time. */
import { createHash, randomInt } from 'node:crypto';
import type { ReadChunk } from '../../db/import/chunk';
import type { OutcomeOfRow } from '../../db/import/import';
import { IMPORT_CHUNK_ROWS, IMPORT_RECORD_BYTES_MAX, IMPORT_ROWS_MAX, readHeader } from '../../domain/import/file';
import type { ImportColumn } from '../../domain/import/file';
import type { DuplicateRule } from '../../domain/import/import';
import { KeySet } from '../../domain/import/key-set';
import { limitProblem } from '../../domain/import/limits';
import type { ImportLimits } from '../../domain/import/limits';
import { outcomeOf } from '../../domain/import/outcome';
import { isRejected, readImportRow } from '../../domain/import/row';
import type { ImportContext, ImportRow } from '../../domain/import/row';
import { emailOf } from '../http/email';
import { CsvProblem, CsvRows } from './csv-rows';
import { refuseFile, textBytes } from './file-text';

export interface FileOptions extends Omit<ImportContext, 'emailOf'> {
  duplicates: DuplicateRule;
  /** What the contract says about rows. A row that it does not permit hides no later one with the same key. */
  limits?: ImportLimits;
}

/** A file that was read to its end. */
export interface ReadFile {
  rows: number;
  accepted: number;
  bytes: number;
  sha256: string;
}

/** Seeds of the set of keys. */
const SEEDS = 2 ** 32;

/**
 * Reads a file, and passes its rows to `take` in chunks. The next chunk is read while one is taken. Throws a problem that says what is wrong
 * with a file that cannot be read to its end.
 */
export async function readFile(
  file: AsyncIterable<Buffer>,
  options: FileOptions,
  take: (chunk: ReadChunk) => Promise<void>,
): Promise<ReadFile> {
  const hash = createHash('sha256');
  const read = { rows: 0, accepted: 0, bytes: 0 };
  const keys = new KeySet(randomInt(SEEDS));
  const context: ImportContext = { ...options, emailOf };
  const csv = new CsvRows(IMPORT_RECORD_BYTES_MAX);
  let columns: readonly ImportColumn[] | undefined;
  let accepted: ImportRow[] = [];
  let outcomes: OutcomeOfRow[] = [];
  let taking: Promise<void> = Promise.resolve();

  async function passChunk(): Promise<void> {
    const chunk = { chunk_no: Math.ceil(read.rows / IMPORT_CHUNK_ROWS) - 1, accepted, outcomes };
    [accepted, outcomes] = [[], []];
    await taking;
    taking = take(chunk);
    // A failure is thrown by the next `await`.
    taking.catch(() => undefined);
  }

  function readRecord(record: readonly string[], columns_of_file: readonly ImportColumn[]): void {
    read.rows += 1;
    const row = readImportRow(record, columns_of_file, read.rows, context);
    if (isRejected(row)) {
      outcomes.push(outcomeOf(row, options.duplicates));
      return;
    }
    const problem = options.limits ? limitProblem(options.limits, row) : null;
    if (problem) outcomes.push(outcomeOf({ ordinal: row.ordinal, key: row.key, ...problem }, options.duplicates));
    else if (keys.add(row.key)) {
      read.accepted += 1;
      accepted.push(row);
    } else {
      const { ordinal, key } = row;
      outcomes.push(outcomeOf({ ordinal, key, code: 'DUPLICATE_IN_FILE', detail: null }, options.duplicates));
    }
  }

  async function readRecords(records: Iterable<readonly string[]>): Promise<void> {
    for (const record of records) {
      if (columns === undefined) {
        const header = readHeader(record);
        if ('problem' in header) refuseFile(header.problem);
        columns = header;
        continue;
      }
      if (read.rows === IMPORT_ROWS_MAX) refuseFile(`It has more than ${IMPORT_ROWS_MAX} rows. Divide it.`);
      readRecord(record, columns);
      if (read.rows % IMPORT_CHUNK_ROWS === 0) await passChunk();
    }
  }

  try {
    for await (const bytes of textBytes(file, hash, read)) await readRecords(csv.add(bytes));
    await readRecords(csv.end());
    if (read.rows === 0)
      refuseFile('It has no rows. The first row names the columns, and each further row is a license.');
    if (read.rows % IMPORT_CHUNK_ROWS !== 0) await passChunk();
    await taking;
  } catch (error) {
    await taking.catch(() => undefined);
    if (error instanceof CsvProblem) refuseFile(csvSentence(error));
    throw error;
  }
  return { ...read, sha256: hash.digest('hex') };
}

/** What is wrong with a file that is no CSV, and in which row. */
function csvSentence({ kind, row }: CsvProblem): string {
  switch (kind) {
    case 'quote_not_closed':
      return `Row ${row} has a quotation mark that is never closed. Double a quotation mark inside of a quoted value.`;
    case 'row_too_long':
      return `Row ${row} has more than ${IMPORT_RECORD_BYTES_MAX} bytes, or a quotation mark in it is not closed. Rows end with a line feed (LF or CRLF).`;
    case 'not_csv':
      return `Row ${row} is not CSV. Quote values with commas, quotation marks or line breaks, and double a quotation mark inside of a quoted value.`;
  }
}
