/** Attempts to deliver an event to an endpoint: their results, and when the next one is made (security.md, Webhooks). */
import { millisLater, millisOf } from '../base/instant';
import type { Instant } from '../base/instant';

/** Why no complete answer was received. */
export const ATTEMPT_FAILURES = [
  'timeout',
  'dns',
  'address_not_allowed',
  'certificate',
  'tls',
  'connection',
  'answer',
] as const;
export type AttemptFailure = (typeof ATTEMPT_FAILURES)[number];

/** What one attempt met. */
export type AttemptResult = {
  latency_ms: number;
} & (
  | {
      answered: true;
      status: number;
      /** The header field `Retry-After` as received. */
      retry_after: string | null;
      /** The beginning of the body, for people. */
      excerpt: string;
    }
  | { answered: false; why: AttemptFailure; detail: string }
);

/** What follows from an attempt. `gone`: the receiver wants no more events. */
export type AttemptVerdict =
  { outcome: 'delivered' } | { outcome: 'gone' } | { outcome: 'given_up' } | { outcome: 'retried'; at: Instant };

/** Seconds from each attempt to the next one: 5 s, 5 min, 30 min, then hours. Together about three days. */
export const RETRY_DELAYS_S = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400] as const;
export const ATTEMPTS_MAX = RETRY_DELAYS_S.length + 1;
/** A delay is longer or shorter by up to this part of it, so that deliveries that failed together are not repeated together. */
const JITTER = 0.2;
/** The longest wait that a receiver can ask for. */
const RETRY_AFTER_S_MAX = 86_400;
/** The statuses whose `Retry-After` is honoured. */
const BUSY_STATUSES = [429, 503];

/** An endpoint that answered nothing but failures for so long is disabled. */
export const FAILING_DAYS_MAX = 5;

/**
 * Decides what follows from an attempt.
 * @param attempts how many were made, with this one
 * @param random a number from 0 to 1, without 1
 */
export function attemptVerdict(
  result: AttemptResult,
  { attempts, now, random }: { attempts: number; now: Instant; random: number },
): AttemptVerdict {
  if (result.answered && result.status >= 200 && result.status < 300) return { outcome: 'delivered' };
  if (result.answered && result.status === 410) return { outcome: 'gone' };
  const delay_s = RETRY_DELAYS_S[attempts - 1];
  if (delay_s === undefined) return { outcome: 'given_up' };
  const jittered_s = delay_s * (1 - JITTER + 2 * JITTER * random);
  const asked_s = result.answered && BUSY_STATUSES.includes(result.status) ? retryAfterS(result.retry_after, now) : 0;
  return { outcome: 'retried', at: millisLater(now, Math.round(Math.max(jittered_s, asked_s) * 1_000)) };
}

/** The seconds that a `Retry-After` asks for: a number, or a date (RFC 9110, 5.6.7). 0 for a text that is neither. At most a day. */
export function retryAfterS(text: string | null, now: Instant): number {
  if (text === null) return 0;
  const seconds = /^\d+$/.test(text) ? Number(text) : (dateMillis(text) - millisOf(now)) / 1_000;
  return Math.min(Math.max(0, seconds), RETRY_AFTER_S_MAX);
}

/** A date as HTTP writes it. `Date.parse` alone also accepts many other texts, and reads some of them as local times. */
function dateMillis(text: string): number {
  const millis = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} [\d:]{8} GMT$/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(millis) ? -Infinity : millis;
}

/** Whether an endpoint has answered nothing but failures for so long that it is disabled. */
export function isDead(failing_since: Instant, now: Instant): boolean {
  return millisOf(now) - millisOf(failing_since) >= FAILING_DAYS_MAX * 86_400_000;
}
