/** What stops mail to an address: a mark of the address, or that the person does not want a kind. */
import type { RecipientStatus } from '../../domain/notification/plan';
import type { Instant } from '../../domain/base/instant';
import type { NotificationKindName } from '../../domain/notification/kind';
import type { Sql } from '../base/database';

export interface LockedRecipient {
  id: string;
  address: string;
  language: 'en' | 'de' | null;
  status: RecipientStatus;
}

/** Locks the recipient with an address, in any letter case, or else that of a notification; undefined if there is none. */
export async function lockRecipient(
  tx: Sql,
  { address, notification_id }: { address?: string | undefined; notification_id?: string | undefined },
): Promise<LockedRecipient | undefined> {
  const [row] = await tx<LockedRecipient[]>`
    SELECT id, address, language, status FROM mail_recipients
    WHERE id = coalesce((SELECT id FROM mail_recipients WHERE lower(address) = lower(${address ?? null})),
                        (SELECT recipient_id FROM notifications WHERE id = ${notification_id ?? null}))
    FOR NO KEY UPDATE`;
  return row;
}

export async function findRecipient(sql: Sql, id: string): Promise<LockedRecipient | undefined> {
  const [row] = await sql<
    LockedRecipient[]
  >`SELECT id, address, language, status FROM mail_recipients WHERE id = ${id}`;
  return row;
}

/** Marks an address, so that it gets no more mail. */
export async function markRecipient(
  tx: Sql,
  { id, status, note, now }: { id: string; status: 'bounced' | 'complained'; note: string | null; now: Instant },
): Promise<void> {
  await tx`
    UPDATE mail_recipients SET status = ${status}, status_at = ${now}, status_note = ${note}, updated_at = ${now} WHERE id = ${id}`;
}

/** Ends the digests of a recipient. Returns whether it had chosen them. */
export async function endDigests(tx: Sql, recipient_id: string, now: Instant): Promise<boolean> {
  const { count } = await tx`
    UPDATE mail_recipients SET digest = false, updated_at = ${now} WHERE id = ${recipient_id} AND digest`;
  return count > 0;
}

/** Records that a person does not want a kind of mail. Returns whether it was not known before. */
export async function insertUnsubscription(
  tx: Sql,
  { recipient_id, kind, now }: { recipient_id: string; kind: NotificationKindName; now: Instant },
): Promise<boolean> {
  const { count } = await tx`
    WITH added AS (
      INSERT INTO mail_unsubscriptions (recipient_id, kind, at) VALUES (${recipient_id}, ${kind}, ${now})
      ON CONFLICT DO NOTHING RETURNING recipient_id
    )
    UPDATE mail_recipients SET updated_at = ${now} WHERE id IN (SELECT recipient_id FROM added)`;
  return count > 0;
}

/** Ends the mails that a recipient is owed, or those of one kind, because of `problem`; returns how many. */
export async function suppressOwed(
  tx: Sql,
  given: { recipient_id: string; kind?: NotificationKindName; problem: string; now: Instant },
): Promise<number> {
  const { recipient_id, kind, problem, now } = given;
  const { count } = await tx`
    UPDATE notifications SET state = 'suppressed', due_at = NULL, ended_at = ${now}, problem = ${problem}, is_sending = false
    WHERE recipient_id = ${recipient_id} AND state IN ('owed', 'waiting') AND state <> 'sent'
      ${kind === undefined ? tx`` : tx`AND kind = ${kind}`}`;
  return count;
}
