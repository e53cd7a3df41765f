/** Notifications: one row for each mail to one address. */
import type { Instant } from '../../domain/base/instant';
import type { PlannedMail } from '../../domain/notification/plan';
import type { Sql } from '../base/database';

/** A mail that follows from an event, as it is stored. */
export interface NewNotification extends Omit<PlannedMail, 'address'> {
  id: string;
  recipient_id: string;
  event_id: string;
  contract_id: string | null;
  customer_id: string | null;
  environment: string | null;
}

/** What makes a mail one mail. */
type DedupeFacts = Pick<NewNotification, 'event_id' | 'kind' | 'recipient_id'>;

function dedupeKey({ event_id, kind, recipient_id }: DedupeFacts): string {
  return `${event_id}:${kind}:${recipient_id}`;
}

/** The mail of this kind about an event to a recipient; undefined if there is none. */
export async function findSameMail(tx: Sql, facts: DedupeFacts): Promise<string | undefined> {
  const [row] = await tx<{ id: string }[]>`SELECT id FROM notifications WHERE dedupe_key = ${dedupeKey(facts)}`;
  return row?.id;
}

/** Inserts mails, unless they are stored already. Returns the ids of those that are owed and new. */
export async function insertNotifications(tx: Sql, mails: readonly NewNotification[], now: Instant): Promise<string[]> {
  if (mails.length === 0) return [];
  const rows = mails.map((mail) => ({
    ...mail,
    dedupe_key: dedupeKey(mail),
    created_at: now,
    ended_at: mail.due_at === null ? now : null,
  }));
  const inserted = await tx<{ id: string; state: string }[]>`
    INSERT INTO notifications (id, kind, recipient_id, role, event_id, contract_id, customer_id, environment, language, dedupe_key, state,
                               due_at, problem, created_at, ended_at)
    SELECT id, kind, recipient_id, role, event_id, contract_id, customer_id, environment, language, dedupe_key, state,
           due_at, problem, created_at, ended_at
    FROM jsonb_populate_recordset(NULL::notifications, ${tx.json(rows)})
    ORDER BY dedupe_key
    ON CONFLICT (dedupe_key) DO NOTHING
    RETURNING id, state`;
  return inserted.filter(({ state }) => state === 'owed').map(({ id }) => id);
}
