/** How fast work goes on, and when it ends, from what the page has seen of it. */

export interface Sample {
  at_ms: number;
  done: number;
}

/** Before this time the rate says little. */
const SEEN_MS_MIN = 2_000;

export interface Outlook {
  per_second: number;
  left_s: number;
}

/** The outlook between two samples, or undefined while it is not known. */
export function outlookOf(first: Sample | undefined, last: Sample, total: number): Outlook | undefined {
  if (first === undefined) return undefined;
  const seen_ms = last.at_ms - first.at_ms;
  const gained = last.done - first.done;
  if (seen_ms < SEEN_MS_MIN || gained <= 0) return undefined;
  const per_second = (gained * 1_000) / seen_ms;
  return { per_second, left_s: Math.max(0, total - last.done) / per_second };
}
