/** Authenticates a caller by an API key. */
import { contractKeyKind } from '../../domain/access/api-key';
import type { ApiKey } from '../../domain/access/api-key';
import type { AdminCaller, ContractCaller, KnownCaller } from '../../domain/access/caller';
import type { Instant } from '../../domain/base/instant';
import { findAcceptedKey, markKeyUsed } from '../../db/access/admin-api-key';
import { findAcceptedContractKey, markContractKeyUsed } from '../../db/access/contract-api-key';
import type { Sql } from '../../db/base/database';
import { isSecretOf } from './key-secret';

/**
 * The caller with this key; undefined when the key is unknown, revoked or expired, of a disabled admin, or of another environment
 * than its contract. Stores the use of the key, to the minute.
 */
export async function authenticate(
  sql: Sql,
  key: ApiKey,
  pepper: string,
  now: Instant,
): Promise<KnownCaller | undefined> {
  return key.kind === 'admin' ? authenticateAdmin(sql, key, pepper, now) : authenticateContract(sql, key, pepper, now);
}

async function authenticateAdmin(
  sql: Sql,
  key: ApiKey,
  pepper: string,
  now: Instant,
): Promise<AdminCaller | undefined> {
  const accepted = await findAcceptedKey(sql, key.key_id, now);
  if (!accepted || !isSecretOf(key, pepper, accepted.secret_hmac)) return undefined;
  if (accepted.stale) await markKeyUsed(sql, accepted.id, now);
  const { id: api_key_id, admin_id: id, email, name, role, known } = accepted;
  return { kind: 'admin', by: 'api_key', id, email, name, role, api_key_id, known };
}

async function authenticateContract(
  sql: Sql,
  key: ApiKey,
  pepper: string,
  now: Instant,
): Promise<ContractCaller | undefined> {
  const accepted = await findAcceptedContractKey(sql, key.key_id, now);
  if (!accepted || !isSecretOf(key, pepper, accepted.secret_hmac)) return undefined;
  if (key.kind !== contractKeyKind(accepted.environment)) return undefined;
  if (accepted.stale) await markContractKeyUsed(sql, accepted.id, now);
  const { id, contract_id, key_id, last_four, name, environment, ip_allowlist, known } = accepted;
  return {
    kind: 'contract',
    by: 'api_key',
    id,
    api_key_id: id,
    key_id,
    last_four,
    name,
    contract_id,
    environment,
    ip_allowlist,
    known,
  };
}
