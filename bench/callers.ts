/** Concurrent callers: each sends its next call when the previous one was answered. */
import { median } from './pairs';
import type { Pair } from './pairs';
import { twoDecimals } from './report';

/** The calls per second, and the latency of each call. */
export interface Load {
  calls_per_second: number;
  durations_ms: number[];
}

/** Runs callers for some seconds. Calls that are in flight at the end are awaited and counted. */
export async function runCallers(seconds: number, callers: number, call: () => Promise<void>): Promise<Load> {
  const durations_ms: number[] = [];
  const begun = performance.now();
  const until = begun + seconds * 1_000;
  const caller = async (): Promise<void> => {
    for (let sent = performance.now(); sent < until; sent = performance.now()) {
      await call();
      durations_ms.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return { calls_per_second: durations_ms.length / ((performance.now() - begun) / 1_000), durations_ms };
}

/** Returns the median over the pairs of the calls per second of the second side, divided by those of one load of the first. */
export function ratioTo<First>(pairs: readonly Pair<First, Load>[], loadOf: (first: First) => Load): number {
  return median(
    pairs.map(({ first, second }) => twoDecimals(second.calls_per_second / loadOf(first).calls_per_second)),
  );
}
