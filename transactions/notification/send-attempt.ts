/** Attempts to send a mail: each is on record before it begins, and what it met decides what follows. */
import { insertAudit } from '../../db/base/audit';
import type { Database, Sql } from '../../db/base/database';
import { changeNotification, lockNotification, markAttempt } from '../../db/notification/attempt';
import type { LockedNotification, NotificationChange } from '../../db/notification/attempt';
import { MAIL } from '../../domain/base/actor';
import { millisLater } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { ATTEMPT_LOST_MS, nextAttemptAt, suppressionOf } from '../../domain/notification/outcome';
import type { NotificationState, SendResult, Suppression } from '../../domain/notification/outcome';

/** An attempt that is on record. */
export type BegunAttempt = Pick<LockedNotification, 'id' | 'kind' | 'recipient_id' | 'address' | 'language'> & {
  /** Which attempt it is, of all. */
  number: number;
};

/** What there is to do about a notification. */
export type AttemptBegin =
  | { begun: BegunAttempt }
  | {
      begun: null;
      state: NotificationState | 'removed';
      due_at: Instant | null;
      attempts: number;
      problem: string | null;
    };

export interface AttemptContext {
  id: string;
  now: Instant;
  /** The epoch of the Temporal server; absent while the starter does not know it. */
  epoch: string | undefined;
  /** Whether this process has a mail server. */
  mail_is_on: boolean;
}

/**
 * Begins an attempt if one is due. A recipient that gets no mail any more gets none now either. An attempt that was begun and has no result
 * is repeated after its time, because its process ended: the mail may arrive twice, with the same Message-ID.
 */
export async function beginAttempt(
  db: Database,
  { id, now, epoch, mail_is_on }: AttemptContext,
): Promise<AttemptBegin> {
  return db.begin(async (tx) => {
    const found = await lockNotification(tx, id);
    if (found === undefined) return { begun: null, state: 'removed', due_at: null, attempts: 0, problem: null };
    const { attempts, due_at, problem } = found;
    if (found.state !== 'owed' || due_at === null || due_at > now)
      return { begun: null, state: found.state, due_at: found.state === 'owed' ? due_at : null, attempts, problem };
    const suppression = mail_is_on ? suppressionOf(found) : 'mail_off';
    if (suppression !== null) return end(tx, found, now, { state: 'suppressed', problem: suppression, detail: null });
    if (found.is_sending && whenAgain(found, now) === null)
      return end(tx, found, now, { state: 'failed', problem: 'lost', detail: null });
    await markAttempt(tx, { id, now, lost_at: millisLater(now, ATTEMPT_LOST_MS), epoch });
    const { kind, recipient_id, address, language } = found;
    return { begun: { id, kind, recipient_id, address, language, number: attempts + 1 } };
  });
}

/** What the notification is after an attempt. */
export interface EndedAttempt {
  state: NotificationState | 'removed';
  due_at: Instant | null;
  problem: string | null;
}

/**
 * Records what an attempt met, unless a later attempt has begun. A mail that was accepted is sent, also when it was suppressed meanwhile;
 * another result counts only while the notification is owed.
 */
export async function recordAttempt(
  db: Database,
  { id, number }: Pick<BegunAttempt, 'id' | 'number'>,
  result: SendResult | { outcome: 'suppressed'; problem: Suppression },
  now: Instant,
): Promise<EndedAttempt> {
  return db.begin(async (tx) => {
    const found = await lockNotification(tx, id);
    if (found === undefined) return { state: 'removed', due_at: null, problem: null };
    const is_current = found.attempts === number;
    if (!is_current || (found.state !== 'owed' && result.outcome !== 'accepted'))
      return { state: found.state, due_at: found.state === 'owed' ? found.due_at : null, problem: found.problem };
    const change = changeAfter(found, result, now);
    const { state, due_at, problem } = await end(tx, found, now, change);
    return { state, due_at, problem };
  });
}

function changeAfter(
  found: LockedNotification,
  result: SendResult | { outcome: 'suppressed'; problem: Suppression },
  now: Instant,
): NotificationChange {
  switch (result.outcome) {
    case 'accepted':
      return { state: 'sent', detail: result.words };
    case 'suppressed':
      return { state: 'suppressed', problem: result.problem, detail: null };
    case 'refused':
      return { state: 'failed', problem: result.problem, detail: result.words };
    case 'failed': {
      const { problem, words: detail } = result;
      const due_at = whenAgain(found, now);
      return due_at === null ? { state: 'failed', problem, detail } : { state: 'owed', due_at, problem, detail };
    }
  }
}

function whenAgain({ tries, tried_since }: LockedNotification, now: Instant): Instant | null {
  return nextAttemptAt({ failed: tries, tried_since: tried_since ?? now }, { now, chance: Math.random() });
}

/** Stores a change. A mail that failed for good has an audit row; it holds no words of the server, which may name people. */
async function end(tx: Sql, found: LockedNotification, now: Instant, change: NotificationChange) {
  const { id, kind, contract_id, environment, attempts } = found;
  await changeNotification(tx, id, now, change);
  const problem = 'problem' in change ? change.problem : null;
  if (change.state === 'failed')
    await insertAudit(tx, [
      {
        at: now,
        actor: MAIL,
        action: 'notification.failed',
        subject_type: 'notification',
        subject_id: id,
        contract_id,
        environment,
        after: { kind, problem, attempts },
      },
    ]);
  return {
    begun: null,
    state: change.state,
    due_at: 'due_at' in change ? change.due_at : null,
    attempts,
    problem,
  } as const;
}
