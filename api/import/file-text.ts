/** The bytes of an imported file, while they are UTF-8 text and not too many. */
import { isUtf8 } from 'node:buffer';
import type { Hash } from 'node:crypto';
import { IMPORT_BYTES_MAX } from '../../domain/import/file';
import { ProblemError, protocolProblem, throwShapeProblem } from '../http/problem';

/** What a file is that begins with these bytes, and what to do. */
const OTHER_FILES: readonly { begins: string; problem: string }[] = [
  { begins: 'fffe', problem: 'It is UTF-16 text. Save it as CSV in UTF-8.' },
  { begins: 'feff', problem: 'It is UTF-16 text. Save it as CSV in UTF-8.' },
  { begins: '504b0304', problem: 'It is a ZIP file or an Excel workbook. Save its sheet as CSV in UTF-8.' },
  { begins: 'd0cf11e0', problem: 'It is an Excel workbook. Save its sheet as CSV in UTF-8.' },
  { begins: '1f8b', problem: 'It is compressed by gzip. Send it with the header field Content-Encoding: gzip.' },
];
/** So many first bytes of a text have no U+0000, unless it is UTF-16 or UTF-32. */
const ASCII_BYTES = 4;
const LINE_FEED = 0x0a;
const REPLACEMENT = '\ufffd';
const REPLACEMENT_BYTES = Buffer.from(REPLACEMENT);

/** Refuses a file as a whole. */
export function refuseFile(message: string): never {
  throwShapeProblem([{ path: 'file', message }]);
}

/** Passes the bytes of a file on, adds them to its hash, and counts them. Throws the problem of a file that is no UTF-8 text, or too large. */
export async function* textBytes(file: AsyncIterable<Buffer>, hash: Hash, read: { bytes: number }) {
  const text = new TextCheck();
  for await (const bytes of file) {
    if (read.bytes === 0) refuseOtherFile(bytes);
    read.bytes += bytes.length;
    if (read.bytes > IMPORT_BYTES_MAX) throw tooLarge();
    hash.update(bytes);
    text.add(bytes);
    yield bytes;
  }
  text.end();
}

function refuseOtherFile(bytes: Buffer): void {
  const first = bytes.toString('hex', 0, ASCII_BYTES);
  const other = OTHER_FILES.find(({ begins }) => first.startsWith(begins));
  if (other) refuseFile(other.problem);
  if (bytes.subarray(0, ASCII_BYTES).includes(0)) refuseFile('It is UTF-16 text, or no text. Save it as CSV in UTF-8.');
}

function tooLarge(): ProblemError {
  const detail = `The file can have at most ${IMPORT_BYTES_MAX} bytes. Divide it.`;
  return new ProblemError(protocolProblem('BODY_TOO_LARGE', detail, { metadata: { bytes_max: IMPORT_BYTES_MAX } }));
}

/** Checks that bytes are UTF-8 as they arrive, and knows the line and the byte of the first that are not. */
class TextCheck {
  /** The beginning of a character whose rest has not arrived. */
  private started: Buffer = Buffer.alloc(0);
  private offset = 0;
  private line = 1;

  add(bytes: Buffer): void {
    const given = this.started.length === 0 ? bytes : Buffer.concat([this.started, bytes]);
    const complete = given.subarray(0, completeLength(given));
    if (!isUtf8(complete)) this.refuse(complete, invalidPlace(complete));
    this.started = given.subarray(complete.length);
    this.offset += complete.length;
    this.line += lineFeeds(complete);
  }

  end(): void {
    if (this.started.length > 0) this.refuse(this.started, 0);
  }

  private refuse(bytes: Buffer, place: number): never {
    const line = this.line + lineFeeds(bytes.subarray(0, place));
    refuseFile(
      `Line ${line} is not UTF-8 text, at byte ${this.offset + place + 1} of the file. Save it as CSV in UTF-8.`,
    );
  }
}

/** The length without a last character that is not complete. */
function completeLength(bytes: Buffer): number {
  for (let place = bytes.length - 1; place >= Math.max(0, bytes.length - 3); place--) {
    const byte = bytes[place] as number;
    if (byte < 0x80) break;
    if (byte < 0xc0) continue;
    const character_bytes = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return place + character_bytes > bytes.length ? place : bytes.length;
  }
  return bytes.length;
}

/** The place of the first bytes that are not UTF-8, each of which is decoded as U+FFFD. A text can also have this character itself. */
function invalidPlace(bytes: Buffer): number {
  const text = bytes.toString('utf8');
  let place = 0;
  let from = 0;
  for (let found = text.indexOf(REPLACEMENT); found >= 0; found = text.indexOf(REPLACEMENT, found + 1)) {
    place += Buffer.byteLength(text.slice(from, found));
    if (!bytes.subarray(place, place + REPLACEMENT_BYTES.length).equals(REPLACEMENT_BYTES)) return place;
    from = found;
  }
  return place;
}

function lineFeeds(bytes: Buffer): number {
  let count = 0;
  for (let found = bytes.indexOf(LINE_FEED); found >= 0; found = bytes.indexOf(LINE_FEED, found + 1)) count += 1;
  return count;
}
