/** Ends a kind of mail to an address, as the person asked by the link of a mail. */
import { insertAudit } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { endDigests, insertUnsubscription, suppressOwed } from '../../db/notification/recipient-mark';
import { MAIL } from '../../domain/base/actor';
import type { Instant } from '../../domain/base/instant';
import { KIND_NAMES, NOTIFICATION_KINDS } from '../../domain/notification/kind';
import type { Subscription } from './unsubscribe-token';

/** What the link of a digest ends besides digests. Mails that are always sent then come one by one. */
const OPTIONAL_KINDS = KIND_NAMES.filter((kind) => NOTIFICATION_KINDS[kind].is_optional);

/** Writes one audit row, however often it is asked for; call it inside a transaction. Mails of the kind that are owed are not sent. */
export async function unsubscribe(
  tx: Sql,
  { recipient_id, kind }: Subscription,
  { now, request_id }: { now: Instant; request_id: string },
): Promise<void> {
  let changed = kind === 'digest' && (await endDigests(tx, recipient_id, now));
  let suppressed = 0;
  for (const one of kind === 'digest' ? OPTIONAL_KINDS : [kind]) {
    if (!(await insertUnsubscription(tx, { recipient_id, kind: one, now }))) continue;
    changed = true;
    suppressed += await suppressOwed(tx, { recipient_id, kind: one, problem: 'unsubscribed', now });
  }
  if (!changed) return;
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
