import fc from 'fast-check';

const SURROGATES = { first: 0xd800, count: 0x800 };
const LAST = 0x10ffff;

/**
 * Any code point but a surrogate, as a unit of `fc.string`. Its own unit `binary` generates the same text, but takes a second of CPU
 * for a list of all code points.
 */
export const codePoint = fc
  .integer({ min: 0, max: LAST - SURROGATES.count })
  .map((number) => String.fromCodePoint(number < SURROGATES.first ? number : number + SURROGATES.count));
