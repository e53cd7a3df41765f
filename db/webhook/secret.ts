/**
 * The secrets that sign for webhook endpoints, sealed as a JWE (transactions/base/sealed-text.ts). The current secret of an endpoint does
 * not expire. Those that it replaced sign beside it until they expire.
 */
import type { Instant } from '../../domain/base/instant';
import type { Sql } from '../base/database';

export interface WebhookSecretRow {
  id: string;
  endpoint_id: string;
  last_four: string;
  created_at: Instant;
  /** Null: the current one. */
  expires_at: Instant | null;
}

/** A secret that signs, as it is sealed for its row. */
export interface SealedSecretRow {
  id: string;
  /** The same as `id`, under the name by which the text is bound to its row. */
  secret_id: string;
  endpoint_id: string;
  sealed: string;
}

export type NewWebhookSecret = Omit<WebhookSecretRow, 'expires_at'> & { sealed: string; sealed_by: string };

/** Inserts the current secret of an endpoint, which has none at this moment. */
export async function insertWebhookSecret(tx: Sql, secret: NewWebhookSecret): Promise<void> {
  await tx`INSERT INTO webhook_secrets ${tx({ ...secret })}`;
}

/** The secrets of an endpoint that sign now: the current one first, then those that it replaced, the youngest first. */
export async function listSealedSecrets(sql: Sql, endpoint_id: string): Promise<SealedSecretRow[]> {
  return sql<SealedSecretRow[]>`
    SELECT id, id AS secret_id, endpoint_id, sealed FROM webhook_secrets
    WHERE endpoint_id = ${endpoint_id} AND (expires_at IS NULL OR expires_at > now())
    ORDER BY expires_at IS NOT NULL, id DESC`;
}

/** Lets the current secret of an endpoint sign until an instant, beside the next one. */
export async function expireCurrentSecret(tx: Sql, endpoint_id: string, expires_at: Instant): Promise<void> {
  await tx`UPDATE webhook_secrets SET expires_at = ${expires_at} WHERE endpoint_id = ${endpoint_id} AND expires_at IS NULL`;
}

/** Deletes the secrets of an endpoint that have expired, and of those that it replaced all but the youngest `kept`. */
export async function deleteOldSecrets(tx: Sql, endpoint_id: string, kept: number): Promise<void> {
  await tx`
    DELETE FROM webhook_secrets WHERE endpoint_id = ${endpoint_id} AND expires_at IS NOT NULL AND (
      expires_at <= now() OR id NOT IN (
        SELECT id FROM webhook_secrets WHERE endpoint_id = ${endpoint_id} AND expires_at > now() ORDER BY id DESC LIMIT ${kept}
      ))`;
}

/** Deletes all secrets of an endpoint. */
export async function deleteSecrets(tx: Sql, endpoint_id: string): Promise<void> {
  await tx`DELETE FROM webhook_secrets WHERE endpoint_id = ${endpoint_id}`;
}

/** The versions that sealed secrets which sign now, with the number of their endpoints. */
export async function listSecretVersions(sql: Sql): Promise<{ version: string; endpoints: number }[]> {
  return sql<{ version: string; endpoints: number }[]>`
    SELECT sealed_by AS version, count(DISTINCT endpoint_id)::int AS endpoints FROM webhook_secrets
    WHERE expires_at IS NULL OR expires_at > now() GROUP BY sealed_by ORDER BY 1`;
}

/** Secrets that another version sealed, by id, locked until the transaction ends. Waits for those that are being rotated. */
export async function listSecretsSealedByOthers(
  tx: Sql,
  { version, after, limit }: { version: string; after: string | null; limit: number },
): Promise<SealedSecretRow[]> {
  return tx<SealedSecretRow[]>`
    SELECT id, id AS secret_id, endpoint_id, sealed FROM webhook_secrets
    WHERE sealed_by <> ${version} ${after === null ? tx`` : tx`AND id > ${after}`}
    ORDER BY id LIMIT ${limit} FOR NO KEY UPDATE`;
}

export async function updateSealedSecret(
  tx: Sql,
  id: string,
  columns: { sealed: string; sealed_by: string },
): Promise<void> {
  await tx`UPDATE webhook_secrets SET ${tx(columns)} WHERE id = ${id}`;
}
