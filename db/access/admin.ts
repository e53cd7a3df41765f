/** Admins in Postgres: the people who may use the interface. */
import type { Actor, KnownPerson } from '../../domain/base/actor';
import { SYSTEM } from '../../domain/base/actor';
import type { AdminStatus } from '../../domain/access/admin';
import type { Role } from '../../domain/access/role';
import type { Instant } from '../../domain/base/instant';
import { columnNames } from '../base/columns';
import type { Sql } from '../base/database';
import { pageByCreation } from '../base/paging';
import type { KeysetPage, Sorted } from '../base/paging';
import { matchesSearch } from '../base/search';
import { knownPerson } from './person';

export interface AdminRow {
  id: string;
  email: string;
  name: string;
  role: Role;
  status: AdminStatus;
  created_at: Instant;
  updated_at: Instant;
  /** When the person was erased, or null. */
  erased_at: Instant | null;
}

export const ADMIN_COLUMNS = columnNames<AdminRow>({
  id: true,
  email: true,
  name: true,
  role: true,
  status: true,
  created_at: true,
  updated_at: true,
  erased_at: true,
});

export interface AdminFilter {
  role?: Role | undefined;
  status?: AdminStatus | undefined;
  /** A part of the e-mail address or the name, or the whole id. */
  search?: string | undefined;
}

/** The channel on which a committed change announces the id of an admin whose keys may allow less than before. */
export const ACCESS_CHANNEL = 'admin_access';

/** The actor for the audit of an admin of whom only the id is known, as in a workflow payload. */
export async function findAdminActor(sql: Sql, admin_id: string): Promise<Actor> {
  if (admin_id === SYSTEM.id) return SYSTEM;
  const [admin] = await sql<{ name: string; known: KnownPerson }[]>`
    SELECT name, ${knownPerson(sql)} AS known FROM admins a WHERE id = ${admin_id}`;
  const actor: Actor = { type: 'user', id: admin_id, name: admin?.name ?? admin_id };
  const name_id = admin?.known.name_id ?? null;
  return name_id === null ? actor : { ...actor, stored_as: { name_id } };
}

/** An admin, or undefined. `lock` keeps other transactions from changing it until this one ends. */
export async function findAdmin(sql: Sql, id: string, options: { lock?: boolean } = {}): Promise<AdminRow | undefined> {
  const [row] = await sql<
    AdminRow[]
  >`SELECT ${sql(ADMIN_COLUMNS)} FROM admins WHERE id = ${id} ${options.lock ? sql`FOR NO KEY UPDATE` : sql``}`;
  return row;
}

/** The admin with an e-mail address, whatever its letter case, or undefined. */
export async function findAdminByEmail(sql: Sql, email: string): Promise<AdminRow | undefined> {
  const [row] = await sql<AdminRow[]>`
    SELECT ${sql(ADMIN_COLUMNS)} FROM admins WHERE lower(email) = lower(${email})`;
  return row;
}

/** One page of admins, by creation time. */
export async function listAdmins(sql: Sql, filter: AdminFilter, page: KeysetPage): Promise<Sorted<AdminRow>[]> {
  const { sort_key, after, order } = pageByCreation(sql, page);
  return sql<Sorted<AdminRow>[]>`
    SELECT ${sql(ADMIN_COLUMNS)}, ${sort_key} AS sort_key FROM admins WHERE true
    ${filter.role === undefined ? sql`` : sql`AND role = ${filter.role}`}
    ${filter.status === undefined ? sql`` : sql`AND status = ${filter.status}`}
    AND ${matchesSearch(sql, filter.search, ['email', 'name'], 'id')}
    AND ${after} ${order}`;
}

/** Throws 23505 on `admins_email_unique` when the e-mail address is taken. */
export async function insertAdmin(
  tx: Sql,
  admin: Pick<AdminRow, 'email' | 'name' | 'role'>,
  now: Instant,
): Promise<AdminRow> {
  const { email, name, role } = admin;
  const [row] = await tx<
    [AdminRow]
  >`INSERT INTO admins ${tx({ email, name, role, created_at: now, updated_at: now })} RETURNING ${tx(ADMIN_COLUMNS)}`;
  return row;
}

export async function updateAdmin(
  tx: Sql,
  id: string,
  changes: Partial<Pick<AdminRow, 'name' | 'role' | 'status'>>,
  now: Instant,
): Promise<AdminRow> {
  const [row] = await tx<
    [AdminRow]
  >`UPDATE admins SET ${tx({ ...changes, updated_at: now })} WHERE id = ${id} RETURNING ${tx(ADMIN_COLUMNS)}`;
  return row;
}

/** Makes every API process check, after the commit, which streams the admin's keys may still read. */
export async function notifyAccessChange(tx: Sql, admin_id: string): Promise<void> {
  await tx`SELECT pg_notify(${ACCESS_CHANNEL}, ${admin_id})`;
}

/** Replaces the name and e-mail address of an admin by neutral values, permanently. */
export async function eraseAdmin(
  tx: Sql,
  id: string,
  { name, email, now }: { name: string; email: string; now: Instant },
): Promise<void> {
  await tx`UPDATE admins SET ${tx({ name, email, updated_at: now, erased_at: now })} WHERE id = ${id} AND erased_at IS NULL`;
}
