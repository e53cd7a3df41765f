/** Composes the digest of a recipient: one mail that carries the notifications which waited for it. */
import type { Database } from '../../db/base/database';
import {
  findOwedDigest,
  includeInDigest,
  insertDigest,
  lockRecipientOfDigest,
  postponeToDigest,
  suppressNotifications,
  takeWaiting,
} from '../../db/notification/digest';
import type { WaitingNotification } from '../../db/notification/digest';
import { findInstallationSettings } from '../../db/notification/settings';
import { localDateAt } from '../../domain/base/calendar';
import type { Instant } from '../../domain/base/instant';
import { nextDigestAt } from '../../domain/notification/digest';
import { suppressedBy } from '../../domain/notification/plan';
import { newId } from '../base/new-id';

/**
 * Returns the digest that is owed, or null when there is nothing to send. A recipient has at most one digest on a local day: what becomes
 * due after it waits for that of the next day. Safe to run twice, also at the same time.
 */
export async function composeDigest(
  db: Pick<Database, 'begin'>,
  { recipient_id, now }: { recipient_id: string; now: Instant },
): Promise<string | null> {
  return db.begin(async (tx) => {
    const recipient = await lockRecipientOfDigest(tx, recipient_id);
    if (!recipient) return null;
    const { time_zone } = await findInstallationSettings(tx);
    const dedupe_key = `digest:${recipient_id}:${localDateAt(now, time_zone)}`;
    const due = await takeWaiting(tx, recipient_id, now);
    const judged = due.map((one) => ({ ...one, problem: suppressedBy(one.kind, recipient) }));
    await suppressNotifications(
      tx,
      judged.flatMap(({ id, problem }) => (problem === null ? [] : [{ id, problem }])),
      now,
    );
    const wanted = judged.filter(({ problem }) => problem === null);
    const [first] = wanted as readonly WaitingNotification[];
    // A composition whose answer was lost finds its digest.
    if (first === undefined) return (await findOwedDigest(tx, dedupe_key)) ?? null;
    const ids = wanted.map(({ id }) => id);
    const { role, language } = first;
    const digest = { id: newId(now), recipient_id, role, language, dedupe_key };
    if (await insertDigest(tx, digest, now)) {
      await includeInDigest(tx, ids, digest.id, now);
      return digest.id;
    }
    await postponeToDigest(tx, ids, nextDigestAt(now, time_zone));
    return (await findOwedDigest(tx, dedupe_key)) ?? null;
  });
}
