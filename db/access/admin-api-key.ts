/** API keys of admins in Postgres. Only the HMAC of a secret is stored (transactions/access/key-secret.ts). */
import type { AdminStatus, SuperAdminKey } from '../../domain/access/admin';
import type { Role } from '../../domain/access/role';
import type { KnownPerson } from '../../domain/base/actor';
import type { Instant } from '../../domain/base/instant';
import { columnNames } from '../base/columns';
import type { Sql } from '../base/database';
import { LAST_USED_RESOLUTION, acceptedAdminKey } from './caller-key';
import { knownPerson } from './person';

export interface AdminApiKeyRow {
  id: string;
  admin_id: string;
  key_id: string;
  last_four: string;
  label: string | null;
  created_at: Instant;
  last_used_at: Instant | null;
  revoked_at: Instant | null;
}

const ADMIN_API_KEY_COLUMNS = columnNames<AdminApiKeyRow>({
  id: true,
  admin_id: true,
  key_id: true,
  last_four: true,
  label: true,
  created_at: true,
  last_used_at: true,
  revoked_at: true,
});

/** A key that is accepted, with its admin and the HMAC that its secret is compared with. */
export interface AcceptedKeyRow {
  id: string;
  admin_id: string;
  email: string;
  name: string;
  role: Role;
  known: KnownPerson;
  secret_hmac: Buffer;
  /** Whether `last_used_at` is older than its resolution. */
  stale: boolean;
}

/** The key with this public part if it is accepted now, that is, neither revoked nor of a disabled admin. */
export async function findAcceptedKey(sql: Sql, key_id: string, now: Instant): Promise<AcceptedKeyRow | undefined> {
  const [row] = await sql<AcceptedKeyRow[]>`
    SELECT k.id, k.admin_id, a.email, a.name, a.role, ${knownPerson(sql)} AS known, k.secret_hmac,
           coalesce(k.last_used_at < ${now}::timestamptz - ${LAST_USED_RESOLUTION}::interval, true) AS stale
    ${acceptedAdminKey(sql)} AND k.key_id = ${key_id}`;
  return row;
}

/** Stores when a key was used. Does nothing while another transaction has locked the row, so that no request waits; a later request stores it. */
export async function markKeyUsed(sql: Sql, id: string, now: Instant): Promise<void> {
  await sql`
    UPDATE admin_api_keys SET last_used_at = ${now}
    WHERE id = (SELECT id FROM admin_api_keys WHERE id = ${id} FOR NO KEY UPDATE SKIP LOCKED)`;
}

/**
 * Locks every active super admin, in the order of ids, and returns their accepted keys. A change that revokes such a key or removes
 * such an admin locks them first, so that two changes at the same moment cannot together remove the last one.
 */
export async function lockSuperAdmins(tx: Sql): Promise<SuperAdminKey[]> {
  await tx`SELECT FROM admins WHERE role = 'super_admin' AND status = 'active' ORDER BY id FOR NO KEY UPDATE`;
  // A separate statement, so that it sees what was committed while this one waited for a lock.
  return listSuperAdminKeys(tx);
}

/** The keys of active super admins that are accepted. */
export async function listSuperAdminKeys(sql: Sql): Promise<SuperAdminKey[]> {
  return sql<SuperAdminKey[]>`
    SELECT k.id, k.admin_id FROM admin_api_keys k JOIN admins a ON a.id = k.admin_id
    WHERE a.role = 'super_admin' AND a.status = 'active' AND k.revoked_at IS NULL`;
}

/** An admin's keys, newest first, revoked ones included. */
export async function listAdminApiKeys(
  sql: Sql,
  admin_id: string,
  before: string | null,
  limit: number,
): Promise<AdminApiKeyRow[]> {
  return sql<AdminApiKeyRow[]>`
    SELECT ${sql(ADMIN_API_KEY_COLUMNS)} FROM admin_api_keys
    WHERE admin_id = ${admin_id} ${before === null ? sql`` : sql`AND id < ${before}`}
    ORDER BY id DESC LIMIT ${limit}`;
}

/** An admin's key by its id or public part, locked until the transaction ends; undefined when the admin has no such key. */
export async function lockAdminApiKey(tx: Sql, admin_id: string, name: string): Promise<AdminApiKeyRow | undefined> {
  const [row] = await tx<AdminApiKeyRow[]>`
    SELECT ${tx(ADMIN_API_KEY_COLUMNS)} FROM admin_api_keys
    WHERE admin_id = ${admin_id} AND (id::text = ${name.toLowerCase()} OR key_id = ${name}) FOR NO KEY UPDATE`;
  return row;
}

/** What decides whether the key with this public part is accepted; undefined when there is none. */
export async function findKeyStatus(
  sql: Sql,
  key_id: string,
): Promise<{ secret_hmac: Buffer; revoked_at: Instant | null; admin_status: AdminStatus } | undefined> {
  const [row] = await sql<[{ secret_hmac: Buffer; revoked_at: Instant | null; admin_status: AdminStatus }?]>`
    SELECT k.secret_hmac, k.revoked_at, a.status AS admin_status
    FROM admin_api_keys k JOIN admins a ON a.id = k.admin_id WHERE k.key_id = ${key_id}`;
  return row;
}

/** Whether a key with this public part exists, accepted or not. */
export async function isKnownKey(sql: Sql, key_id: string): Promise<boolean> {
  const known = await sql`SELECT FROM admin_api_keys WHERE key_id = ${key_id}`;
  return known.count === 1;
}

export type NewAdminApiKey = Pick<AdminApiKeyRow, 'admin_id' | 'key_id' | 'last_four' | 'label' | 'created_at'> & {
  secret_hmac: Buffer;
};

export async function insertAdminApiKey(tx: Sql, key: NewAdminApiKey): Promise<AdminApiKeyRow> {
  const { admin_id, key_id, secret_hmac, last_four, label, created_at } = key;
  const [row] = await tx<[AdminApiKeyRow]>`
    INSERT INTO admin_api_keys ${tx({ admin_id, key_id, secret_hmac, last_four, label, created_at })}
    RETURNING ${tx(ADMIN_API_KEY_COLUMNS)}`;
  return row;
}

export async function updateRevokedAt(tx: Sql, id: string, revoked_at: Instant): Promise<void> {
  await tx`UPDATE admin_api_keys SET revoked_at = ${revoked_at} WHERE id = ${id}`;
}

/** Revokes all keys of an admin and removes their labels. */
export async function eraseAdminApiKeys(tx: Sql, admin_id: string, now: Instant): Promise<void> {
  await tx`
    UPDATE admin_api_keys SET label = NULL, revoked_at = coalesce(revoked_at, ${now}) WHERE admin_id = ${admin_id}`;
}
