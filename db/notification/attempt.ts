/** Mails on their way: attempts to send them, and their ends. */
import type { RecipientStatus } from '../../domain/notification/plan';
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import type { Language } from '../../domain/notification/settings';
import type { NotificationKindName } from '../../domain/notification/kind';
import type { NotificationState } from '../../domain/notification/outcome';
import type { Fragment, Sql } from '../base/database';

/** A notification that is locked until the transaction ends, with what its recipient wants. */
export interface LockedNotification {
  id: string;
  kind: NotificationKindName;
  recipient_id: string;
  contract_id: string | null;
  environment: Environment | null;
  state: NotificationState;
  due_at: Instant | null;
  attempts: number;
  tries: number;
  tried_since: Instant | null;
  is_sending: boolean;
  problem: string | null;
  address: string;
  language: Language;
  status: RecipientStatus;
  is_unsubscribed: boolean;
}

/** Locks a notification; undefined if it does not exist. */
export async function lockNotification(tx: Sql, id: string): Promise<LockedNotification | undefined> {
  const [row] = await tx<LockedNotification[]>`
    SELECT n.id, n.kind, n.recipient_id, n.contract_id, n.environment, n.state, n.due_at, n.attempts, n.tries, n.tried_since, n.is_sending,
           n.problem, r.address, coalesce(r.language, n.language) AS language, r.status,
           EXISTS (SELECT FROM mail_unsubscriptions u WHERE u.recipient_id = n.recipient_id AND u.kind = n.kind) AS is_unsubscribed
    FROM notifications n JOIN mail_recipients r ON r.id = n.recipient_id
    WHERE n.id = ${id} FOR NO KEY UPDATE OF n`;
  return row;
}

/** Records that an attempt begins, and the first server of the workflow. Without a result it counts as lost at `lost_at`. */
export async function markAttempt(
  tx: Sql,
  { id, now, lost_at, epoch }: { id: string; now: Instant; lost_at: Instant; epoch: string | undefined },
): Promise<void> {
  await tx`
    UPDATE notifications
    SET attempts = attempts + 1, tries = tries + 1, tried_since = coalesce(tried_since, ${now}), attempt_at = ${now}, is_sending = true,
        due_at = ${lost_at}, workflow_epoch = coalesce(workflow_epoch, ${epoch ?? null})
    WHERE id = ${id}`;
}

/** What follows from an attempt or from the state of the recipient. */
export type NotificationChange =
  | { state: 'owed'; due_at: Instant; problem: string; detail: string }
  | { state: 'sent'; detail: string }
  | { state: 'failed' | 'suppressed'; problem: string; detail: string | null };

/** Stores what follows from an attempt or a look. */
export async function changeNotification(tx: Sql, id: string, now: Instant, change: NotificationChange): Promise<void> {
  const { state, detail } = change;
  const problem = 'problem' in change ? change.problem : null;
  const due_at = 'due_at' in change ? change.due_at : null;
  await tx`
    UPDATE notifications
    SET state = ${state}, due_at = ${due_at}, ended_at = ${due_at === null ? now : null}, problem = ${problem}, detail = ${detail},
        is_sending = false
    WHERE id = ${id}`;
}

/** Makes a notification owed again, for a mail of its own. */
export async function oweNotification(tx: Sql, id: string, now: Instant): Promise<void> {
  await tx`
    UPDATE notifications
    SET state = 'owed', due_at = ${now}, ended_at = NULL, tries = 0, tried_since = NULL, digest_id = NULL, problem = NULL, detail = NULL
    WHERE id = ${id}`;
}

/** Selects notifications whose attempt has been due since `late`. */
export function notificationsToSend(sql: Sql, late: Fragment): Fragment {
  return sql`SELECT id, due_at AS since FROM notifications WHERE state = 'owed' AND due_at <= ${late}`;
}

/** Selects notifications that are owed and whose workflow was started on another server. */
export function notificationsOfOtherServers(sql: Sql, epoch: string): Fragment {
  return sql`SELECT id, due_at AS since FROM notifications WHERE state = 'owed' AND workflow_epoch <> ${epoch}`;
}

/** Records on which server the workflows of notifications were started. */
export async function markSendingOn(sql: Sql, ids: readonly string[], epoch: string): Promise<void> {
  await sql`
    UPDATE notifications SET workflow_epoch = ${epoch} WHERE id IN (
      SELECT id FROM notifications WHERE id = ANY (${[...ids]}::uuid[]) AND workflow_epoch IS DISTINCT FROM ${epoch}
      FOR NO KEY UPDATE SKIP LOCKED)`;
}
