/** Admins and their API keys in Postgres. Secrets are stored as HMACs under the installation's pepper, nothing else. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Actor } from '../../domain/base/actor';
import { SYSTEM } from '../../domain/base/actor';
import { parseApiKey } from '../../domain/access/api-key';
import type { ApiKey } from '../../domain/access/api-key';
import type { Instant } from '../../domain/base/instant';
import type { JsonObject } from '../../domain/base/json';
import { notFound, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import type { Role } from '../../domain/access/role';
import { columnNames } from '../base/columns';
import { auditAct } from '../base/audit';
import { changedFields, difference, isEmpty } from '../../domain/base/edit';
import type { Act } from '../../domain/base/edit';
import type { Database, Fragment, Sql } from '../base/database';
import { pageByCreation } from '../base/paging';
import type { KeysetPage, Sorted } from '../base/paging';
import { found } from '../base/search';

export interface AdminRow {
  id: string;
  email: string;
  name: string;
  role: Role;
  status: 'active' | 'disabled';
  created_at: Instant;
  updated_at: Instant;
}

const ADMIN_COLUMNS = columnNames<AdminRow>({
  id: true,
  email: true,
  name: true,
  role: true,
  status: true,
  created_at: true,
  updated_at: true,
});

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

/** The admin a key belongs to. */
export interface AuthenticatedAdmin {
  id: string;
  email: string;
  name: string;
  role: Role;
  /** The key's row, for idempotency scopes and "last used". */
  api_key_id: string;
}

export interface AdminFilter {
  role?: Role | undefined;
  status?: AdminRow['status'] | undefined;
  /** A part of the address or the name, or the whole id. */
  search?: string | undefined;
}

/** Fields of an edit; one left out stays as it is. */
export interface AdminEdit {
  name?: string | undefined;
  role?: Role | undefined;
  status?: AdminRow['status'] | undefined;
}

/** `last_used_at` is brought up to date at most this often. */
const LAST_USED_RESOLUTION = '1 minute';

/** The channel on which Postgres announces, at the commit, that keys of the admin named may allow less than before. */
export const ACCESS_CHANNEL = 'admin_access';

/** The admin whose live key this is, or undefined. Compares in constant time. */
export async function authenticateAdmin(
  sql: Sql,
  text: string,
  pepper: string,
  now: Instant,
): Promise<AuthenticatedAdmin | undefined> {
  const key = parseApiKey(text);
  if (!key || key.kind !== 'admin') return undefined;
  const [row] = await sql<(AuthenticatedAdmin & { secret_hmac: Buffer; stale: boolean })[]>`
    SELECT a.id, a.email, a.name, a.role, k.id AS api_key_id, k.secret_hmac,
           coalesce(k.last_used_at < ${now}::timestamptz - ${LAST_USED_RESOLUTION}::interval, true) AS stale
    FROM admin_api_keys k JOIN admins a ON a.id = k.admin_id
    WHERE k.key_id = ${key.key_id} AND k.revoked_at IS NULL AND a.status = 'active'`;
  if (!row || !timingSafeEqual(row.secret_hmac, secretHmac(key, pepper))) return undefined;
  const { secret_hmac: _hmac, stale, ...admin } = row;
  if (stale) await markUsed(sql, row.api_key_id, now);
  return admin;
}

/** Says that a key is in use. While another transaction has its row, this is left to a later request: no request waits for it. */
async function markUsed(sql: Sql, api_key_id: string, now: Instant): Promise<void> {
  await sql`
    UPDATE admin_api_keys SET last_used_at = ${now}
    WHERE id = (SELECT id FROM admin_api_keys WHERE id = ${api_key_id} FOR NO KEY UPDATE SKIP LOCKED)`;
}

/** An API key that was accepted shortly before, and the roles of which its admin has to have one still. */
export interface CallerKey {
  /** The id of its row. */
  api_key_id: string;
  roles: readonly Role[];
}

/**
 * A condition: each of these keys is still accepted, and its admin has one of the roles. For a statement that acts for callers
 * who were found up to a second ago, so that it needs no look-up before it. Judged when the statement begins, as a look-up would be.
 */
export function stillAccepted(sql: Sql, keys: readonly CallerKey[]): Fragment {
  return sql`NOT EXISTS (
    SELECT FROM jsonb_to_recordset(${sql.json(keys as never)}) AS used (api_key_id uuid, roles jsonb)
    WHERE NOT EXISTS (
      SELECT FROM admin_api_keys k JOIN admins a ON a.id = k.admin_id
      WHERE k.id = used.api_key_id AND k.revoked_at IS NULL AND a.status = 'active' AND used.roles ? a.role))`;
}

/** The role behind each of these keys (ids of their rows) that is accepted now; revoked keys and those of disabled admins are left out. */
export async function listKeyRoles(
  sql: Sql,
  api_key_ids: readonly string[],
): Promise<{ api_key_id: string; role: Role }[]> {
  return sql<{ api_key_id: string; role: Role }[]>`
    SELECT k.id AS api_key_id, a.role
    FROM admin_api_keys k JOIN admins a ON a.id = k.admin_id
    WHERE k.id = ANY(${api_key_ids as string[]}::uuid[]) AND k.revoked_at IS NULL AND a.status = 'active'`;
}

/** The name under which an admin's acts are audited when only the id travelled, as in a workflow payload. */
export async function findAdminActor(sql: Sql, admin_id: string): Promise<Actor> {
  if (admin_id === SYSTEM.id) return SYSTEM;
  const [admin] = await sql<{ name: string }[]>`SELECT name FROM admins WHERE id = ${admin_id}`;
  return { type: 'user', id: admin_id, name: admin?.name ?? admin_id };
}

/** An admin, or undefined. `lock` keeps others from changing it until the transaction ends. */
export async function findAdmin(sql: Sql, id: string, options: { lock?: boolean } = {}): Promise<AdminRow | undefined> {
  const [row] = await sql<
    AdminRow[]
  >`SELECT ${sql(ADMIN_COLUMNS)} FROM admins WHERE id = ${id} ${options.lock ? sql`FOR NO KEY UPDATE` : sql``}`;
  return row;
}

/** One page of admins, by the time they were made. */
export async function listAdmins(sql: Sql, filter: AdminFilter, page: KeysetPage): Promise<Sorted<AdminRow>[]> {
  const { sort_key, after, order } = pageByCreation(sql, page);
  return sql<Sorted<AdminRow>[]>`
    SELECT ${sql(ADMIN_COLUMNS)}, ${sort_key} AS sort_key FROM admins WHERE true
    ${filter.role === undefined ? sql`` : sql`AND role = ${filter.role}`}
    ${filter.status === undefined ? sql`` : sql`AND status = ${filter.status}`}
    AND ${found(sql, filter.search, ['email', 'name'], 'id')}
    AND ${after} ${order}`;
}

/** Writes an admin, still without a key, with its audit row. Throws 23505 on `admins_email_unique` when the address is taken. */
export async function insertAdmin(
  tx: Sql,
  admin: Pick<AdminRow, 'email' | 'name' | 'role'>,
  act: Act,
): Promise<AdminRow> {
  const { email, name, role } = admin;
  const [row] = await tx<
    [AdminRow]
  >`INSERT INTO admins ${tx({ email, name, role, created_at: act.now, updated_at: act.now })} RETURNING ${tx(ADMIN_COLUMNS)}`;
  await auditAct(tx, act, { ...subjectOf(row.id), action: 'admin.created', before: null, after: auditedFacts(row) });
  return row;
}

/**
 * Locks every active super admin, in one order, and answers with the ids of their keys that work. Whatever takes such a key or
 * such an admin away locks them first, so that two at the same moment cannot both leave none.
 */
async function lockSuperAdmins(tx: Sql): Promise<{ id: string; admin_id: string }[]> {
  await tx`SELECT FROM admins WHERE role = 'super_admin' AND status = 'active' ORDER BY id FOR NO KEY UPDATE`;
  // A statement of its own: it sees what committed while a lock was awaited.
  return tx<{ id: string; admin_id: string }[]>`
    SELECT k.id, k.admin_id FROM admin_api_keys k JOIN admins a ON a.id = k.admin_id
    WHERE a.role = 'super_admin' AND a.status = 'active' AND k.revoked_at IS NULL`;
}

/**
 * Carries out an edit with its audit row, or writes nothing when nothing differs. Refuses with `LAST_SUPER_ADMIN` when
 * no active super admin with a working key would be left.
 */
export async function updateAdmin(tx: Sql, id: string, edit: AdminEdit, act: Act): Promise<AdminRow | Refusal> {
  const working = await lockSuperAdmins(tx);
  const before = await findAdmin(tx, id, { lock: true });
  if (!before) return notFound('admin', id);
  const changes = changedFields<AdminRow, AdminEdit>(before, edit);
  if (isEmpty(changes)) return before;
  const was = before.role === 'super_admin' && before.status === 'active';
  const stays = (changes.role ?? before.role) === 'super_admin' && (changes.status ?? before.status) === 'active';
  if (was && !stays && working.every(({ admin_id }) => admin_id === id))
    return refuse('LAST_SUPER_ADMIN', { admin_id: id });
  const [row] = await tx<
    [AdminRow]
  >`UPDATE admins SET ${tx({ ...changes, updated_at: act.now })} WHERE id = ${id} RETURNING ${tx(ADMIN_COLUMNS)}`;
  const differs = difference(auditedFacts(before), auditedFacts(row));
  await auditAct(tx, act, { ...subjectOf(id), action: 'admin.updated', ...differs });
  if (changes.role !== undefined || changes.status !== undefined) await announceAccess(tx, id);
  return row;
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

/** Stores a key for an admin with its audit row; the caller shows its text once. */
export async function createAdminApiKey(
  tx: Sql,
  admin: AdminRow,
  key: ApiKey,
  options: { pepper: string; label: string | null },
  act: Act,
): Promise<AdminApiKeyRow> {
  const row = await insertAdminApiKey(tx, admin.id, key, { ...options, now: act.now });
  await auditAct(tx, act, {
    ...subjectOf(admin.id),
    action: 'admin.key_created',
    before: null,
    after: { key_id: row.key_id, label: row.label },
  });
  return row;
}

/**
 * Revokes a key, named by its id or its public part, with its audit row; one already revoked stays as it is. Refuses with
 * `LAST_SUPER_ADMIN_KEY` when no active super admin would have a working key.
 */
export async function revokeAdminApiKey(
  tx: Sql,
  admin_id: string,
  key: string,
  act: Act,
): Promise<'revoked' | Refusal> {
  const working = await lockSuperAdmins(tx);
  const [row] = await tx<AdminApiKeyRow[]>`
    SELECT id, key_id, revoked_at FROM admin_api_keys WHERE admin_id = ${admin_id} AND (id::text = ${key.toLowerCase()} OR key_id = ${key}) FOR NO KEY UPDATE`;
  if (!row) return notFound('API key of this admin', key);
  if (row.revoked_at !== null) return 'revoked';
  if (working.length === 1 && working[0]?.id === row.id) return refuse('LAST_SUPER_ADMIN_KEY', { key_id: row.key_id });
  await tx`UPDATE admin_api_keys SET revoked_at = ${act.now} WHERE id = ${row.id}`;
  await auditAct(tx, act, {
    ...subjectOf(admin_id),
    action: 'admin.key_revoked',
    before: { key_id: row.key_id, revoked_at: null },
    after: { key_id: row.key_id, revoked_at: act.now },
  });
  await announceAccess(tx, admin_id);
  return 'revoked';
}

/** Makes every API process check, once this is committed, which streams the admin's keys may still read. */
async function announceAccess(tx: Sql, admin_id: string): Promise<void> {
  await tx`SELECT pg_notify(${ACCESS_CHANNEL}, ${admin_id})`;
}

/** The subject of an audit row. */
function subjectOf(id: string) {
  return { subject_type: 'admin' as const, subject_id: id };
}

function auditedFacts({ email, name, role, status }: AdminRow): JsonObject {
  return { email, name, role, status };
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
    RETURNING ${tx(ADMIN_API_KEY_COLUMNS)}`;
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
    const act = { actor: SYSTEM, now: admin.now, request_id: null };
    await auditAct(tx, act, {
      ...subjectOf(id),
      action: existing ? 'admin.key_created' : 'admin.created',
      after: { email: admin.email, role: 'super_admin', key_id: key.key_id },
    });
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
