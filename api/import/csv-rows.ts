/**
 * Divides a CSV file into rows as it arrives: commas, quotation marks as in RFC 4180, and line feeds or CRLF.
 *
 * A library that reads one byte after the other took a third of the time in which a file is received (bench/). Here lines without
 * quotation marks are divided by the engine. The library is the model of the test.
 */
import { StringDecoder } from 'node:string_decoder';

const BYTE_ORDER_MARK = '\ufeff';
const QUOTE = '"';
/** A carriage return alone is part of a value. */
const LINE_BREAKS = ['\n', '\r\n'];
const SEPARATORS = [',', ...LINE_BREAKS];

/** Why a file is no CSV, and in which row, from 1. Rows without a value do not count. */
export class CsvProblem extends Error {
  constructor(
    readonly kind: 'not_csv' | 'quote_not_closed' | 'row_too_long',
    readonly row: number,
  ) {
    super(`row ${row}: ${kind}`);
  }
}

/** Reads one file. A row is at most `row_bytes_max` bytes, which also bounds what is kept between two parts of a file. */
export class CsvRows {
  private readonly decoder = new StringDecoder('utf8');
  /** The beginning of a row whose rest has not arrived. */
  private started = '';
  private has_begun = false;
  private rows = 0;

  constructor(private readonly row_bytes_max: number) {}

  /** The rows that end in the next part of the file. Throws a {@link CsvProblem} after those before it. */
  add(bytes: Buffer): Generator<string[]> {
    const text = this.decoder.write(bytes);
    const is_marked = !this.has_begun && text.startsWith(BYTE_ORDER_MARK);
    this.has_begun ||= text !== '';
    return this.read(is_marked ? text.slice(1) : text);
  }

  /** The last row, if no line break follows it. */
  *end(): Generator<string[]> {
    if (this.started === '') return;
    yield* this.read('\n');
    if (this.started !== '') throw this.problem('quote_not_closed');
  }

  private *read(more: string): Generator<string[]> {
    const text = this.started + more;
    let at = 0;
    // Lines without quotation marks are divided together.
    const lines_end = text.includes(QUOTE) ? 0 : text.lastIndexOf('\n') + 1;
    if (lines_end > 0) {
      for (const line of text.slice(0, lines_end - 1).split('\n')) yield* this.rowOf(this.lineValues(line));
      at = lines_end;
    }
    for (let line_end = text.indexOf('\n', at); line_end >= 0; line_end = text.indexOf('\n', at)) {
      const line = text.slice(at, line_end);
      if (line.includes(QUOTE)) {
        const values: string[] = [];
        const end = this.readValues(text, at, values);
        if (end === undefined) break;
        this.refuseIfLong(text.slice(at, end));
        yield* this.rowOf(values);
        at = end;
      } else {
        yield* this.rowOf(this.lineValues(line));
        at = line_end + 1;
      }
    }
    this.started = text.slice(at);
    this.refuseIfLong(this.started);
  }

  private lineValues(line: string): string[] {
    this.refuseIfLong(line);
    return (line.endsWith('\r') ? line.slice(0, -1) : line).split(',');
  }

  /** The values of a row; nothing when all of them are blank. */
  private rowOf(values: string[]): string[][] {
    if (values.every((value) => value.trim() === '')) return [];
    this.rows += 1;
    return [values];
  }

  /** Reads the values of the row that begins at `at`, and returns where the next row begins; undefined if the row is not complete. */
  private readValues(text: string, at: number, values: string[]): number | undefined {
    for (;;) {
      const end = valueEnd(text, at);
      if (end === undefined) return undefined;
      const value = text.slice(at, end);
      const is_quoted = value.startsWith(QUOTE);
      if (!is_quoted && value.includes(QUOTE)) throw this.problem('not_csv');
      values.push(is_quoted ? value.slice(1, -1).replaceAll('""', QUOTE) : value);
      const separator = SEPARATORS.find((one) => text.startsWith(one, end));
      if (separator === undefined) {
        const rest = text.slice(end);
        if (rest === '' || rest === '\r') return undefined;
        throw this.problem('not_csv');
      }
      at = end + separator.length;
      if (separator !== ',') return at;
    }
  }

  /** A character of a text has at most three bytes in UTF-8, so most texts need not be measured. */
  private refuseIfLong(text: string): void {
    if (3 * text.length > this.row_bytes_max && Buffer.byteLength(text) > this.row_bytes_max)
      throw this.problem('row_too_long');
  }

  private problem(kind: CsvProblem['kind']): CsvProblem {
    return new CsvProblem(kind, this.rows + 1);
  }
}

/** Where the value that begins at `at` ends, with its quotation marks; undefined if its end has not arrived. */
function valueEnd(text: string, at: number): number | undefined {
  if (text[at] === QUOTE) return quotedEnd(text, at + 1);
  const [comma, line_feed] = [text.indexOf(',', at), text.indexOf('\n', at)];
  if (comma >= 0 && (line_feed < 0 || comma < line_feed)) return comma;
  if (line_feed < 0) return undefined;
  return line_feed > at && text[line_feed - 1] === '\r' ? line_feed - 1 : line_feed;
}

/** Where a quoted value ends. Two quotation marks are one in the value. */
function quotedEnd(text: string, from: number): number | undefined {
  for (let at = text.indexOf(QUOTE, from); at >= 0; at = text.indexOf(QUOTE, at + 2))
    if (text[at + 1] !== QUOTE) return at + 1;
  return undefined;
}
