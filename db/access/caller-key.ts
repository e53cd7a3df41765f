/** API keys of all kinds of callers, checked again after they were looked up. */
import type { Role } from '../../domain/access/role';
import type { SessionTimeouts } from '../../domain/access/session';
import type { Fragment, Sql } from '../base/database';
import { openSession } from './session';

/** `last_used_at` of a key is updated at most this often. */
export const LAST_USED_RESOLUTION = '1 minute';

/** An API key that was accepted shortly before. `api_key_id` is the id of its row. */
export type CallerKey =
  /** The key of an admin, who must still have one of the roles. */
  | { kind: 'admin'; api_key_id: string; roles: readonly Role[] }
  | {
      kind: 'contract';
      api_key_id: string;
      /** The list of addresses by which the address of the caller was accepted. It must be the same still. */
      ip_allowlist: readonly string[];
    };

/** An API key that is accepted now, or a session that has not ended. */
export interface AcceptedCredential {
  /** Of its row. */
  id: string;
  /** The role of its admin; null for the key of a contract. */
  role: Role | null;
}

/**
 * The condition that each of these keys is still accepted, and that each admin has one of the roles. For a statement that acts for
 * callers who were authenticated up to a second ago, so that no look-up is needed before it. Like a look-up, it is evaluated when
 * the statement begins. A caller without a key needs no check, and a key that many callers share is checked once.
 */
export function areKeysAccepted(sql: Sql, keys: readonly (CallerKey | null)[]): Fragment {
  const distinct = new Map(keys.flatMap((key) => (key === null ? [] : [[JSON.stringify(key), key] as const])));
  return sql`NOT EXISTS (
    SELECT FROM jsonb_to_recordset(${sql.json([...distinct.values()])}) AS used (kind text, api_key_id uuid, roles jsonb, ip_allowlist jsonb)
    WHERE NOT CASE used.kind
      WHEN 'admin' THEN EXISTS (SELECT ${acceptedAdminKey(sql)} AND k.id = used.api_key_id AND used.roles ? a.role)
      ELSE EXISTS (SELECT ${acceptedContractKey(sql)} AND k.id = used.api_key_id AND to_jsonb(c.ip_allowlist) = used.ip_allowlist) END)`;
}

/** Those of these keys and sessions (ids of their rows) that are accepted now. */
export async function listAcceptedCredentials(
  sql: Sql,
  ids: readonly string[],
  timeouts: SessionTimeouts,
): Promise<AcceptedCredential[]> {
  return sql<AcceptedCredential[]>`
    SELECT k.id, a.role ${acceptedAdminKey(sql)} AND k.id = ANY(${[...ids]}::uuid[])
    UNION ALL
    SELECT k.id, NULL ${acceptedContractKey(sql)} AND k.id = ANY(${[...ids]}::uuid[])
    UNION ALL
    SELECT s.id, a.role ${openSession(sql, timeouts, sql`now()`)} AND s.id = ANY(${[...ids]}::uuid[])`;
}

/** FROM and WHERE: an accepted key `k` of the admin `a`. */
export function acceptedAdminKey(sql: Sql): Fragment {
  return sql`FROM admin_api_keys k JOIN admins a ON a.id = k.admin_id WHERE k.revoked_at IS NULL AND a.status = 'active'`;
}

/** FROM and WHERE: an accepted key `k` of the contract `c`. A key that was replaced is accepted until the end of the overlap. */
export function acceptedContractKey(sql: Sql): Fragment {
  return sql`
    FROM contract_api_keys k JOIN contracts c ON c.id = k.contract_id
    WHERE k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())`;
}
