/** Finds the admin whose password or API key this is. */
import type { ApiKey } from '../../domain/access/api-key';
import type { KnownCaller } from '../../domain/access/caller';
import { findPasswordOf } from '../../db/access/password';
import type { Sql } from '../../db/base/database';
import { isPasswordOf } from './password';
import type { ProvenAdmin } from './session';

/** Null when no active admin has this e-mail address and this password. It takes as long for an unknown address. */
export async function proveByPassword(sql: Sql, email: string, password: string): Promise<ProvenAdmin | null> {
  const found = await findPasswordOf(sql, email);
  if (!(await isPasswordOf(password, found?.hash)) || found === undefined) return null;
  return { admin_id: found.admin_id, method: 'password', api_key_id: null, password_hash: found.hash };
}

/** Null when the key is not that of an active admin. */
export async function proveByApiKey(
  key: ApiKey,
  authenticate: (key: ApiKey) => Promise<KnownCaller | undefined>,
): Promise<ProvenAdmin | null> {
  const caller = await authenticate(key);
  if (caller?.kind !== 'admin') return null;
  return { admin_id: caller.id, method: 'api_key', api_key_id: caller.api_key_id, password_hash: null };
}
