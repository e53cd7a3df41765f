/** Sends a notification again, by hand. */
import { auditAct } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { lockNotification, oweNotification } from '../../db/notification/attempt';
import type { Act } from '../../domain/base/edit';
import { notFound } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { resendRefusal } from '../../domain/notification/outcome';

/**
 * Makes a notification due at once, whether it was sent, failed, or waits, and writes an audit row; call it inside a transaction. It is tried
 * for three days again. One that is due already, or whose attempt is in flight, stays as it is.
 */
export async function resend(tx: Sql, id: string, act: Act): Promise<Refusal | null> {
  const found = await lockNotification(tx, id);
  if (found === undefined) return notFound('notification', id);
  const refused = resendRefusal(found);
  if (refused !== null) return refused;
  const { kind, state, due_at, is_sending, contract_id, environment } = found;
  if (state === 'owed' && (is_sending || (due_at !== null && due_at <= act.now))) return null;
  await oweNotification(tx, id, act.now);
  await auditAct(tx, act, {
    action: 'notification.resent',
    subject_type: 'notification',
    subject_id: id,
    contract_id,
    environment,
    before: { state },
    after: { state: 'owed', kind },
  });
  return null;
}
