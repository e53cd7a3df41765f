/**
 * API keys of contracts in Postgres. Of a secret there is an HMAC, by which it is verified, and for the current key the whole key
 * as a JWE, so that it can be shown again (transactions/base/sealed-text.ts).
 */
import type { KnownPerson } from '../../domain/base/actor';
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import { columnNames } from '../base/columns';
import type { Sql } from '../base/database';
import { LAST_USED_RESOLUTION, acceptedContractKey } from './caller-key';
import { knownActor } from './person';

export interface ContractApiKeyRow {
  id: string;
  contract_id: string;
  key_id: string;
  last_four: string;
  /** The whole key as a JWE; null when it is no longer shown. */
  sealed: string | null;
  created_at: Instant;
  created_by: string;
  last_used_at: Instant | null;
  /** The end of the overlap after its rotation; null for the current key. */
  expires_at: Instant | null;
  revoked_at: Instant | null;
}

const CONTRACT_API_KEY_COLUMNS = columnNames<ContractApiKeyRow>({
  id: true,
  contract_id: true,
  key_id: true,
  last_four: true,
  sealed: true,
  created_at: true,
  created_by: true,
  last_used_at: true,
  expires_at: true,
  revoked_at: true,
});

/** A key that is accepted, with its contract and the HMAC that its secret is compared with. */
export interface AcceptedContractKeyRow {
  id: string;
  contract_id: string;
  key_id: string;
  last_four: string;
  /** The name of the key in the history. */
  name: string;
  environment: Environment;
  ip_allowlist: string[];
  known: KnownPerson;
  secret_hmac: Buffer;
  /** Whether `last_used_at` is older than its resolution. */
  stale: boolean;
}

/** The key with this public part if it is accepted now. */
export async function findAcceptedContractKey(
  sql: Sql,
  key_id: string,
  now: Instant,
): Promise<AcceptedContractKeyRow | undefined> {
  const name = sql`'API key …' || k.last_four`;
  const [row] = await sql<AcceptedContractKeyRow[]>`
    SELECT k.id, k.contract_id, k.key_id, k.last_four, ${name} AS name, c.environment, c.ip_allowlist, k.secret_hmac,
           ${knownActor(sql, { id: sql`k.id::text`, name })} AS known,
           coalesce(k.last_used_at < ${now}::timestamptz - ${LAST_USED_RESOLUTION}::interval, true) AS stale
    ${acceptedContractKey(sql)} AND k.key_id = ${key_id}`;
  return row;
}

/** What decides whether the key of a contract with this public part is accepted; undefined when there is none. */
export async function findContractKeyStatus(
  sql: Sql,
  key_id: string,
): Promise<{ secret_hmac: Buffer; is_revoked: boolean; is_expired: boolean; environment: Environment } | undefined> {
  const [row] = await sql<
    [{ secret_hmac: Buffer; is_revoked: boolean; is_expired: boolean; environment: Environment }?]
  >`
    SELECT k.secret_hmac, k.revoked_at IS NOT NULL AS is_revoked, coalesce(k.expires_at <= now(), false) AS is_expired, c.environment
    FROM contract_api_keys k JOIN contracts c ON c.id = k.contract_id WHERE k.key_id = ${key_id}`;
  return row;
}

/** Stores when a key was used, unless another transaction has locked its row; then a later request stores it. */
export async function markContractKeyUsed(sql: Sql, id: string, now: Instant): Promise<void> {
  await sql`
    UPDATE contract_api_keys SET last_used_at = ${now}
    WHERE id = (SELECT id FROM contract_api_keys WHERE id = ${id} FOR NO KEY UPDATE SKIP LOCKED)`;
}

/** The current key of a contract, or undefined. */
export async function findCurrentKey(sql: Sql, contract_id: string): Promise<ContractApiKeyRow | undefined> {
  const [row] = await sql<ContractApiKeyRow[]>`
    SELECT ${sql(CONTRACT_API_KEY_COLUMNS)} FROM contract_api_keys
    WHERE contract_id = ${contract_id} AND expires_at IS NULL AND revoked_at IS NULL`;
  return row;
}

/** The replaced key of a contract that is accepted until the end of its overlap, or undefined. */
export async function findOverlappingKey(sql: Sql, contract_id: string): Promise<ContractApiKeyRow | undefined> {
  const [row] = await sql<ContractApiKeyRow[]>`
    SELECT ${sql(CONTRACT_API_KEY_COLUMNS)} FROM contract_api_keys
    WHERE contract_id = ${contract_id} AND expires_at > now() AND revoked_at IS NULL ORDER BY id DESC LIMIT 1`;
  return row;
}

export type NewContractApiKey = Pick<
  ContractApiKeyRow,
  'contract_id' | 'key_id' | 'last_four' | 'created_at' | 'created_by'
> & { secret_hmac: Buffer; sealed: string; sealed_by: string };

/** Inserts the current key of a contract, which has none at this moment. */
export async function insertContractApiKey(tx: Sql, key: NewContractApiKey): Promise<ContractApiKeyRow> {
  const [row] = await tx<[ContractApiKeyRow]>`
    INSERT INTO contract_api_keys ${tx({ ...key })} RETURNING ${tx(CONTRACT_API_KEY_COLUMNS)}`;
  return row;
}

/** Ends the current key of a contract at an instant, until which it stays accepted. It is no longer shown. */
export async function expireCurrentKey(tx: Sql, contract_id: string, expires_at: Instant): Promise<void> {
  await tx`
    UPDATE contract_api_keys SET expires_at = ${expires_at}, sealed = NULL, sealed_by = NULL
    WHERE contract_id = ${contract_id} AND expires_at IS NULL AND revoked_at IS NULL`;
}

/** Revokes the keys of a contract that are still accepted, except the given one, and returns them in the order of their creation. */
export async function revokeContractKeys(
  tx: Sql,
  contract_id: string,
  now: Instant,
  { except }: { except?: string | undefined } = {},
): Promise<Pick<ContractApiKeyRow, 'id' | 'key_id'>[]> {
  const revoked = await tx<Pick<ContractApiKeyRow, 'id' | 'key_id'>[]>`
    UPDATE contract_api_keys SET revoked_at = ${now}, sealed = NULL, sealed_by = NULL
    WHERE contract_id = ${contract_id} AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
      AND id IS DISTINCT FROM ${except ?? null}
    RETURNING id, key_id`;
  return [...revoked].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** A key that is stored sealed. */
export type SealedKeyRow = Pick<ContractApiKeyRow, 'id' | 'contract_id' | 'key_id'> & { sealed: string };

/** Keys that another version sealed, by id, locked until the transaction ends. Waits for keys that are being rotated. */
export async function listKeysSealedByOthers(
  tx: Sql,
  { version, after, limit }: { version: string; after: string | null; limit: number },
): Promise<SealedKeyRow[]> {
  return tx<SealedKeyRow[]>`
    SELECT id, contract_id, key_id, sealed FROM contract_api_keys
    WHERE sealed IS NOT NULL AND sealed_by <> ${version} ${after === null ? tx`` : tx`AND id > ${after}`}
    ORDER BY id LIMIT ${limit} FOR NO KEY UPDATE`;
}

/** Whether stored keys and secrets are sealed, and none of them with this version. */
export async function isFirstOfVersion(sql: Sql, version: string): Promise<boolean> {
  const [row] = await sql<{ is_first: boolean }[]>`
    SELECT count(*) > 0 AND count(*) FILTER (WHERE sealed_by = ${version}) = 0 AS is_first
    FROM (
      SELECT sealed_by FROM contract_api_keys UNION ALL SELECT sealed_by FROM signing_keys UNION ALL SELECT sealed_by FROM webhook_secrets
    ) k
    WHERE sealed_by IS NOT NULL`;
  return row?.is_first === true;
}

export async function updateSealed(tx: Sql, id: string, columns: { sealed: string; sealed_by: string }): Promise<void> {
  await tx`UPDATE contract_api_keys SET ${tx(columns)} WHERE id = ${id}`;
}
