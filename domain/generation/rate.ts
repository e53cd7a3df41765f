/**
 * The rate of requests for licenses by the API key of a contract: what is left of each window, and which requests are refused
 * (domain.md 5.6). `admit_requests` in db/schema.sql judges and counts, under the lock of the contract's counters.
 */
import { refuse } from '../base/refusal';
import type { Refusal } from '../base/refusal';
import { millisOf } from '../base/instant';
import type { Instant } from '../base/instant';
import type { RateWindow } from '../contract/rate-limits';

export type RateUnit = 'requests' | 'licenses';

/** What is used of one window. */
export interface WindowCount {
  unit: RateUnit;
  window: RateWindow;
  /** Null: no limit. */
  limit: number | null;
  used: number;
  /** The end of the window, when the next one begins with nothing used. */
  reset: Instant;
}

/** All windows of a contract at one instant. */
export interface RateCounts {
  at: Instant;
  windows: readonly WindowCount[];
}

/** A window with a limit. */
export type LimitedWindow = WindowCount & { limit: number };

/**
 * How a request was judged: `repeated` has the idempotency key of an earlier request, `too_large` asks for more licenses than a
 * window allows, `limited` for more than is left of a window. Only an `admitted` request is counted.
 */
export type AdmissionOutcome = 'admitted' | 'limited' | 'too_large' | 'repeated';

/** The admission of one request; `counts` are null for a contract that never had limits. */
export interface Admission {
  outcome: AdmissionOutcome;
  counts: RateCounts | null;
}

const WINDOW_SECONDS: Record<RateWindow, number> = { minute: 60, hour: 3_600, day: 86_400 };

export function windowSeconds(window: RateWindow): number {
  return WINDOW_SECONDS[window];
}

/** What is left of a window. An edit can set a limit below what is used. */
export function remainingIn({ limit, used }: LimitedWindow): number {
  return Math.max(0, limit - used);
}

/** The whole seconds until a window ends, at least 1. */
export function secondsToReset({ reset }: WindowCount, at: Instant): number {
  return Math.max(1, Math.ceil((millisOf(reset) - millisOf(at)) / 1_000));
}

export function limitedWindows({ windows }: RateCounts): LimitedWindow[] {
  return windows.filter((window): window is LimitedWindow => window.limit !== null);
}

/**
 * The window that allows the fewest further requests for this many licenses; of equal ones the one that ends last. So if a window is
 * exhausted, it is the exhausted one that ends last. Undefined without limits.
 */
export function tightestWindow(counts: RateCounts, licenses: number): LimitedWindow | undefined {
  const requestsLeft = (window: LimitedWindow): number =>
    Math.floor(remainingIn(window) / (window.unit === 'requests' ? 1 : licenses));
  return limitedWindows(counts).reduce<LimitedWindow | undefined>((tightest, window) => {
    if (tightest === undefined) return window;
    const fewer = requestsLeft(window) - requestsLeft(tightest);
    return fewer < 0 || (fewer === 0 && window.reset > tightest.reset) ? window : tightest;
  }, undefined);
}

/** The refusal of a request for this many licenses; null when it was admitted, or repeats an earlier request. */
export function admissionRefusal({ outcome, counts }: Admission, licenses: number): Refusal | null {
  if (counts === null || outcome === 'admitted' || outcome === 'repeated') return null;
  return outcome === 'limited' ? rateRefusal(counts, licenses) : sizeRefusal(counts, licenses);
}

/** The refusal of a request for this many licenses by the windows of licenses alone; null when they have enough left. */
export function licensesRefusal(counts: RateCounts, licenses: number): Refusal | null {
  const windows = limitedWindows(counts).filter(({ unit }) => unit === 'licenses');
  const of_licenses = { ...counts, windows };
  if (windows.some(({ limit }) => licenses > limit)) return sizeRefusal(of_licenses, licenses);
  return windows.some((window) => licenses > remainingIn(window)) ? rateRefusal(of_licenses, licenses) : null;
}

function rateRefusal(counts: RateCounts, licenses: number): Refusal | null {
  const window = tightestWindow(counts, licenses);
  if (window === undefined) return null;
  return refuse('RATE_LIMITED', {
    window: window.window,
    unit: window.unit,
    limit: window.limit,
    remaining: remainingIn(window),
    reset: window.reset,
    retry_after_s: secondsToReset(window, counts.at),
  });
}

/** Refuses more licenses than the smallest limit of licenses: waiting would not help. */
function sizeRefusal(counts: RateCounts, licenses: number): Refusal | null {
  const [smallest] = limitedWindows(counts)
    .filter(({ unit }) => unit === 'licenses')
    .sort((a, b) => a.limit - b.limit);
  if (smallest === undefined) return null;
  return refuse('COUNT_ABOVE_RATE_LIMIT', { requested: licenses, window: smallest.window, limit: smallest.limit });
}
