/** Unbiased random text over an alphabet, from a source of random bytes that the caller brings. */

/** Fills the array with random bytes; `crypto.randomFillSync` is one. */
export type RandomSource = (bytes: Uint8Array) => void;

/** How many random bytes are drawn at a time. */
const DRAW_BYTES = 16_384;

/**
 * A writer of random characters. Bytes that would make some characters likelier than others are thrown away, so every
 * text of a given length is equally likely.
 */
export class RandomText {
  private readonly bytes: Uint8Array;
  private readonly acceptBelow: number;
  private next: number;

  constructor(
    private readonly alphabet: string,
    private readonly random: RandomSource,
    drawBytes = DRAW_BYTES,
  ) {
    this.bytes = new Uint8Array(drawBytes);
    this.acceptBelow = 256 - (256 % alphabet.length);
    this.next = drawBytes;
  }

  /** `length` random characters. */
  take(length: number): string {
    let text = '';
    while (text.length < length) {
      if (this.next === this.bytes.length) {
        this.random(this.bytes);
        this.next = 0;
      }
      const byte = this.bytes[this.next++] as number;
      if (byte < this.acceptBelow) text += this.alphabet[byte % this.alphabet.length];
    }
    return text;
  }
}

/** One random text, for callers that need a single one. */
export function formatRandom(alphabet: string, length: number, random: RandomSource): string {
  return new RandomText(alphabet, random, 128).take(length);
}
