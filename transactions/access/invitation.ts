/**
 * Invitations: links by which an admin sets a password, for the first time or after the former one was forgotten. The link is shown once to
 * the super admin who makes it.
 */
import { INVITATION_HOURS } from '../../domain/access/session';
import { erasedRefusal } from '../../domain/access/erasure';
import type { Act } from '../../domain/base/edit';
import { millisLater } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { notFound, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { findAdmin, notifyAccessChange } from '../../db/access/admin';
import type { AdminRow } from '../../db/access/admin';
import { endLinks, findLinkedAdmin, insertLink, useLink } from '../../db/access/admin-link';
import { setPassword } from '../../db/access/password';
import { endSessions } from '../../db/access/session';
import { auditAct } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { beginSession } from './session';
import type { BegunSession, Browser } from './session';
import { newToken, tokenHmac } from './token';

export interface Invitation {
  token: string;
  expires_at: Instant;
}

/** Invites an admin, and ends invitations that were not accepted yet. Refuses a disabled or erased admin. */
export async function createInvitation(
  tx: Sql,
  admin_id: string,
  pepper: string,
  act: Act,
): Promise<Invitation | Refusal> {
  const admin = await findAdmin(tx, admin_id, { lock: true });
  if (!admin) return notFound('admin', admin_id);
  if (admin.erased_at !== null) return erasedRefusal('admin', admin.erased_at);
  if (admin.status !== 'active') return refuse('ADMIN_DISABLED', { admin_id });
  await endLinks(tx, admin_id, act.now, 'invitation');
  const token = newToken();
  const expires_at = millisLater(act.now, INVITATION_HOURS * 3_600_000);
  const token_hmac = tokenHmac('link', token, pepper) as Buffer;
  await insertLink(tx, { admin_id, purpose: 'invitation', token_hmac, created_at: act.now, expires_at });
  await auditAct(tx, act, {
    subject_type: 'admin',
    subject_id: admin_id,
    action: 'admin.invited',
    after: { expires_at },
  });
  return { token, expires_at };
}

/** The admin whom an invitation is for; undefined when it is unknown, was accepted, or has expired. Nothing is changed. */
export async function findInvited(
  sql: Sql,
  token: string,
  pepper: string,
  now: Instant,
): Promise<AdminRow | undefined> {
  const token_hmac = tokenHmac('link', token, pepper);
  return token_hmac === null ? undefined : findLinkedAdmin(sql, 'invitation', token_hmac, now);
}

/** Sets the password with this hash, ends all sessions of the admin, and begins a new one; null when the invitation is not valid any more. */
export async function acceptInvitation(
  tx: Sql,
  { token, hash }: { token: string; hash: string },
  browser: Browser,
  { pepper, now, request_id }: { pepper: string; now: Instant; request_id: string | null },
): Promise<BegunSession | null> {
  const token_hmac = tokenHmac('link', token, pepper);
  const invited = token_hmac && (await findLinkedAdmin(tx, 'invitation', token_hmac, now));
  if (!invited) return null;
  // First the admin, as every change of one: a sign-in with the former password begins before this change, or not at all.
  await findAdmin(tx, invited.id, { lock: true });
  const admin_id = await useLink(tx, 'invitation', token_hmac, now);
  if (admin_id === null) return null;
  await setPassword(tx, admin_id, hash, now);
  const sessions_ended = await endSessions(tx, admin_id, now);
  await notifyAccessChange(tx, admin_id);
  const proof = { admin_id, method: 'password' as const, api_key_id: null, password_hash: hash };
  const audited = { action: 'admin.password_set', after: { sessions_ended } };
  return beginSession(tx, proof, browser, { pepper, now, request_id, audited });
}
