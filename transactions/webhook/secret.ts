/** The secrets that sign what endpoints receive (security.md, Webhooks): made here, stored sealed, and shown once. */
import { randomBytes } from 'node:crypto';
import { millisLater } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { OLD_SECRETS_MAX } from '../../domain/webhook/endpoint';
import type { Sql } from '../../db/base/database';
import { deleteOldSecrets, expireCurrentSecret, insertWebhookSecret, listSealedSecrets } from '../../db/webhook/secret';
import { newId } from '../base/new-id';
import type { Sealer } from '../base/sealed-text';

/** Standard Webhooks asks for 24 to 64. */
const SECRET_BYTES = 32;
const HOUR_MS = 3_600_000;

/** Makes the current secret of an endpoint that has none, and returns its text, which is answered and never stored. */
export async function createSecret(tx: Sql, endpoint_id: string, sealer: Sealer, now: Instant): Promise<string> {
  const text = `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;
  const id = newId(now);
  await insertWebhookSecret(tx, {
    id,
    endpoint_id,
    sealed: await sealer.seal(text, { endpoint_id, secret_id: id }),
    sealed_by: sealer.version,
    last_four: text.slice(-4),
    created_at: now,
  });
  return text;
}

/**
 * Replaces the current secret of an endpoint, and returns the text of the new one. The former one signs beside it for the overlap. Without an
 * overlap all former ones end at once. Call it with the endpoint locked.
 */
export async function replaceSecret(
  tx: Sql,
  endpoint_id: string,
  overlap_hours: number,
  sealer: Sealer,
  now: Instant,
): Promise<string> {
  await expireCurrentSecret(tx, endpoint_id, millisLater(now, overlap_hours * HOUR_MS));
  await deleteOldSecrets(tx, endpoint_id, overlap_hours === 0 ? 0 : OLD_SECRETS_MAX);
  return createSecret(tx, endpoint_id, sealer, now);
}

/**
 * The texts of the secrets that sign for an endpoint now: the current one first, then those that it replaced, the youngest first.
 * @throws SealingKeyMissing and SealedTextInvalid (transactions/base/sealed-text.ts)
 */
export async function openSigningSecrets(sql: Sql, endpoint_id: string, sealer: Sealer): Promise<string[]> {
  const rows = await listSealedSecrets(sql, endpoint_id);
  return Promise.all(rows.map((row) => sealer.open(row.sealed, row)));
}
