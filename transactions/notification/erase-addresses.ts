/** Erases the addresses of a person from mail. */
import type { Sql } from '../../db/base/database';
import {
  deleteSettingsOf,
  eraseAuditedAddresses,
  eraseRecipients,
  listContactAddresses,
  lockSettingsWith,
} from '../../db/notification/erasure';
import { updateSettings } from '../../db/notification/settings';
import type { Instant } from '../../domain/base/instant';
import { ERASED_NAME } from '../../domain/access/erasure';
import { addressKey } from '../../domain/notification/address';
import { withoutAddresses } from '../../domain/notification/settings';

/** How many rows of mail named an erased person. */
export interface ErasedMail {
  /** Recipients of mail. */
  recipients: number;
  /** Settings of mail, and audit rows about them. */
  mail_settings: number;
}

/** Call it before the customers are erased: their contacts are read from their rows and their history. */
export async function eraseAddresses(
  tx: Sql,
  { emails, customer_ids }: { emails: readonly string[]; customer_ids: readonly string[] },
  now: Instant,
): Promise<ErasedMail> {
  const addresses = [...emails, ...(await listContactAddresses(tx, customer_ids))];
  const keys = new Set(addresses.map(addressKey));
  let mail_settings = await deleteSettingsOf(tx, customer_ids);
  for (const { subject_id, kinds, operator_addresses } of await lockSettingsWith(tx, addresses)) {
    const operators = operator_addresses?.filter((address) => !keys.has(addressKey(address)));
    const change = {
      kinds: withoutAddresses(kinds, keys),
      ...(operators === undefined ? {} : { operator_addresses: operators }),
    };
    await updateSettings(tx, subject_id, change, now);
    mail_settings += 1;
  }
  for (const customer_id of customer_ids.length === 0 ? [null] : customer_ids)
    mail_settings += await eraseAuditedAddresses(tx, { addresses, customer_id }, ERASED_NAME);
  return { recipients: await eraseRecipients(tx, addresses, now), mail_settings };
}
