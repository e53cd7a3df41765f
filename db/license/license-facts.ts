/**
 * The facts of licenses, in the table `license_facts`. A license without a row was not used yet.
 */
import type { Fragment, Sql } from '../base/database';

/** The columns of `LicenseFacts` (domain/license/license-facts.ts), from the facts `f` of a license, which may be missing, and the expiry of its job. */
export function factsOf(sql: Sql, job_expires_at: Fragment): Fragment {
  return sql`f.customer_id, f.assigned_at, f.held_until, f.activated_at, f.suspended_at, f.revoked_at, coalesce(f.expires_at, ${job_expires_at}) AS expires_at`;
}
