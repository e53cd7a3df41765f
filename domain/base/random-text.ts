/** Unbiased random text over an alphabet, from a source of random bytes that the caller passes in. */

/** Fills the array with random bytes; `crypto.randomFillSync` is one. */
export type RandomSource = (bytes: Uint8Array) => void;

/** The most random bytes held at a time. Larger arrays are no faster, and are left to the garbage collector. */
const DRAW_BYTES_MAX = 16_384;
/** Bytes beyond the average need, so that one draw is nearly always enough. */
const DRAW_BYTES_SPARE = 128;

const BYTE_VALUES = 256;
const ASCII_MAX = 0x7f;
/** Marks a byte that is rejected; no alphabet contains the character NUL. */
const REJECTED = 0;

const ascii = new TextDecoder();

/**
 * A writer of random characters. Bytes that would make some characters more likely than others are rejected, so every text of a
 * given length is equally likely.
 *
 * It writes character codes into the caller's array. A chunk of thousands of keys becomes one string at the end
 * (`decodeAscii`), which is three times faster than joining strings.
 */
export class RandomText {
  /** The character code of each random byte, or REJECTED. */
  private readonly codes = new Uint8Array(BYTE_VALUES);
  private readonly bytes: Uint8Array;
  private next: number;

  /**
   * @param alphabet from 2 to 256 ASCII characters
   * @param characters the expected number of characters, so that their random bytes are drawn at once; more can be written
   */
  constructor(
    alphabet: string,
    characters: number,
    private readonly random: RandomSource,
  ) {
    const acceptBelow = BYTE_VALUES - (BYTE_VALUES % alphabet.length);
    for (let byte = 0; byte < acceptBelow; byte++) this.codes[byte] = asciiCode(alphabet, byte % alphabet.length);
    const wanted = Math.ceil((characters * BYTE_VALUES) / acceptBelow);
    // The number of rejections varies by about the square root of the wanted characters.
    const spare = acceptBelow === BYTE_VALUES ? 0 : DRAW_BYTES_SPARE + 4 * Math.ceil(Math.sqrt(wanted));
    this.bytes = new Uint8Array(Math.min(DRAW_BYTES_MAX, wanted + spare));
    this.next = this.bytes.length;
  }

  /** Writes random characters into `target` from index `start` to before `end`. */
  write(target: Uint8Array, start: number, end: number): void {
    const { codes, bytes } = this;
    let at = start;
    while (at < end) {
      if (this.next === bytes.length) {
        this.random(bytes);
        this.next = 0;
      }
      const code = codes[bytes[this.next++] as number] as number;
      if (code !== REJECTED) target[at++] = code;
    }
  }
}

/** Returns one random text. */
export function formatRandom(alphabet: string, length: number, random: RandomSource): string {
  const text = new Uint8Array(length);
  new RandomText(alphabet, length, random).write(text, 0, length);
  return decodeAscii(text);
}

/** Decodes an array of ASCII codes. */
export function decodeAscii(codes: Uint8Array): string {
  return ascii.decode(codes);
}

/** Writes an ASCII text into `target` from index `start`, and returns the index after it. */
export function writeAscii(target: Uint8Array, start: number, text: string): number {
  for (let i = 0; i < text.length; i++) target[start + i] = asciiCode(text, i);
  return start + text.length;
}

function asciiCode(text: string, index: number): number {
  const code = text.charCodeAt(index);
  if (code > ASCII_MAX || code === REJECTED) throw new RangeError(`${JSON.stringify(text)} is not ASCII text`);
  return code;
}
