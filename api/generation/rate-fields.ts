/**
 * The rate of a contract in the header fields of an answer: `RateLimit-Policy` and `RateLimit`, lists of structured fields
 * (draft-ietf-httpapi-ratelimit-headers-10, RFC 9651).
 */
import {
  limitedWindows,
  remainingIn,
  secondsToReset,
  tightestWindow,
  windowSeconds,
} from '../../domain/generation/rate';
import type { LimitedWindow, RateCounts } from '../../domain/generation/rate';

/**
 * The fields after a request for this many licenses. The policy lists every limit; `RateLimit` names the tightest window only, so that
 * `Retry-After` of a refusal is never earlier than its reset. Empty without limits.
 */
export function rateFields(counts: RateCounts | null, licenses: number): Record<string, string> {
  const tightest = counts === null ? undefined : tightestWindow(counts, licenses);
  if (counts === null || tightest === undefined) return {};
  return {
    'RateLimit-Policy': limitedWindows(counts).map(policyItem).join(', '),
    RateLimit: `${nameOf(tightest)};r=${remainingIn(tightest)};t=${secondsToReset(tightest, counts.at)}`,
  };
}

/** An item of `RateLimit-Policy`. Requests are the default unit. */
function policyItem(window: LimitedWindow): string {
  const unit = window.unit === 'requests' ? '' : `;qu="${window.unit}"`;
  return `${nameOf(window)};q=${window.limit};w=${windowSeconds(window.window)}${unit}`;
}

/** The name of a policy as a string: `"requests-per-minute"`. */
function nameOf({ unit, window }: LimitedWindow): string {
  return `"${unit}-per-${window}"`;
}
