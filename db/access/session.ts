/** Sessions of admins in Postgres. Only the HMAC of a token is stored (transactions/access/token.ts). */
import type { Session, SessionTimeouts } from '../../domain/access/session';
import type { Role } from '../../domain/access/role';
import type { KnownPerson } from '../../domain/base/actor';
import type { Instant } from '../../domain/base/instant';
import type { Fragment, Sql } from '../base/database';
import { knownPerson } from './person';

/** How long sessions are kept after their beginning; longer than any session lasts. A row has the address of a client. */
export const SESSION_RETENTION_DAYS = 90;
/** Rows of one table that one call of {@link dropOldSignIns} removes. */
const REMOVED_ROWS_MAX = 1_000;

/** `last_used_at` is updated at most this often. */
const LAST_USED_RESOLUTION = '1 minute';

/** A session that has not ended, with its admin. */
export interface OpenSessionRow extends Session {
  admin_id: string;
  email: string;
  name: string;
  role: Role;
  known: KnownPerson;
  /** Whether `last_used_at` is older than its resolution. */
  stale: boolean;
}

/** The session with this token if it has not ended. */
export async function findOpenSession(
  sql: Sql,
  token_hmac: Buffer,
  timeouts: SessionTimeouts,
  now: Instant,
): Promise<OpenSessionRow | undefined> {
  const [row] = await sql<OpenSessionRow[]>`
    SELECT s.id, s.method, s.created_at, s.last_used_at, s.confirmed_at, s.admin_id, a.email, a.name, a.role, ${knownPerson(sql)} AS known,
           s.last_used_at < ${now}::timestamptz - ${LAST_USED_RESOLUTION}::interval AS stale
    ${openSession(sql, timeouts, sql`${now}::timestamptz`)} AND s.token_hmac = ${token_hmac}`;
  return row;
}

/** FROM and WHERE: a session `s`, which has not ended, of the admin `a`. It ends too when the API key is revoked by which it began. */
export function openSession(sql: Sql, { idle_minutes, hours }: SessionTimeouts, now: Fragment): Fragment {
  return sql`
    FROM sessions s JOIN admins a ON a.id = s.admin_id LEFT JOIN admin_api_keys k ON k.id = s.api_key_id
    WHERE s.ended_at IS NULL AND a.status = 'active' AND k.revoked_at IS NULL
    AND s.last_used_at > ${now} - make_interval(mins => ${idle_minutes})
    AND s.created_at > ${now} - make_interval(hours => ${hours})`;
}

/** Stores when a session was used. Does nothing while another transaction has locked the row, so that no request waits; a later request stores it. */
export async function markSessionUsed(sql: Sql, id: string, now: Instant): Promise<void> {
  await sql`
    UPDATE sessions SET last_used_at = ${now}
    WHERE id = (SELECT id FROM sessions WHERE id = ${id} FOR NO KEY UPDATE SKIP LOCKED)`;
}

/** What is stored of a new session. */
export interface NewSession extends Pick<Session, 'method' | 'created_at'> {
  admin_id: string;
  token_hmac: Buffer;
  api_key_id: string | null;
  address: string | null;
  user_agent: string | null;
}

export async function insertSession(tx: Sql, session: NewSession): Promise<Session> {
  const { admin_id, token_hmac, method, api_key_id, created_at, address, user_agent } = session;
  const times = { created_at, last_used_at: created_at, confirmed_at: created_at };
  const [row] = await tx<[Session]>`
    INSERT INTO sessions ${tx({ admin_id, token_hmac, method, api_key_id, address, user_agent, ...times })}
    RETURNING id, method, created_at, last_used_at, confirmed_at`;
  return row;
}

/** Ends the session with this token, if it has not ended; returns its id. */
export async function endSessionOfToken(tx: Sql, token_hmac: Buffer, now: Instant): Promise<string | null> {
  const [row] = await tx<{ id: string }[]>`
    UPDATE sessions SET ended_at = ${now} WHERE token_hmac = ${token_hmac} AND ended_at IS NULL RETURNING id`;
  return row?.id ?? null;
}

/** Ends sessions of an admin: the named one, or all; returns how many had not ended. */
export async function endSessions(
  tx: Sql,
  admin_id: string,
  now: Instant,
  which: { id?: string; except?: string } = {},
): Promise<number> {
  const { count } = await tx`
    UPDATE sessions SET ended_at = ${now} WHERE admin_id = ${admin_id} AND ended_at IS NULL
    ${which.id === undefined ? tx`` : tx`AND id = ${which.id}`} ${which.except === undefined ? tx`` : tx`AND id <> ${which.except}`}`;
  return count;
}

/** Removes everything with which an erased admin could sign in, and from where they have. */
export async function eraseSignIns(tx: Sql, admin_id: string): Promise<void> {
  await tx`DELETE FROM sessions WHERE admin_id = ${admin_id}`;
  await tx`DELETE FROM admin_passwords WHERE admin_id = ${admin_id}`;
  await tx`DELETE FROM admin_links WHERE admin_id = ${admin_id}`;
  await tx`DELETE FROM admin_provider_accounts WHERE admin_id = ${admin_id}`;
}

/**
 * Removes sessions that began so long ago that they have ended, links that have expired, and finished attempts at the identity provider, a
 * bounded number of each; returns how many. Ended sessions are kept for a while, because the list shows them.
 */
export async function dropOldSignIns(sql: Sql): Promise<number> {
  const sessions = await sql`
    DELETE FROM sessions WHERE id IN (
      SELECT id FROM sessions WHERE created_at < now() - make_interval(days => ${SESSION_RETENTION_DAYS}) LIMIT ${REMOVED_ROWS_MAX})`;
  const links = await sql`
    DELETE FROM admin_links WHERE id IN (
      SELECT id FROM admin_links WHERE expires_at < now() - make_interval(days => ${SESSION_RETENTION_DAYS}) LIMIT ${REMOVED_ROWS_MAX})`;
  // A cookie of an attempt is valid for minutes.
  const attempts = await sql`
    DELETE FROM finished_oidc_attempts WHERE state_hmac IN (
      SELECT state_hmac FROM finished_oidc_attempts WHERE finished_at < now() - interval '1 day' LIMIT ${REMOVED_ROWS_MAX})`;
  return sessions.count + links.count + attempts.count;
}

export async function updateConfirmedAt(tx: Sql, id: string, now: Instant): Promise<Session> {
  const [row] = await tx<[Session]>`
    UPDATE sessions SET confirmed_at = ${now} WHERE id = ${id}
    RETURNING id, method, created_at, last_used_at, confirmed_at`;
  return row;
}

/** Ends a session, of this admin if one is named; returns its admin, or null when there is none that has not ended. */
export async function endSession(
  tx: Sql,
  id: string,
  admin_id: string | undefined,
  now: Instant,
): Promise<string | null> {
  const [row] = await tx<{ admin_id: string }[]>`
    UPDATE sessions SET ended_at = ${now}
    WHERE id = ${id} AND ended_at IS NULL ${admin_id === undefined ? tx`` : tx`AND admin_id = ${admin_id}`} RETURNING admin_id`;
  return row?.admin_id ?? null;
}

/** A session in a list. */
export interface ListedSessionRow extends Session {
  admin_id: string;
  email: string;
  name: string;
  role: Role;
  address: string | null;
  user_agent: string | null;
}

/** One page of sessions that have not ended, newest first: of one admin, or of all. */
export async function listSessions(
  sql: Sql,
  admin_id: string | undefined,
  { timeouts, before, limit }: { timeouts: SessionTimeouts; before: string | null; limit: number },
): Promise<ListedSessionRow[]> {
  return sql<ListedSessionRow[]>`
    SELECT s.id, s.method, s.created_at, s.last_used_at, s.confirmed_at, s.admin_id, a.email, a.name, a.role, s.address, s.user_agent
    ${openSession(sql, timeouts, sql`now()`)}
    ${admin_id === undefined ? sql`` : sql`AND s.admin_id = ${admin_id}`} ${before === null ? sql`` : sql`AND s.id < ${before}`}
    ORDER BY s.id DESC LIMIT ${limit}`;
}
