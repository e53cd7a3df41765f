/** Links to sign in: made by an operator on the command line, for an admin who has nothing else to sign in with. */
import { SIGN_IN_LINK_MINUTES } from '../../domain/access/session';
import type { Act } from '../../domain/base/edit';
import { millisLater } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { findAdmin, findAdminByEmail } from '../../db/access/admin';
import type { AdminRow } from '../../db/access/admin';
import { insertLink, useLink } from '../../db/access/admin-link';
import { auditAct } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import type { ProvenAdmin } from './session';
import { newToken, tokenHmac } from './token';

/** A new link. Its token is shown once. */
export interface SignInLink {
  admin: AdminRow;
  token: string;
  expires_at: Instant;
}

/** Makes a link for the active admin with an e-mail address; null when there is none. */
export async function createSignInLink(tx: Sql, email: string, pepper: string, act: Act): Promise<SignInLink | null> {
  const found = await findAdminByEmail(tx, email);
  // Disabling an admin locks it too and ends its links, so a link is made before that, or not at all.
  const admin = found && (await findAdmin(tx, found.id, { lock: true }));
  if (!admin || admin.status !== 'active') return null;
  const token = newToken();
  const expires_at = millisLater(act.now, SIGN_IN_LINK_MINUTES * 60_000);
  const token_hmac = tokenHmac('link', token, pepper) as Buffer;
  await insertLink(tx, { admin_id: admin.id, purpose: 'sign_in', token_hmac, created_at: act.now, expires_at });
  await auditAct(tx, act, {
    subject_type: 'admin',
    subject_id: admin.id,
    action: 'admin.sign_in_link_created',
    after: { expires_at },
  });
  return { admin, token, expires_at };
}

/** Uses a link; null when it is unknown, was used, or has expired. */
export async function useSignInLink(tx: Sql, token: string, pepper: string, now: Instant): Promise<ProvenAdmin | null> {
  const token_hmac = tokenHmac('link', token, pepper);
  if (token_hmac === null) return null;
  const admin_id = await useLink(tx, 'sign_in', token_hmac, now);
  return admin_id === null ? null : { admin_id, method: 'link', api_key_id: null, password_hash: null };
}

/** The address of the page that uses a link. The token is in the fragment, which no browser sends and no log has. */
export function signInUrl(public_url: string, token: string): string {
  return `${public_url.replace(/\/+$/, '')}/admin/sign-in#link=${token}`;
}
