/** Begins, finds and ends sessions of admins, each change with its audit row. */
import type { SessionCaller } from '../../domain/access/caller';
import { isConfirmed } from '../../domain/access/session';
import type { Session, SessionMethod, SessionTimeouts } from '../../domain/access/session';
import type { Act } from '../../domain/base/edit';
import type { JsonObject } from '../../domain/base/json';
import type { Instant } from '../../domain/base/instant';
import { findAdmin, notifyAccessChange } from '../../db/access/admin';
import type { AdminRow } from '../../db/access/admin';
import { findPasswordHash } from '../../db/access/password';
import { auditAct } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import {
  endSession,
  endSessionOfToken,
  endSessions,
  findOpenSession,
  insertSession,
  markSessionUsed,
  updateConfirmedAt,
} from '../../db/access/session';
import { newToken, tokenHmac } from './token';

/** The caller whose session has this token; undefined when there is none or it has ended. Stores its use, to the minute. */
export async function authenticateSession(
  sql: Sql,
  token: string,
  { pepper, timeouts, now }: { pepper: string; timeouts: SessionTimeouts; now: Instant },
): Promise<SessionCaller | undefined> {
  const token_hmac = tokenHmac('session', token, pepper);
  if (token_hmac === null) return undefined;
  const row = await findOpenSession(sql, token_hmac, timeouts, now);
  if (row === undefined) return undefined;
  if (row.stale) await markSessionUsed(sql, row.id, now);
  const { admin_id, email, name, role, known, stale, ...session } = row;
  const last_used_at = stale ? now : session.last_used_at;
  return {
    kind: 'session',
    by: 'session',
    id: admin_id,
    ...{ email, name, role, known },
    session: { ...session, last_used_at },
    is_confirmed: isConfirmed(session, now),
  };
}

/** Where a request of a browser came from, and the session that it has. */
export interface Browser {
  /** The token in its cookie. It ends when a new session begins, and is never used again. */
  session_token: string | undefined;
  address: string | undefined;
  user_agent: string | undefined;
}

/** A proof of who an admin is. */
export interface ProvenAdmin {
  admin_id: string;
  method: SessionMethod;
  /** The key, if it was one. */
  api_key_id: string | null;
  /** The stored hash of the password, if it was one. */
  password_hash: string | null;
}

/** A session that begins. Its token is answered once and never stored. */
export interface BegunSession {
  admin: AdminRow;
  session: Session;
  token: string;
}

/** The request that begins a session, and what its audit row says. */
export interface Beginning {
  pepper: string;
  now: Instant;
  request_id: string | null;
  audited?: { action: string; after: JsonObject };
}

const USER_AGENT_CHARS_MAX = 300;

/**
 * Begins a session with a new token, and ends the one that the browser had. Null when the proof counts no more: the admin was disabled or
 * erased since, or the password was changed. Both changes lock the admin too, and end the sessions that began before them.
 */
export async function beginSession(
  tx: Sql,
  { admin_id, method, api_key_id, password_hash }: ProvenAdmin,
  { session_token, address, user_agent }: Browser,
  { pepper, now, request_id, audited = { action: 'admin.signed_in', after: {} } }: Beginning,
): Promise<BegunSession | null> {
  const admin = await findAdmin(tx, admin_id, { lock: true });
  if (!admin || admin.status !== 'active') return null;
  if (password_hash !== null && password_hash !== (await findPasswordHash(tx, admin_id))) return null;
  const former = session_token === undefined ? null : tokenHmac('session', session_token, pepper);
  if (former !== null) await endSessionOfToken(tx, former, now);
  const token = newToken();
  const session = await insertSession(tx, {
    admin_id,
    method,
    api_key_id,
    token_hmac: tokenHmac('session', token, pepper) as Buffer,
    created_at: now,
    address: address ?? null,
    user_agent: user_agent?.slice(0, USER_AGENT_CHARS_MAX) ?? null,
  });
  const actor = {
    type: 'user' as const,
    id: admin.id,
    name: admin.name,
    ...(address === undefined ? {} : { ip: address }),
  };
  await auditAct(
    tx,
    { actor, now, request_id },
    {
      subject_type: 'admin',
      subject_id: admin.id,
      action: audited.action,
      after: { session_id: session.id, method, ...audited.after },
    },
  );
  return { admin, session, token };
}

/** Ends the session of the caller, or all sessions of its admin; the row of the history says how many. */
export async function endOwnSessions(
  tx: Sql,
  caller: SessionCaller,
  { everywhere }: { everywhere: boolean },
  act: Act,
): Promise<void> {
  const ended = await endSessions(tx, caller.id, act.now, everywhere ? {} : { id: caller.session.id });
  await auditAct(tx, act, {
    subject_type: 'admin',
    subject_id: caller.id,
    action: 'admin.signed_out',
    after: { session_id: caller.session.id, sessions_ended: ended },
  });
  await notifyAccessChange(tx, caller.id);
}

/** Stores that the admin of a session has proved again who they are. */
export async function confirmSession(tx: Sql, caller: SessionCaller, proof: ProvenAdmin, act: Act): Promise<Session> {
  const session = await updateConfirmedAt(tx, caller.session.id, act.now);
  await auditAct(tx, act, {
    subject_type: 'admin',
    subject_id: caller.id,
    action: 'admin.confirmed',
    after: { session_id: session.id, method: proof.method },
  });
  return session;
}

/** Ends a session of an admin; `not_found` when there is none, or it has ended. */
export async function revokeSession(
  tx: Sql,
  { id, admin_id }: { id: string; admin_id: string | undefined },
  act: Act,
): Promise<'ended' | 'not_found'> {
  const owner = await endSession(tx, id, admin_id, act.now);
  if (owner === null) return 'not_found';
  await auditAct(tx, act, {
    subject_type: 'admin',
    subject_id: owner,
    action: 'admin.session_ended',
    after: { session_id: id },
  });
  await notifyAccessChange(tx, owner);
  return 'ended';
}
