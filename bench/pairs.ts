/**
 * A fair comparison on a machine whose speed varies: each pair runs both sides, and every second pair in reverse order.
 */

/** The two sides of one pair. */
export interface Pair<A, B> {
  first: A;
  second: B;
}

/** Runs both sides `pairs` times, in alternating order. */
export async function runPairs<A, B>(
  pairs: number,
  first: () => Promise<A>,
  second: () => Promise<B>,
): Promise<Pair<A, B>[]> {
  const done: Pair<A, B>[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    if (pair % 2 === 0) {
      const a = await first();
      done.push({ first: a, second: await second() });
    } else {
      const b = await second();
      done.push({ first: await first(), second: b });
    }
  }
  return done;
}

/**
 * Returns the median. For an even number of values, returns the lower of the two middle ones. Throws without values.
 */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/**
 * Returns the smallest value such that at least the given share of the values is not greater (nearest rank). Throws
 * without values.
 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new RangeError('There is no quantile without values.');
  return value;
}

/** Formats ratios as "0.80 (0.71 … 0.92)": median, minimum and maximum. */
export function spanOf(ratios: readonly number[], digits: number): string {
  const [middle, least, most] = [median(ratios), Math.min(...ratios), Math.max(...ratios)];
  return `${middle.toFixed(digits)} (${least.toFixed(digits)} … ${most.toFixed(digits)})`;
}
