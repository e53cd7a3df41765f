/**
 * Numbers in JSON text that JavaScript cannot hold. `JSON.parse` replaces them by the nearest number that it can hold
 * (`9007199254740993` by `9007199254740992`, `1e400` by Infinity) and does not say so; Node 20 has no access to the text that a
 * number was read from.
 */

/** A number that has another value once it is parsed. */
export interface ChangedNumber {
  /** Where it stands: keys and positions from the outermost value on, as far as a path is named. */
  path: (string | number)[];
  text: string;
}

/** Keys and positions that a path holds. JSON that is kept is never so deep, and copies of longer ones would cost more than the scan. */
const PATH_PARTS_MAX = 32;

/** What a double needs at most: no number that it can hold is written with more significant digits. */
const DOUBLE_DIGITS_MAX = 17;

/**
 * What a changed number contains: 16 digits, or an exponent of two digits. A number with fewer of both is held exactly, so text
 * without a match, which is nearly all, needs no second look.
 */
const SUSPICIOUS = /\d[\d.]{15}|\d[eE][+-]?\d\d/;

/**
 * The numbers in `text` that JavaScript cannot hold, in the order in which they stand there. `text` is JSON that `JSON.parse` has
 * accepted. Takes time in proportion to its length, and no recursion.
 */
export function* changedNumbers(text: string): Generator<ChangedNumber, void> {
  if (!SUSPICIOUS.test(text)) return;
  /** Of each open object the key, of each open array the position, at which the scan is. */
  const path: (string | number)[] = [];
  let at = 0;
  while (at < text.length) {
    const character = text[at] as string;
    if (character === '"') {
      const end = endOfString(text, at);
      // A text before a colon is a key.
      const next = skipSpace(text, end);
      if (text[next] === ':') path[path.length - 1] = JSON.parse(text.slice(at, end)) as string;
      at = next;
      continue;
    }
    if (character === '-' || isDigit(character)) {
      const end = endOfNumber(text, at);
      const number = text.slice(at, end);
      if (!isHeldExactly(number)) yield { path: path.slice(0, PATH_PARTS_MAX), text: number };
      at = end;
      continue;
    }
    if (character === '{') path.push('');
    else if (character === '[') path.push(0);
    else if (character === '}' || character === ']') path.pop();
    else if (character === ',') advance(path);
    at += 1;
  }
}

/** Whether a JSON number has the same value once it is parsed. */
export function isHeldExactly(number: string): boolean {
  const parsed = Number(number);
  return Number.isFinite(parsed) && sameDecimal(decimalOf(number), decimalOf(String(parsed)));
}

/** A decimal number: its significant digits, without zeros at either end, and the power of ten of the last of them. */
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

/** Signs need no comparison: parsing changes none, but that of zero, which means nothing. */
function sameDecimal(a: Decimal, b: Decimal): boolean {
  return a.digits.length <= DOUBLE_DIGITS_MAX && a.digits === b.digits && a.exponent === b.exponent;
}

/** In an array the next position; in an object the next key is read when it comes. */
function advance(path: (string | number)[]): void {
  const last = path.at(-1);
  if (typeof last === 'number') path[path.length - 1] = last + 1;
}

/** Where the text that begins at `start` with its quotation mark ends. */
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
