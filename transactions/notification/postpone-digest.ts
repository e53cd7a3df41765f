/** Postpones a digest that cannot be composed, so that it delays no other, and ends what waits for it after too many attempts. */
import { insertAudit } from '../../db/base/audit';
import type { Database } from '../../db/base/database';
import { lockRecipientOfDigest, lockUndigested, recordFailedDigest } from '../../db/notification/digest';
import { MAIL } from '../../domain/base/actor';
import type { Instant } from '../../domain/base/instant';
import { failedPlanning } from '../../domain/notification/notice';

/**
 * Records that the digest of a recipient could not be composed. What waits for it is due again after a growing interval, as a notice that
 * cannot be planned is. In the end it fails, with an audit row for each; sending it again by hand makes a mail of its own.
 */
export async function postponeDigest(
  db: Pick<Database, 'begin'>,
  { recipient_id, error, now }: { recipient_id: string; error: unknown; now: Instant },
): Promise<void> {
  await db.begin(async (tx) => {
    await lockRecipientOfDigest(tx, recipient_id);
    const waiting = await lockUndigested(tx, recipient_id, now);
    if (waiting.length === 0) return;
    const failed = failedPlanning(Math.max(...waiting.map(({ tries }) => tries)), error, now);
    await recordFailedDigest(
      tx,
      waiting.map(({ id }) => id),
      failed,
      now,
    );
    if (failed.due_at !== null) return;
    const after = { problem: 'not_composed', attempts: failed.attempts };
    await insertAudit(
      tx,
      waiting.map(({ id, kind, contract_id, environment }) => ({
        ...{ at: now, actor: MAIL, action: 'notification.failed', subject_type: 'notification', subject_id: id },
        ...{ contract_id, environment, after: { kind, ...after } },
      })),
    );
  });
}
