/**
 * Numbers in JSON text that JavaScript cannot represent. `JSON.parse` silently replaces them by the nearest number that it can
 * represent (`9007199254740993` by `9007199254740992`, `1e400` by Infinity). Node 20 gives no access to the text of a parsed
 * number.
 */

/** A number whose value changes when it is parsed. */
export interface ChangedNumber {
  /** The keys and positions from the outermost value to the number, up to the limit of a path. */
  path: (string | number)[];
  text: string;
}

/** The longest path that is reported. Stored JSON is never as deep, and copying longer paths would cost more than the scan. */
const PATH_PARTS_MAX = 32;

/** The most significant digits of a number that a double represents exactly. */
const DOUBLE_DIGITS_MAX = 17;

/**
 * A pattern of every number that can change: 16 digits, or an exponent of two digits. A number with fewer of both does not
 * change, so text without a match, which is nearly all text, is not scanned.
 */
const SUSPICIOUS = /\d[\d.]{15}|\d[eE][+-]?\d\d/;

/**
 * Finds the numbers in `text` that JavaScript cannot represent, in their order. `text` is JSON that `JSON.parse` has accepted.
 * The time is proportional to its length, without recursion.
 */
export function* changedNumbers(text: string): Generator<ChangedNumber, void> {
  if (!SUSPICIOUS.test(text)) return;
  /** The current key of each open object, and the current position of each open array. */
  const path: (string | number)[] = [];
  let at = 0;
  while (at < text.length) {
    const character = text[at] as string;
    if (character === '"') {
      const end = endOfString(text, at);
      // A string before a colon is a key.
      const next = skipSpace(text, end);
      if (text[next] === ':') path[path.length - 1] = JSON.parse(text.slice(at, end)) as string;
      at = next;
      continue;
    }
    if (character === '-' || isDigit(character)) {
      const end = endOfNumber(text, at);
      const number = text.slice(at, end);
      if (!isExact(number)) yield { path: path.slice(0, PATH_PARTS_MAX), text: number };
      at = end;
      continue;
    }
    if (character === '{') path.push('');
    else if (character === '[') path.push(0);
    else if (character === '}' || character === ']') path.pop();
    else if (character === ',') nextElement(path);
    at += 1;
  }
}

/** Whether a JSON number has the same value once it is parsed. */
export function isExact(number: string): boolean {
  const parsed = Number(number);
  return Number.isFinite(parsed) && sameDecimal(decimalOf(number), decimalOf(String(parsed)));
}

/** A decimal number: its significant digits without zeros at either end, and the power of ten of the last digit. */
interface Decimal {
  digits: string;
  exponent: number;
}

function decimalOf(number: string): Decimal {
  const [mantissa = '', exponent = '0'] = number.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const all = whole + fraction;
  let [start, end] = [0, all.length];
  while (start < end && all[start] === '0') start += 1;
  while (end > start && all[end - 1] === '0') end -= 1;
  const digits = all.slice(start, end);
  return { digits, exponent: digits === '' ? 0 : Number(exponent) - fraction.length + (all.length - end) };
}

/** Signs are not compared: parsing changes only the sign of zero, which does not matter. */
function sameDecimal(a: Decimal, b: Decimal): boolean {
  return a.digits.length <= DOUBLE_DIGITS_MAX && a.digits === b.digits && a.exponent === b.exponent;
}

/** Moves to the next position of an array. In an object the next key is read when it comes. */
function nextElement(path: (string | number)[]): void {
  const last = path.at(-1);
  if (typeof last === 'number') path[path.length - 1] = last + 1;
}

/** The index after the string that begins at `start` with its quotation mark. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function endOfNumber(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && /[\d.eE+-]/.test(text[at] as string)) at += 1;
  return at;
}

function skipSpace(text: string, start: number): number {
  let at = start;
  while (/\s/.test(text[at] ?? '')) at += 1;
  return at;
}

function isDigit(character: string): boolean {
  return character >= '0' && character <= '9';
}
