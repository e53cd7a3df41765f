/** Authenticates an admin by an API key. */
import { parseApiKey } from '../../domain/access/api-key';
import type { AdminCaller } from '../../domain/access/caller';
import type { Instant } from '../../domain/base/instant';
import { findAcceptedKey, markKeyUsed } from '../../db/access/admin-api-key';
import type { Sql } from '../../db/base/database';
import { isSecretOf } from './key-secret';

/** The admin with this key; undefined when it is malformed, unknown, revoked, or of a disabled admin. Stores its use, to the minute. */
export async function authenticateAdmin(
  sql: Sql,
  text: string,
  pepper: string,
  now: Instant,
): Promise<AdminCaller | undefined> {
  const key = parseApiKey(text);
  if (!key || key.kind !== 'admin') return undefined;
  const accepted = await findAcceptedKey(sql, key.key_id, now);
  if (!accepted || !isSecretOf(key, pepper, accepted.secret_hmac)) return undefined;
  if (accepted.stale) await markKeyUsed(sql, accepted.id, now);
  const { id: api_key_id, admin_id: id, email, name, role, known } = accepted;
  return { kind: 'admin', by: 'api_key', id, email, name, role, api_key_id, known };
}
