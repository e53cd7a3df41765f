/** The secrets that sign what endpoints receive (security.md, Webhooks): made here, stored sealed, and shown once. */
import { randomBytes } from 'node:crypto';
import type { Instant } from '../../domain/base/instant';
import type { Sql } from '../../db/base/database';
import { insertWebhookSecret, listSealedSecrets } from '../../db/webhook/secret';
import { newId } from '../base/new-id';
import type { Sealer } from '../base/sealed-text';

/** Standard Webhooks asks for 24 to 64. */
const SECRET_BYTES = 32;

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
 * The texts of the secrets that sign for an endpoint now: the current one first, then those that it replaced, the youngest first.
 * @throws SealingKeyMissing and SealedTextInvalid (transactions/base/sealed-text.ts)
 */
export async function openSigningSecrets(sql: Sql, endpoint_id: string, sealer: Sealer): Promise<string[]> {
  const rows = await listSealedSecrets(sql, endpoint_id);
  return Promise.all(rows.map((row) => sealer.open(row.sealed, row)));
}
