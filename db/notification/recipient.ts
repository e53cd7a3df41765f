/** Recipients of mail: addresses, each once in any letter case, and what is known about them. */
import type { Instant } from '../../domain/base/instant';
import type { KnownRecipient } from '../../domain/notification/plan';
import type { Sql } from '../base/database';

/** What planning knows about an address. */
export interface PlannedRecipient extends KnownRecipient {
  id: string;
  address: string;
}

/** Those of these addresses that have had mail. */
export async function listKnownRecipients(tx: Sql, addresses: readonly string[]): Promise<PlannedRecipient[]> {
  if (addresses.length === 0) return [];
  return tx<PlannedRecipient[]>`
    SELECT r.id, r.address, r.language, r.digest, r.status,
           ARRAY(SELECT u.kind FROM mail_unsubscriptions u WHERE u.recipient_id = r.id ORDER BY u.kind) AS unsubscribed
    FROM mail_recipients r
    WHERE lower(r.address) = ANY (SELECT lower(address) FROM unnest(${[...addresses]}::text[]) AS address)`;
}

/** Inserts addresses that are new, in one order, so that transactions with the same addresses wait for each other and not in a circle. */
export async function insertRecipients(tx: Sql, addresses: readonly string[], now: Instant): Promise<void> {
  if (addresses.length === 0) return;
  await tx`
    INSERT INTO mail_recipients (address, created_at, updated_at)
    SELECT address, ${now}, ${now} FROM unnest(${[...addresses]}::text[]) AS address ORDER BY lower(address)
    ON CONFLICT (lower(address)) DO NOTHING`;
}
