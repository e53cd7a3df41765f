/** Admins and their API keys in Postgres. Secrets are stored as HMACs under the installation's pepper, nothing else. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Actor } from '../domain/actor';
import { SYSTEM } from '../domain/actor';
import { parseApiKey } from '../domain/api-key';
import type { ApiKey } from '../domain/api-key';
import type { Instant } from '../domain/instant';
import type { Role } from '../domain/role';
import { insertAudit } from './commit';
import type { Database, Sql } from './index';

export interface AdminRow {
  id: string;
  email: string;
  name: string;
  role: Role;
  status: 'active' | 'disabled';
  created_at: Instant;
  updated_at: Instant;
}

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

/** The admin a key belongs to. */
export interface AuthenticatedAdmin {
  id: string;
  email: string;
  name: string;
  role: Role;
  /** The key's row, for idempotency scopes and "last used". */
  api_key_id: string;
}

/** `last_used_at` is brought up to date at most this often. */
const LAST_USED_RESOLUTION = '1 minute';

/** The admin whose live key this is, or undefined. Compares in constant time. */
export async function authenticateAdmin(sql: Sql, text: string, pepper: string, now: Instant): Promise<AuthenticatedAdmin | undefined> {
  const key = parseApiKey(text);
  if (!key || key.kind !== 'admin') return undefined;
  const [row] = await sql<(AuthenticatedAdmin & { secret_hmac: Buffer; stale: boolean })[]>`
    SELECT a.id, a.email, a.name, a.role, k.id AS api_key_id, k.secret_hmac,
           coalesce(k.last_used_at < ${now}::timestamptz - ${LAST_USED_RESOLUTION}::interval, true) AS stale
    FROM admin_api_keys k JOIN admins a ON a.id = k.admin_id
    WHERE k.key_id = ${key.key_id} AND k.revoked_at IS NULL AND a.status = 'active'`;
  if (!row || !timingSafeEqual(row.secret_hmac, secretHmac(key, pepper))) return undefined;
  const { secret_hmac: _hmac, stale, ...admin } = row;
  if (stale) await sql`UPDATE admin_api_keys SET last_used_at = ${now} WHERE id = ${row.api_key_id}`;
  return admin;
}

/** The name under which an admin's acts are audited when only the id travelled, as in a workflow payload. */
export async function findAdminActor(sql: Sql, admin_id: string): Promise<Actor> {
  if (admin_id === SYSTEM.id) return SYSTEM;
  const [admin] = await sql<{ name: string }[]>`SELECT name FROM admins WHERE id = ${admin_id}`;
  return { type: 'user', id: admin_id, name: admin?.name ?? admin_id };
}

/** Stores a key for an admin; the caller shows its text once. */
export async function insertAdminApiKey(
  tx: Sql,
  admin_id: string,
  key: ApiKey,
  options: { pepper: string; label: string | null; now: Instant },
): Promise<AdminApiKeyRow> {
  const [row] = await tx<[AdminApiKeyRow]>`
    INSERT INTO admin_api_keys ${tx({
      admin_id,
      key_id: key.key_id,
      secret_hmac: secretHmac(key, options.pepper),
      last_four: key.secret.slice(-4),
      label: options.label,
      created_at: options.now,
    })}
    RETURNING id, admin_id, key_id, last_four, label, created_at, last_used_at, revoked_at`;
  return row;
}

/** Makes sure that a super admin with this address and this key exists; changes nothing when so. */
export async function ensureSuperAdmin(
  db: Database,
  admin: { email: string; name: string; key: string; pepper: string; now: Instant },
): Promise<void> {
  const key = parseApiKey(admin.key);
  if (!key) throw new Error('the key of the super admin does not have the form of an API key');
  await db.begin(async (tx) => {
    const [known] = await tx`SELECT FROM admin_api_keys WHERE key_id = ${key.key_id}`;
    if (known) return;
    const [existing] = await tx<{ id: string }[]>`SELECT id FROM admins WHERE lower(email) = lower(${admin.email})`;
    const id = existing?.id ?? (await insertSuperAdmin(tx, admin));
    await insertAdminApiKey(tx, id, key, { pepper: admin.pepper, label: 'first key', now: admin.now });
    await insertAudit(tx, [
      {
        at: admin.now,
        actor: SYSTEM,
        action: existing ? 'admin.key_created' : 'admin.created',
        subject_type: 'admin',
        subject_id: id,
        after: { email: admin.email, role: 'super_admin', key_id: key.key_id },
      },
    ]);
  });
}

async function insertSuperAdmin(tx: Sql, admin: { email: string; name: string; now: Instant }): Promise<string> {
  const [row] = await tx<[{ id: string }]>`
    INSERT INTO admins ${tx({ email: admin.email, name: admin.name, role: 'super_admin', created_at: admin.now, updated_at: admin.now })} RETURNING id`;
  return row.id;
}

function secretHmac(key: ApiKey, pepper: string): Buffer {
  return createHmac('sha256', pepper).update(`${key.key_id}_${key.secret}`).digest();
}
