/** Accounts of admins at identity providers, and attempts to sign in with them, in Postgres. */
import type { Instant } from '../../domain/base/instant';
import type { Sql } from '../base/database';

/** What identifies an account. */
export interface AccountId {
  issuer: string;
  subject: string;
}

/** The admin who signs in with an account, or undefined. */
export async function findAccountOwner(sql: Sql, { issuer, subject }: AccountId): Promise<string | undefined> {
  const [row] = await sql<{ admin_id: string }[]>`
    SELECT admin_id FROM admin_provider_accounts WHERE issuer = ${issuer} AND subject = ${subject}`;
  return row?.admin_id;
}

/** Stores with which account an admin signs in; false when the admin has another one, or the account another admin. */
export async function insertAccount(
  tx: Sql,
  account: AccountId & { admin_id: string; linked_at: Instant },
): Promise<boolean> {
  const { admin_id, issuer, subject, linked_at } = account;
  const { count } = await tx`
    INSERT INTO admin_provider_accounts ${tx({ issuer, subject, admin_id, linked_at })} ON CONFLICT DO NOTHING`;
  return count > 0;
}

/** The next sign-in of the admin is again by a verified e-mail address. */
export async function deleteAccounts(tx: Sql, admin_id: string): Promise<void> {
  await tx`DELETE FROM admin_provider_accounts WHERE admin_id = ${admin_id}`;
}

/** Marks an attempt as finished; false when it was before. Two requests cannot both finish it. */
export async function finishAttempt(sql: Sql, state_hmac: Buffer, now: Instant): Promise<boolean> {
  const { count } = await sql`
    INSERT INTO finished_oidc_attempts ${sql({ state_hmac, finished_at: now })} ON CONFLICT DO NOTHING`;
  return count > 0;
}
