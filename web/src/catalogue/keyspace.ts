/** Numbers of keys, which are texts because they can have a hundred digits. */
import { locale } from '../base/instants';
import type { Language } from '../base/texts';

/** Above this many digits they are hard to count; a power of ten says more. */
const DIGITS_MAX = 15;

/** `33,554,432` or, for large numbers, `about 1.3 × 10³⁰`. */
export function formatKeyspace(digits: string, language: Language): string {
  if (digits.length <= DIGITS_MAX) return new Intl.NumberFormat(locale(language)).format(BigInt(digits));
  const leading = Number(`${digits.slice(0, 1)}.${digits.slice(1, 3)}`);
  const mantissa = new Intl.NumberFormat(locale(language), { maximumFractionDigits: 1 }).format(leading);
  return `≈ ${mantissa} × 10${superscript(digits.length - 1)}`;
}

function superscript(exponent: number): string {
  return [...String(exponent)].map((digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)]).join('');
}
