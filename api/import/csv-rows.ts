/**
 * Divides a CSV file into rows as it arrives: commas, quotation marks as in RFC 4180, and line feeds or CRLF.
 *
 * PapaParse divides a row in 0.3 µs, a parser that reads one byte after the other in 4 to 5 µs (bench/). While its caller waits, its
 * functions for streams read on, so parts of the file are passed to `Papa.Parser` here. That class is exported and typed, but not documented:
 * the test compares what it returns with csv-parse.
 */
import { StringDecoder } from 'node:string_decoder';
import Papa from 'papaparse';
import type { ParseError } from 'papaparse';

const BYTE_ORDER_MARK = '\ufeff';
const QUOTE = '"';
/** What can follow a value. A carriage return alone is part of a value. */
const SEPARATORS = [',', '\n', '\r\n'];

/** Why a file is no CSV, and in which row, from 1. Rows without a value do not count. */
export class CsvProblem extends Error {
  constructor(
    readonly kind: 'not_csv' | 'quote_not_closed' | 'row_too_long',
    readonly row: number,
  ) {
    super(`row ${row}: ${kind}`);
  }
}

/** What the parser returns. */
interface Parsed {
  data: string[][];
  /** `row` is an index of `data`. */
  errors: ParseError[];
}

/** Reads one file. A row is at most `row_bytes_max` bytes, which also bounds what is kept between two parts of the file. */
export class CsvRows {
  private readonly decoder = new StringDecoder('utf8');
  /** The text from the first row that was not passed on. */
  private unread = '';
  private has_begun = false;
  private rows = 0;

  constructor(private readonly row_bytes_max: number) {}

  /** Adds the next part of the file, and passes on rows that are complete. Throws a {@link CsvProblem} after the rows before it. */
  *add(bytes: Buffer): Generator<string[]> {
    // The parser looks for the end of the line at each wrong quotation mark, so the time for a text of them is the square of its length.
    for (let from = 0; from < bytes.length; from += this.row_bytes_max)
      yield* this.addPart(bytes.subarray(from, from + this.row_bytes_max));
  }

  /** The rows that remain. */
  end(): Generator<string[]> {
    return this.read({ is_end: true });
  }

  private *addPart(bytes: Buffer): Generator<string[]> {
    const text = this.decoder.write(bytes);
    const is_marked = !this.has_begun && text.startsWith(BYTE_ORDER_MARK);
    this.has_begun ||= text !== '';
    this.unread += is_marked ? text.slice(1) : text;
    // In a longer text a row must end, so a row is parsed at most twice, however small the parts are.
    if (this.unread.length > this.row_bytes_max) yield* this.read({ is_end: false });
    if (this.unread.length > this.row_bytes_max) throw this.problem('row_too_long');
  }

  private *read({ is_end }: { is_end: boolean }): Generator<string[]> {
    const text = this.unread;
    const parser = new Papa.Parser({ delimiter: ',', newline: '\n' });
    const { data, errors } = parser.parse(text, 0, !is_end) as Parsed;
    let begin = 0;
    for (const [place, values] of data.entries()) {
      const end = rowEnd(text, begin, values);
      const error = errors.find(({ row }) => row === place);
      if (end === undefined || error?.code === 'InvalidQuotes') throw this.problem('not_csv');
      if (error) throw this.problem('quote_not_closed');
      const row = text.slice(begin, end);
      if (this.isTooLong(row)) throw this.problem('row_too_long');
      begin = end;
      removeCarriageReturn(values, row);
      if (values.every((value) => value.trim() === '')) continue;
      this.rows += 1;
      yield values;
    }
    this.unread = text.slice(begin);
  }

  private isTooLong(row: string): boolean {
    // A character has at most three bytes of UTF-8 for each of its units, so most rows need not be measured.
    return 3 * row.length > this.row_bytes_max && Buffer.byteLength(row.replace(/\r?\n$/, '')) > this.row_bytes_max;
  }

  private problem(kind: CsvProblem['kind']): CsvProblem {
    return new CsvProblem(kind, this.rows + 1);
  }
}

/**
 * The index after a row and its line break in the text that it was read from. Undefined if a quotation mark is inside of a value that is not
 * quoted, or if a blank follows a quoted value. The parser accepts these, but a key with a quotation mark too many is a license forever.
 */
function rowEnd(text: string, begin: number, values: readonly string[]): number | undefined {
  let at = begin;
  for (const value of values) {
    const is_quoted = text[at] === QUOTE;
    if (!is_quoted && value.includes(QUOTE)) return undefined;
    at += is_quoted ? quoted(value).length : value.length;
    const separator = SEPARATORS.find((one) => text.startsWith(one, at));
    if (separator === undefined && at < text.length) return undefined;
    at += separator?.length ?? 0;
  }
  return at;
}

function quoted(value: string): string {
  return `"${value.replaceAll('"', '""')}"`;
}

/** The parser ends rows at line feeds, so the carriage return of CRLF is at the end of a last value that is not quoted. */
function removeCarriageReturn(values: string[], row: string): void {
  const last = values[values.length - 1];
  if (last?.endsWith('\r') && !row.trimEnd().endsWith(QUOTE)) values[values.length - 1] = last.slice(0, -1);
}
