/** Finds why a complete API key is not accepted, for the log. */
import { contractKeyKind } from '../../domain/access/api-key';
import type { ApiKey } from '../../domain/access/api-key';
import type { KeyRejection } from '../../domain/access/failed-authentication';
import { findKeyStatus } from '../../db/access/admin-api-key';
import { findContractKeyStatus } from '../../db/access/contract-api-key';
import type { Sql } from '../../db/base/database';
import { isSecretOf } from './key-secret';

/** The reason, from the row of the key. A key can have been accepted again meanwhile, because its admin was enabled. */
export async function findRejection(sql: Sql, key: ApiKey, pepper: string): Promise<KeyRejection> {
  return key.kind === 'admin' ? rejectionOfAdminKey(sql, key, pepper) : rejectionOfContractKey(sql, key, pepper);
}

async function rejectionOfAdminKey(sql: Sql, key: ApiKey, pepper: string): Promise<KeyRejection> {
  const status = await findKeyStatus(sql, key.key_id);
  if (status === undefined) return 'unknown';
  if (!isSecretOf(key, pepper, status.secret_hmac)) return 'wrong_secret';
  if (status.revoked_at !== null) return 'revoked';
  return status.admin_status === 'disabled' ? 'admin_disabled' : 'accepted_by_now';
}

async function rejectionOfContractKey(sql: Sql, key: ApiKey, pepper: string): Promise<KeyRejection> {
  const status = await findContractKeyStatus(sql, key.key_id);
  if (status === undefined) return 'unknown';
  if (!isSecretOf(key, pepper, status.secret_hmac)) return 'wrong_secret';
  if (key.kind !== contractKeyKind(status.environment)) return 'other_environment';
  if (status.is_revoked) return 'revoked';
  return status.is_expired ? 'expired' : 'accepted_by_now';
}
