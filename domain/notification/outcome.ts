/** What attempts to send a mail meet, when the next one follows, and the sentence that explains the state of a notification. */
import { NOTIFICATION_KINDS } from './kind';
import type { NotificationKindName } from './kind';
import type { RecipientStatus, SuppressedBy } from './plan';
import { millisLater, millisOf } from '../base/instant';
import type { Instant } from '../base/instant';
import { allowedUnless, refuse } from '../base/refusal';
import type { Allowed, Refusal } from '../base/refusal';

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
  'not_composed',
  'lost',
] as const;
export type SendFailure = (typeof SEND_FAILURES)[number];

/** Why the mail server refuses a mail at every attempt. */
export const SEND_REFUSALS = ['recipient_refused', 'message_refused', 'address_invalid'] as const;
export type SendRefusal = (typeof SEND_REFUSALS)[number];

/** Why a mail is not sent at all. */
export const SUPPRESSIONS = [
  'mail_off',
  'bounced',
  'complained',
  'erased',
  'unsubscribed',
  'content_gone',
  'address_replaced',
  'overtaken',
] as const;
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
/** An attempt without a result counts as lost after this time: its process ended. It is longer than its activity may take. */
export const ATTEMPT_LOST_MS = 3 * MINUTE_MS;

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

/** What became of a notification, as far as the sentence about it says. */
export interface NotificationFacts {
  state: NotificationState;
  due_at: Instant | null;
  attempts: number;
  is_sending: boolean;
  problem: string | null;
}

/** What stops a mail, and what to do about it. */
const PROBLEM_TEXTS: Record<SendFailure | SendRefusal | Suppression, string> = {
  unreachable:
    'The mail server could not be reached. Check SMTP_URL and the network of the workers; `covenant doctor` tries it.',
  timeout: 'The mail server did not answer in time.',
  interrupted: 'The connection to the mail server ended before its answer, so the mail may have arrived.',
  tls: 'The connection to the mail server could not be encrypted, or its certificate was refused. Check SMTP_URL, SMTP_STARTTLS and SMTP_CA.',
  login_refused: 'The mail server refused the login. Check the user name and the password in SMTP_URL.',
  sender_refused: 'The mail server refused the sender. Check that it allows MAIL_FROM.',
  deferred: 'The mail server refused the mail for now.',
  protocol: 'The mail server answered something that is no acceptance, before it heard of the mail. Check SMTP_URL.',
  not_composed: 'The mail could not be written. The log of the worker has the reason.',
  lost: 'The process that sent it ended before the answer of the mail server, so the mail may have arrived.',
  recipient_refused: 'The mail server refused the recipient for good. Check the address.',
  message_refused: 'The mail server refused the mail for good, by its content or its size.',
  address_invalid: 'The address is not one to which mail can be sent. Correct it where it was entered.',
  mail_off: 'Mail is off: the workers have no SMTP_URL. Set it, and send the notification again.',
  bounced: 'The address gets no mail, because mails to it came back.',
  complained: 'The address gets no mail, because the person reported a mail as unwanted.',
  erased: 'The person was erased, and the address with it.',
  unsubscribed: 'The person has unsubscribed from this kind of mail.',
  address_replaced: 'The address was corrected: the mail was sent to the new one, as another notification.',
  content_gone: 'What it was about no longer exists.',
  overtaken: 'What it says is no longer true, so it was not sent.',
};

/** Why a notification is in its state, as a sentence. */
export function notificationText({ state, due_at, attempts, is_sending, problem }: NotificationFacts): string {
  const known: string | undefined = PROBLEM_TEXTS[problem as keyof typeof PROBLEM_TEXTS];
  const why = known ?? (problem === null ? '' : `The reason is ${problem}.`);
  switch (state) {
    case 'waiting':
      if (why !== '') return `${why} It waits for a digest, which is tried again at ${due_at}.`;
      return `The recipient gets a digest. It carries this notification, and is due at ${due_at}.`;
    case 'owed':
      if (is_sending)
        return `Attempt ${attempts} is in flight, or its process ended: then another one follows at ${due_at}.`;
      if (attempts === 0 || why === '') return `It is sent at ${due_at}.`;
      return `${why} The next attempt follows at ${due_at}.`;
    case 'sent':
      return 'The mail server accepted the mail.';
    case 'included':
      return 'A digest carried it.';
    case 'failed':
      return `${why} No attempt follows unless it is sent again.`;
    case 'suppressed':
      return why;
  }
}

export type NotificationActionName = 'resend';

/** The recipient of a notification, as far as it decides whether mail can be sent. */
export interface RecipientFacts {
  recipient_id: string;
  kind: string;
  status: RecipientStatus;
  is_unsubscribed: boolean;
}

/** For each action on a notification: whether it is possible now. */
export function notificationActions(recipient: RecipientFacts): Record<NotificationActionName, Allowed> {
  return { resend: allowedUnless(resendRefusal(recipient)) };
}

/** The refusal to send to an address that gets no mail, or none of this kind. */
export function resendRefusal({ recipient_id, kind, ...recipient }: RecipientFacts): Refusal | null {
  switch (suppressionOf(recipient)) {
    case null:
      return null;
    case 'bounced':
      return refuse('MAIL_ADDRESS_BOUNCED', { recipient_id });
    case 'complained':
      return refuse('MAIL_ADDRESS_COMPLAINED', { recipient_id });
    case 'erased':
      return refuse('PERSON_ERASED', { kind: 'recipient' });
    default:
      return refuse('MAIL_UNSUBSCRIBED', { recipient_id, kind });
  }
}

/** Whether a mail of a kind has a link that ends it. That of a digest ends digests and all kinds that are not needed. */
export function canUnsubscribe(kind: NotificationKindName): boolean {
  return kind === 'digest' || NOTIFICATION_KINDS[kind].is_optional;
}

/** Why an address gets no mail of a kind; null when it does. */
export function suppressionOf(recipient: { status: RecipientStatus; is_unsubscribed: boolean }): SuppressedBy | null {
  if (recipient.status !== 'ok') return recipient.status;
  return recipient.is_unsubscribed ? 'unsubscribed' : null;
}
