/** Marks an address to which mails come back, or whose person calls them unwanted, so that it gets no more mail. */
import { insertAudit } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { lockRecipient, markRecipient, suppressOwed } from '../../db/notification/recipient-mark';
import { MAIL } from '../../domain/base/actor';
import type { Instant } from '../../domain/base/instant';
import { markOf, notificationIdOf } from '../../domain/notification/bounce';
import type { BounceReport } from '../../domain/notification/bounce';
import type { RecipientStatus } from '../../domain/notification/plan';

/** marked: the address gets no more mail. known: it got none already, for this reason or a stronger one. ignored: the address is unknown, or the report says that it passes. */
export const BOUNCE_OUTCOMES = ['marked', 'known', 'ignored'] as const;
export type BounceOutcome = (typeof BOUNCE_OUTCOMES)[number];

const NOTE_LENGTH_MAX = 500;

/**
 * Records a report with one audit row, however often it is sent; call it inside a transaction. Mails that the address is owed are not sent
 * any more. Audit rows hold neither the address nor the reason, which may name the person.
 */
export async function recordBounce(
  tx: Sql,
  report: BounceReport,
  { now, request_id }: { now: Instant; request_id: string },
): Promise<BounceOutcome> {
  const status = markOf(report);
  const { address, message_id, reason } = report;
  const recipient = await lockRecipient(tx, { address, notification_id: notificationIdOf(message_id) });
  if (recipient === undefined || status === null) return 'ignored';
  if (!isNews(recipient.status, status)) return 'known';
  const { id } = recipient;
  await markRecipient(tx, { id, status, note: noteOf(reason), now });
  const suppressed = await suppressOwed(tx, { recipient_id: id, problem: status, now });
  await insertAudit(tx, [
    {
      at: now,
      actor: MAIL,
      action: `mail_recipient.${status}`,
      subject_type: 'mail_recipient',
      subject_id: id,
      before: { status: recipient.status },
      after: { status, report_id: report.id, suppressed },
      request_id,
    },
  ]);
  return 'marked';
}

/** Whether a report says more than what is known: a complaint says more than a bounce. */
function isNews(known: RecipientStatus, status: 'bounced' | 'complained'): boolean {
  return known === 'ok' || (known === 'bounced' && status === 'complained');
}

/** The reason as one bounded line. */
function noteOf(reason: string | undefined): string | null {
  const line = (reason ?? '').replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
  return line === '' ? null : line.slice(0, NOTE_LENGTH_MAX);
}
