/** Which rows a file has, and what a person reads about a file that cannot be read. */
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { EmailShape, emailOf } from '../../api/http/email';
import { CsvProblem, CsvRows } from '../../api/import/csv-rows';
import { readFile } from '../../api/import/file-reader';
import type { ReadChunk } from '../../db/import/chunk';

const CONTEXT = { now: '2027-06-15T12:00:00.000Z', timezone: 'UTC', duplicates: 'reject' } as const;

function partsOf(file: string | Buffer, part_bytes: number): Buffer[] {
  const bytes = Buffer.from(file);
  const parts: Buffer[] = [];
  for (let from = 0; from < bytes.length; from += part_bytes) parts.push(bytes.subarray(from, from + part_bytes));
  return parts;
}

/** Reads a file that arrives in parts of so many bytes. */
async function read(file: string | Buffer, part_bytes = 65_536): Promise<ReadChunk[]> {
  const parts = partsOf(file, part_bytes);
  const chunks: ReadChunk[] = [];
  await readFile(parts as never, CONTEXT, async (chunk) => void chunks.push(chunk));
  return chunks;
}
const keysOf = (chunks: ReadChunk[]) =>
  chunks.flatMap(({ accepted }) => accepted.map(({ ordinal, key }) => `${ordinal} ${key}`));
async function problemOf(file: string | Buffer, part_bytes?: number): Promise<string> {
  const error = await read(file, part_bytes).then(
    () => undefined,
    (thrown: { problem: { errors: { message: string }[] } }) => thrown,
  );
  return error?.problem.errors[0]?.message ?? 'none';
}

test.each([
  ['a header with CRLF and rows with LF', 'key,status\r\nKEY-01,\nKEY-02,active\n'],
  ['a header with LF and rows with CRLF', 'key,status\nKEY-01,\r\nKEY-02,active\r\n'],
  ['quoted values before CRLF', 'key,status\n"KEY-01",""\r\n"KEY-02","active"\r\n'],
  ['a byte order mark', '\ufeffkey\nKEY-01\nKEY-02'],
  ['a byte order mark before a quoted value', '\ufeff"key"\nKEY-01\nKEY-02'],
  ['blank rows', 'key,status\n\n   \nKEY-01,\n,\n\r\n , \nKEY-02,\n,'],
])('rows are the same with %s, in parts of any size', async (_what, file) => {
  for (const part_bytes of [1, 7, 65_536])
    expect(keysOf(await read(file, part_bytes))).toEqual(['1 KEY-01', '2 KEY-02']);
});

test('a carriage return alone ends no row', async () => {
  const [chunk] = await read('key\nKEY-01\rKEY-02\n');
  expect(chunk).toMatchObject({ accepted: [], outcomes: [{ ordinal: 1, code: 'KEY_INVALID' }] });
});

test('a row that is no CSV is named by its own number', async () => {
  const rows = Array.from({ length: 9_000 }, (_, n) => `KEY-${String(n + 2).padStart(6, '0')}`);
  rows[5_000] = 'KEY-"5002"';
  expect(await problemOf(`key\n\n${rows.join('\n')}`)).toMatch(/^Row 5002 is not CSV\./);
  rows[5_000] = `K${'x'.repeat(17_000)}`;
  expect(await problemOf(`key\n${rows.join('\n')}`)).toMatch(/^Row 5002 has more than 16384 bytes.*LF or CRLF/);
  rows[5_000] = 'KEY-005002';
  rows[8_999] = '"KEY-009001';
  expect(await problemOf(`key\n${rows.join('\n')}`)).toMatch(/^Row 9001 has a quotation mark that is never closed/);
});

test('a quotation mark that is not closed ends the reading of a file without an end', async () => {
  let parts = 0;
  async function* endless() {
    for (yield Buffer.from('key\n"'); ; parts += 1) yield Buffer.alloc(1_024, 'x');
  }
  await expect(readFile(endless(), CONTEXT, async () => undefined)).rejects.toMatchObject({
    problem: { errors: [{ message: expect.stringMatching(/^Row 2 has more than 16384 bytes/) }] },
  });
  expect(parts).toBeLessThan(17);
});

test('a failure of the file or of what takes its rows ends the reading', async () => {
  const rows = Array.from({ length: 20_000 }, (_, n) => `KEY-${n}-OF-MANY`).join('\n');
  const failure = new Error('gone');
  let ends = 0;
  async function* file(fails: boolean) {
    try {
      yield Buffer.from(`key\n${rows}`);
      if (fails) throw failure;
    } finally {
      ends += 1;
    }
  }
  await expect(readFile(file(true), CONTEXT, async () => undefined)).rejects.toBe(failure);
  await expect(readFile(file(false), CONTEXT, () => Promise.reject(failure))).rejects.toBe(failure);
  expect(ends).toBe(2);
});

test('text that is not UTF-8 is named by its line and byte, in parts of any size', async () => {
  const file = Buffer.concat([Buffer.from('key\nÄÖ€😀\ufffd\nABC'), Buffer.from([0xe4]), Buffer.from('DEF\n')]);
  const place = file.lastIndexOf(0xe4) + 1;
  for (const part_bytes of [1, 2, 3, 5, 65_536])
    expect(await problemOf(file, part_bytes)).toContain(`Line 3 is not UTF-8 text, at byte ${place} of the file.`);
  expect(await problemOf(Buffer.from('key\nABCDEF€').subarray(0, -1), 4)).toContain(
    'Line 2 is not UTF-8 text, at byte 11 ',
  );
  expect(keysOf(await read('key\nÄÖ€😀\ufffd-1', 1))).toEqual(['1 ÄÖ€😀\ufffd-1']);
});

test.each([
  [Buffer.from('key\nABCDEFGH\n', 'utf16le'), 'UTF-16'],
  [Buffer.from('\ufeffkey\n', 'utf16le'), 'UTF-16'],
  [Buffer.from('PK\u0003\u0004\u0014\u0000', 'latin1'), 'Excel workbook'],
  [Buffer.from('d0cf11e0a1b11ae1', 'hex'), 'Excel workbook'],
  [Buffer.from('1f8b0800', 'hex'), 'Content-Encoding: gzip'],
  ['key\rABCDEFGH\r', 'carriage returns'],
  ['key;customer, name\n', 'separated by semicolons'],
  ['key,status,\nABCDEFGH,,\n', 'Column 3 has no name'],
  ['key,Plan Name\n', '“Plan Name”'],
] as [string | Buffer, string][])('what is wrong with the file %j: %s', async (file, message) => {
  expect(await problemOf(file)).toContain(message);
});

test('an address in a file is one that a request can have', () => {
  const long = [
    `${'l'.repeat(64)}@b.co`,
    `${'l'.repeat(65)}@b.co`,
    `a@${'b.'.repeat(124)}coo`,
    `a@${'b.'.repeat(124)}cooo`,
  ];
  const piece = fc.constantFrom('a', 'B', '1', '.', '-', '_', '+', "'", '@', '@', '.co', ' ', 'é', '"');
  const text = fc.oneof(
    fc.constantFrom(...long),
    fc.emailAddress(),
    fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
  );
  fc.assert(
    fc.property(text, (given) => expect(emailOf(given)).toBe(EmailShape.safeParse(given).data)),
    { numRuns: 1_000 },
  );
});

const ROW_BYTES_MAX = 60;

/** The rows of a text, or what is wrong with it. */
function rowsOf(text: string, part_bytes: number): string[][] | string {
  const csv = new CsvRows(ROW_BYTES_MAX);
  try {
    return [...partsOf(text, part_bytes).flatMap((part) => [...csv.add(part)]), ...csv.end()];
  } catch (error) {
    if (error instanceof CsvProblem) return `row ${error.row}: ${error.kind}`;
    throw error;
  }
}

/** The same by csv-parse. */
function parsedRowsOf(text: string): string[][] | string {
  const options = {
    record_delimiter: ['\r\n', '\n'],
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_empty_values: true,
  };
  try {
    return parse(text, options);
  } catch (error) {
    const { code, records } = error as { code: string; records: number };
    return `row ${records + 1}: ${code === 'CSV_QUOTE_NOT_CLOSED' ? 'quote_not_closed' : 'not_csv'}`;
  }
}

test('rows and problems are those of csv-parse, in parts of any size', () => {
  const values = ['a', 'é', '😀', ' ', '\r', '"b"', '"c,\n""d"', '"\r"', '""'];
  const piece = fc.oneof(
    { weight: 60, arbitrary: fc.constantFrom(...values, ',', ',', ',', ',', '\n', '\n', '\n', '\r\n', '\r\n', '\r\n') },
    { weight: 1, arbitrary: fc.constant('"') },
  );
  const apart = fc.array(piece, { maxLength: 80, size: 'max' }).map((pieces) => pieces.join(','));
  const together = fc.array(piece, { maxLength: 40, size: 'max' }).map((pieces) => pieces.join(''));
  const text = fc.oneof(apart, together).map((pieces) => `${pieces}\n`);
  // Most texts are longer than a row can be, so they are parsed without their end.
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 99 }), (file, part_bytes) => {
      const rows = rowsOf(file, part_bytes);
      fc.pre(typeof rows !== 'string' || !rows.endsWith('row_too_long'));
      expect(rows).toEqual(parsedRowsOf(file));
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ['é'.repeat(ROW_BYTES_MAX / 2), [['é'.repeat(ROW_BYTES_MAX / 2)]]],
  [`${'é'.repeat(ROW_BYTES_MAX / 2)}1`, 'row 1: row_too_long'],
  [`a\n"${'1'.repeat(ROW_BYTES_MAX)}"`, 'row 2: row_too_long'],
  [`a\n"${'\n'.repeat(ROW_BYTES_MAX)}`, 'row 2: row_too_long'],
])('the length of the row in %j is bounded', (text, expected) => {
  for (const part_bytes of [1, 7, 65_536])
    for (const end of ['', '\n']) expect(rowsOf(text + end, part_bytes)).toEqual(expected);
});
