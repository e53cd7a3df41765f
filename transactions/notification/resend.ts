/** Sends a notification again, by hand. */
import { auditAct } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { lockNotification, oweNotification } from '../../db/notification/attempt';
import type { LockedNotification } from '../../db/notification/attempt';
import { suppressNotifications } from '../../db/notification/digest';
import { findSameMail, insertNotifications } from '../../db/notification/notification';
import { findNotification } from '../../db/notification/notification-list';
import type { NotificationRow } from '../../db/notification/notification-list';
import { insertRecipients, listKnownRecipients } from '../../db/notification/recipient';
import type { Act } from '../../domain/base/edit';
import type { SettableKind } from '../../domain/notification/settings';
import { notFound } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { resendRefusal } from '../../domain/notification/outcome';
import { newId } from '../base/new-id';
import { findDestinations } from './destination';

/**
 * Makes a notification due at once, whether it was sent, failed, or waits, and writes an audit row; call it inside a transaction. It is tried
 * for three days again. One that is due already, or whose attempt is in flight, stays as it is. If its role has another address now, the
 * mail goes there, as a notification of its own: that which went to the old address stays on record. Returns the id of the one that is sent.
 */
export async function resend(tx: Sql, id: string, act: Act): Promise<string | Refusal> {
  const row = await findNotification(tx, id);
  if (row === undefined) return notFound('notification', id);
  // Customers and recipients are locked before notifications, as everywhere.
  const [destination] = await findDestinations(tx, [row], { lock: true });
  if (destination === undefined || destination.recipient_id === row.recipient_id) return resendSame(tx, id, act);
  const { recipient_id, ...recipient } = destination;
  const refused = resendRefusal({ ...recipient, recipient_id: recipient_id ?? '', kind: row.kind });
  return refused ?? resendTo(tx, row, destination.address, act);
}

async function resendSame(tx: Sql, id: string, act: Act): Promise<string | Refusal> {
  const found = await lockNotification(tx, id);
  if (found === undefined) return notFound('notification', id);
  const refused = resendRefusal(found);
  if (refused !== null) return refused;
  if (isUnderWay(found, act)) return id;
  await oweNotification(tx, id, act.now);
  await auditResend(tx, found, { state: 'owed' }, act);
  return id;
}

/** Sends the mail to another address. The notification to the old one is not tried any more. */
async function resendTo(tx: Sql, row: NotificationRow, address: string, act: Act): Promise<string | Refusal> {
  const { now } = act;
  await insertRecipients(tx, [address], now);
  const [recipient] = await listKnownRecipients(tx, [address]);
  const before = await lockNotification(tx, row.id);
  if (before === undefined || recipient === undefined || row.event_id === null) return notFound('notification', row.id);
  const { role, language, event_id, contract_id, customer_id, environment } = row;
  const kind = row.kind as SettableKind;
  const mail = { kind, role, language, event_id, contract_id, customer_id, environment, recipient_id: recipient.id };
  const owed = { id: newId(now), state: 'owed', due_at: now, problem: null } as const;
  const [added] = await insertNotifications(tx, [{ ...mail, ...owed }], now);
  const sent_id = added ?? (await findSameMail(tx, mail)) ?? owed.id;
  if (added === undefined) {
    const same = await lockNotification(tx, sent_id);
    if (same !== undefined && !isUnderWay(same, act)) await oweNotification(tx, sent_id, now);
  }
  const is_open = before.state === 'owed' || before.state === 'waiting';
  if (is_open) await suppressNotifications(tx, [{ id: row.id, problem: 'address_replaced' }], now);
  await auditResend(tx, before, { state: is_open ? 'suppressed' : before.state, sent_as: sent_id }, act);
  return sent_id;
}

/** Whether it is due already, or its attempt is in flight. */
function isUnderWay({ state, is_sending, due_at }: LockedNotification, { now }: Act): boolean {
  return state === 'owed' && (is_sending || (due_at !== null && due_at <= now));
}

function auditResend(
  tx: Sql,
  { id, kind, state, contract_id, environment }: LockedNotification,
  after: { state: string; sent_as?: string },
  act: Act,
): Promise<void> {
  return auditAct(tx, act, {
    action: 'notification.resent',
    subject_type: 'notification',
    subject_id: id,
    contract_id,
    environment,
    before: { state },
    after: { ...after, kind },
  });
}
