/** The activity of `sendNotification`: one attempt to send one mail. */
import type { MailSender, OutgoingMail } from '../../adapters/mail';
import type { Database } from '../../db/base/database';
import { millisOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import type { Language } from '../../domain/notification/settings';
import { canUnsubscribe } from '../../domain/notification/outcome';
import type { NotificationState, SendResult, Suppression } from '../../domain/notification/outcome';
import { beginAttempt, recordAttempt } from '../../transactions/notification/send-attempt';
import type { BegunAttempt } from '../../transactions/notification/send-attempt';
import { createUnsubscribeToken } from '../../transactions/notification/unsubscribe-token';
import { clockFrom } from '../base/elapsed-clock';
import { withHeartbeat } from '../base/heartbeat';

export interface SendMailInput {
  notification_id: string;
  now: Instant;
  /** The epoch of the Temporal server; absent while the starter does not know it. */
  epoch?: string | undefined;
}

export interface SentMail {
  state: NotificationState | 'removed';
  /** Why the last attempt failed, or why none follows: a code. */
  problem: string | null;
  /** In how many milliseconds the next attempt is due; null: none follows. */
  next_ms: number | null;
}

/** What a mail says. */
export type ComposedMail = Pick<OutgoingMail, 'subject' | 'text' | 'html' | 'attachments'>;

export interface ComposeOptions {
  language: Language;
  /** Where one click ends mails of this kind; null: they are always sent. */
  unsubscribe_url: string | null;
}

export interface SendingDependencies {
  db: Database;
  /** Undefined: mail is off. */
  sender: MailSender | undefined;
  /** Writes what the mail of a notification says; null when what it is about no longer exists, `overtaken` when it is no longer true. */
  compose: (notification_id: string, options: ComposeOptions) => Promise<ComposedMail | 'overtaken' | null>;
  /** The origin of links, without a slash at its end, and the host of Message-IDs. */
  public_url: string;
  /** Signs the links that unsubscribe. */
  pepper: string;
  /** Called when a mail cannot be composed, with the id of its notification, or of the recipient of a digest. */
  onFailure: (error: unknown, id: string) => void;
}

export type SendingActivities = ReturnType<typeof createSendingActivities>;

export function createSendingActivities(dependencies: SendingDependencies) {
  const { db, sender } = dependencies;
  return {
    /**
     * Makes an attempt if one is due. It is on record before it begins, and another one begins only after its result is recorded or its time
     * is over: a process that dies in between doubles at most this mail, with the same Message-ID. Throws while Postgres is unreachable.
     */
    sendMail: (input: SendMailInput): Promise<SentMail> => withHeartbeat(sendMail(input)),
  };

  async function sendMail({ notification_id: id, now: began_at, epoch }: SendMailInput): Promise<SentMail> {
    const now = clockFrom(began_at);
    const nextMs = (due_at: Instant | null) =>
      due_at === null ? null : Math.max(0, millisOf(due_at) - millisOf(now()));
    const look = await beginAttempt(db, { id, now: now(), epoch, mail_is_on: sender !== undefined });
    if (look.begun === null) return { state: look.state, problem: look.problem, next_ms: nextMs(look.due_at) };
    const result = await makeAttempt(dependencies, look.begun);
    const { state, problem, due_at } = await recordAttempt(db, look.begun, result, now());
    return { state, problem, next_ms: nextMs(due_at) };
  }
}

async function makeAttempt(
  { sender, compose, public_url, pepper, onFailure }: SendingDependencies,
  { id, kind, recipient_id, address, language }: BegunAttempt,
): Promise<SendResult | { outcome: 'suppressed'; problem: Suppression }> {
  if (sender === undefined) return { outcome: 'suppressed', problem: 'mail_off' };
  const unsubscribe_url = canUnsubscribe(kind)
    ? `${public_url}/api/v1/unsubscribe/${createUnsubscribeToken({ recipient_id, kind, language }, pepper)}`
    : null;
  let mail: ComposedMail | 'overtaken' | null;
  try {
    mail = await compose(id, { language, unsubscribe_url });
  } catch (error) {
    onFailure(error, id);
    return { outcome: 'failed', problem: 'not_composed', words: '' };
  }
  if (mail === null) return { outcome: 'suppressed', problem: 'content_gone' };
  if (mail === 'overtaken') return { outcome: 'suppressed', problem: mail };
  const message_id = `${id}@${new URL(public_url).hostname}`;
  return sender.send({ ...mail, message_id, to: address, unsubscribe_url });
}
