/** What attempts to send a mail meet, when the next one follows, and how the state of a notification is told in a sentence. */
import { millisLater, millisOf } from '../base/instant';
import type { Instant } from '../base/instant';

/** Why an attempt failed that is repeated later. */
export const SEND_FAILURES = [
  'unreachable',
  'timeout',
  'interrupted',
  'tls',
  'login_refused',
  'sender_refused',
  'deferred',
  'protocol',
  'not_rendered',
  'lost',
] as const;
export type SendFailure = (typeof SEND_FAILURES)[number];

/** Why the mail server refuses a mail at every attempt. */
export const SEND_REFUSALS = ['recipient_refused', 'message_refused', 'address_invalid'] as const;
export type SendRefusal = (typeof SEND_REFUSALS)[number];

/** Why a mail is not sent at all. */
export const SUPPRESSIONS = ['mail_off', 'bounced', 'complained', 'unsubscribed', 'content_gone'] as const;
export type Suppression = (typeof SUPPRESSIONS)[number];

/** What one attempt met. `words` are those of the mail server, or of the failure: bounded, on one line, and without the address. */
export type SendResult =
  | { outcome: 'accepted'; words: string }
  | { outcome: 'refused'; problem: SendRefusal; words: string }
  | { outcome: 'failed'; problem: SendFailure; words: string };

/** States of a notification. */
export const NOTIFICATION_STATES = ['waiting', 'owed', 'sent', 'included', 'failed', 'suppressed'] as const;
export type NotificationState = (typeof NOTIFICATION_STATES)[number];

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** How long an attempt may take. Its connection ends then, whatever the server does. */
export const SEND_MS_MAX = 60 * SECOND_MS;
/** An attempt without a result counts as lost after this time: its process ended. */
export const ATTEMPT_LOST_MS = SEND_MS_MAX + 15 * SECOND_MS;

/** The wait after each failed attempt; the last one repeats. Greylisting servers accept a second attempt after some minutes. */
const RETRY_DELAYS_MS = [1, 5, 15, 30, 60, 120, 240].map((minutes) => minutes * MINUTE_MS);
/** Waits differ by up to this share, so that mails that failed together do not return together. */
const JITTER = 0.2;
/** How long a mail is tried, from its first attempt. */
export const TRIED_MS_MAX = 72 * HOUR_MS;

/**
 * When the next attempt follows after so many failed ones; null when the mail was tried for three days. `chance` is from 0 to 1. The last
 * attempt is made at the end of the three days.
 */
export function nextAttemptAt(
  attempt: { failed: number; tried_since: Instant },
  { now, chance }: { now: Instant; chance: number },
): Instant | null {
  const left_ms = millisOf(attempt.tried_since) + TRIED_MS_MAX - millisOf(now);
  if (left_ms <= 0) return null;
  const delay_ms = RETRY_DELAYS_MS[Math.min(attempt.failed, RETRY_DELAYS_MS.length) - 1] ?? 0;
  const spread_ms = Math.round(delay_ms * (1 + JITTER * (2 * chance - 1)));
  return millisLater(now, Math.min(spread_ms, left_ms));
}

/** Why an address gets no mail of a kind; null when it does. */
export function suppressionOf(recipient: {
  status: 'ok' | 'bounced' | 'complained';
  is_unsubscribed: boolean;
}): Suppression | null {
  if (recipient.status !== 'ok') return recipient.status;
  return recipient.is_unsubscribed ? 'unsubscribed' : null;
}
