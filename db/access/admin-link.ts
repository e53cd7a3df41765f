/** Links that an admin can use once, in Postgres. Only the HMAC of a token is stored (transactions/access/token.ts). */
import type { Instant } from '../../domain/base/instant';
import type { Sql } from '../base/database';
import { ADMIN_COLUMNS } from './admin';
import type { AdminRow } from './admin';

/** `sign_in`: begins a session. `invitation`: sets a password. */
export type LinkPurpose = 'sign_in' | 'invitation';

export interface NewLink {
  admin_id: string;
  purpose: LinkPurpose;
  token_hmac: Buffer;
  created_at: Instant;
  expires_at: Instant;
}

export async function insertLink(tx: Sql, link: NewLink): Promise<void> {
  const { admin_id, purpose, token_hmac, created_at, expires_at } = link;
  await tx`INSERT INTO admin_links ${tx({ admin_id, purpose, token_hmac, created_at, expires_at })}`;
}

/** Marks a link as used, and returns its admin; null when the link is unknown, was used, or has expired. Two requests cannot both use it. */
export async function useLink(tx: Sql, purpose: LinkPurpose, token_hmac: Buffer, now: Instant): Promise<string | null> {
  const [row] = await tx<{ admin_id: string }[]>`
    UPDATE admin_links SET used_at = ${now}
    WHERE token_hmac = ${token_hmac} AND purpose = ${purpose} AND used_at IS NULL AND expires_at > ${now} RETURNING admin_id`;
  return row?.admin_id ?? null;
}

/** The active admin of a link that can still be used; undefined when there is none. */
export async function findLinkedAdmin(
  sql: Sql,
  purpose: LinkPurpose,
  token_hmac: Buffer,
  now: Instant,
): Promise<AdminRow | undefined> {
  const [row] = await sql<AdminRow[]>`
    SELECT ${sql(ADMIN_COLUMNS)} FROM admins
    WHERE status = 'active' AND id = (
      SELECT admin_id FROM admin_links
      WHERE token_hmac = ${token_hmac} AND purpose = ${purpose} AND used_at IS NULL AND expires_at > ${now})`;
  return row;
}

/** Ends the links of an admin that were not used: those for one purpose, or all. */
export async function endLinks(tx: Sql, admin_id: string, now: Instant, purpose?: LinkPurpose): Promise<void> {
  await tx`
    UPDATE admin_links SET expires_at = ${now}
    WHERE admin_id = ${admin_id} AND used_at IS NULL AND expires_at > ${now}
    ${purpose === undefined ? tx`` : tx`AND purpose = ${purpose}`}`;
}
