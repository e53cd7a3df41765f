/** Fair comparison on a machine whose speed wavers: each pair runs both sides, and every other pair in the other order. */

/** The two sides of one pair. */
export interface Pair<A, B> {
  first: A;
  second: B;
}

/** Runs both sides `pairs` times, alternating which goes first. */
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

/** The middle value; of an even number of values the lower middle one. Throws when there is none. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below or at which the given share of the values lies (nearest rank). Throws when there is none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new RangeError('There is no quantile of no values.');
  return value;
}
