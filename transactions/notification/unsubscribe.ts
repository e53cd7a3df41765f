/** Ends a kind of mail to an address, as the person asked by the link of a mail. */
import { insertAudit } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { insertUnsubscription, suppressOwed } from '../../db/notification/recipient-mark';
import { MAIL } from '../../domain/base/actor';
import type { Instant } from '../../domain/base/instant';
import type { Subscription } from './unsubscribe-token';

/** Writes one audit row, however often it is asked for; call it inside a transaction. Mails of the kind that are owed are not sent. */
export async function unsubscribe(
  tx: Sql,
  { recipient_id, kind }: Subscription,
  { now, request_id }: { now: Instant; request_id: string },
): Promise<void> {
  if (!(await insertUnsubscription(tx, { recipient_id, kind, now }))) return;
  const suppressed = await suppressOwed(tx, { recipient_id, kind, problem: 'unsubscribed', now });
  await insertAudit(tx, [
    {
      at: now,
      actor: MAIL,
      action: 'mail_recipient.unsubscribed',
      subject_type: 'mail_recipient',
      subject_id: recipient_id,
      after: { kind, suppressed },
      request_id,
    },
  ]);
}
