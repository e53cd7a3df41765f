/** Signing in with an account at the identity provider: the sealed attempt, and the admin to whom the account belongs. */
import { createHmac, hkdfSync } from 'node:crypto';
import { CompactEncrypt, compactDecrypt } from 'jose';
import { isExpired } from '../../domain/access/oidc';
import type { OidcAttempt, OidcFailure, ProviderAccount } from '../../domain/access/oidc';
import type { Instant } from '../../domain/base/instant';
import { findAdmin, findAdminByEmail } from '../../db/access/admin';
import { findAccountOwner, finishAttempt, insertAccount } from '../../db/access/provider-account';
import { auditAct } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import type { ProvenAdmin } from './session';

const KEY_BYTES = 32;
const ALGORITHMS = { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] };

/** The text of an attempt for the cookie of the browser in which it began. No one else can read or change it. */
export function sealAttempt(attempt: OidcAttempt, pepper: string): Promise<string> {
  return new CompactEncrypt(new TextEncoder().encode(JSON.stringify(attempt)))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .encrypt(keyOf(pepper));
}

/** The attempt of a text; null when it was changed, has expired, or is none. */
export async function openAttempt(text: string | undefined, pepper: string, now: Instant): Promise<OidcAttempt | null> {
  if (text === undefined) return null;
  const opened = await compactDecrypt(text, keyOf(pepper), ALGORITHMS).catch(() => null);
  if (opened === null) return null;
  const attempt = JSON.parse(new TextDecoder().decode(opened.plaintext)) as OidcAttempt;
  return isExpired(attempt, now) ? null : attempt;
}

/** Uses up an attempt; false when it was used before. */
export function useAttempt(sql: Sql, { state }: OidcAttempt, pepper: string, now: Instant): Promise<boolean> {
  return finishAttempt(sql, createHmac('sha256', pepper).update(`oidc ${state}`).digest(), now);
}

/**
 * The admin who signs in with an account. The first time it is the admin with the e-mail address that the provider has verified; from
 * then on the subject alone counts, so a changed address neither locks an admin out nor gives the account of another one.
 */
export async function proveByAccount(
  tx: Sql,
  account: ProviderAccount,
  { now, request_id, address }: { now: Instant; request_id: string; address: string | undefined },
): Promise<ProvenAdmin | OidcFailure> {
  const known = await findProvenOwner(tx, account);
  if (known !== null) return known;
  const { issuer, subject, verified_email } = account;
  if (verified_email === null) return 'email_unverified';
  const named = await findAdminByEmail(tx, verified_email);
  const admin = named && (await findAdmin(tx, named.id, { lock: true }));
  if (admin?.status !== 'active') return 'no_admin';
  const is_linked = await insertAccount(tx, { issuer, subject, admin_id: admin.id, linked_at: now });
  // A simultaneous sign-in with the same account can have stored it.
  if (!is_linked) return (await findProvenOwner(tx, account)) ?? 'other_account';
  const ip = address === undefined ? {} : { ip: address };
  await auditAct(
    tx,
    { actor: { type: 'user', id: admin.id, name: admin.name, ...ip }, now, request_id },
    { subject_type: 'admin', subject_id: admin.id, action: 'admin.oidc_linked', after: { issuer } },
  );
  return provenBy(admin.id);
}

/** The admin who has signed in with an account before, or null. */
export async function findProvenOwner(sql: Sql, account: ProviderAccount): Promise<ProvenAdmin | null> {
  const admin_id = await findAccountOwner(sql, account);
  return admin_id === undefined ? null : provenBy(admin_id);
}

function provenBy(admin_id: string): ProvenAdmin {
  return { admin_id, method: 'oidc', api_key_id: null, password_hash: null };
}

function keyOf(pepper: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', pepper, '', 'covenant oidc attempt', KEY_BYTES));
}
