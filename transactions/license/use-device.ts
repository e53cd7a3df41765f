/** Lets a device activate a license, deactivate it, or report that it is in use. */
import type { Database } from '../../db/base/database';
import { useDevice } from '../../db/license/device';
import type { DeviceUse, UsedLicense } from '../../db/license/device';
import { isRefusal } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { deviceRefusal, ownExpiryRefusal } from '../../domain/license/device';
import { ownExpiry } from '../../domain/license/license-expiry';

/**
 * One call of Postgres, which waits in memory while other calls of this process use the same license. A first activation that gives the
 * license an expiry of its own takes two: the first one says which rule applies, and the second one stores the instant.
 *
 * Nothing is written to the audit: the row of the device is the record.
 * @returns undefined when there is no license with this key
 */
export async function carryOutDeviceUse(db: Database, use: DeviceUse): Promise<UsedLicense | Refusal | undefined> {
  const { attempt_ms } = db.lockTurns.limits;
  return db.lockTurns.run([{ table: 'license_keys', id: use.key }], async () => {
    const used = await useDevice(db, use, null, attempt_ms);
    if (used === undefined || !used.needs_expiry) return outcomeOf(use, used);
    const refusal = deviceRefusal(use, used, used.at);
    if (refusal) return refusal;
    const expires_at = ownExpiry(used.own_expiry, 'first_activation', used.at, used.end_date);
    return ownExpiryRefusal(expires_at, used.at) ?? outcomeOf(use, await useDevice(db, use, expires_at, attempt_ms));
  });
}

/** What was done, or why it was not. */
function outcomeOf(use: DeviceUse, used: UsedLicense | undefined): UsedLicense | Refusal | undefined {
  if (used === undefined || used.done) return used;
  const refusal = deviceRefusal(use, used, used.at);
  if (isRefusal(refusal)) return refusal;
  throw new Error(`use_device did not ${use.action} license ${used.id}, and no rule says why`);
}
