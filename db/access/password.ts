/** Passwords of admins in Postgres, as hashes. */
import type { Instant } from '../../domain/base/instant';
import type { Sql } from '../base/database';

/** The hash of the password of the active admin with an e-mail address; undefined when there is none. */
export async function findPasswordOf(sql: Sql, email: string): Promise<{ admin_id: string; hash: string } | undefined> {
  const [row] = await sql<{ admin_id: string; hash: string }[]>`
    SELECT p.admin_id, p.hash FROM admins a JOIN admin_passwords p ON p.admin_id = a.id
    WHERE lower(a.email) = lower(${email}) AND a.status = 'active'`;
  return row;
}

/** The hash of the password of an admin; undefined when there is none. */
export async function findPasswordHash(sql: Sql, admin_id: string): Promise<string | undefined> {
  const [row] = await sql<{ hash: string }[]>`SELECT hash FROM admin_passwords WHERE admin_id = ${admin_id}`;
  return row?.hash;
}

/** Stores the hash of a password in place of the former one. */
export async function setPassword(tx: Sql, admin_id: string, hash: string, now: Instant): Promise<void> {
  await tx`
    INSERT INTO admin_passwords ${tx({ admin_id, hash, set_at: now })}
    ON CONFLICT (admin_id) DO UPDATE SET hash = excluded.hash, set_at = excluded.set_at`;
}
