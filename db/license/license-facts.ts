/**
 * The facts of licenses, in the table `license_facts`. A license without a row was not used yet.
 *
 * Lock order: the row of the license's facts, then the quota row of its contract, which numbers its events.
 */
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import type { LicenseFacts } from '../../domain/license/license-facts';
import type { Fragment, Sql } from '../base/database';
import { testClockTime } from '../contract/clock';

/** A license whose facts are locked. */
export interface LockedLicense extends LicenseFacts {
  /** The stored id. */
  id: string;
  job_id: string;
  /** Null: it was created without a contract. */
  contract_id: string | null;
  environment: Environment;
  /** The time of its contract's test clock, or null. */
  clock_now: Instant | null;
}

/**
 * Locks the facts of a license until the transaction ends and reads them by a statement of its own. A license that was not used yet gets
 * a row without facts. Returns undefined when there is no license with this stored id.
 */
export async function lockLicense(tx: Sql, id: string): Promise<LockedLicense | undefined> {
  const stored = await tx`
    INSERT INTO license_facts (license_id) SELECT id FROM licenses WHERE id = ${id}
    ON CONFLICT (license_id) DO UPDATE SET license_id = excluded.license_id`;
  if (stored.count === 0) return undefined;
  const [row] = await tx<LockedLicense[]>`
    SELECT f.license_id AS id, j.id AS job_id, j.contract_id, j.environment, ${factsOf(tx, tx`j.expires_at`)}, ${testClockTime(tx, tx`j.contract_id`)} AS clock_now
    FROM license_facts f JOIN generation_jobs j ON j.serial = f.license_id >> 24 WHERE f.license_id = ${id}`;
  return row;
}

/**
 * Locks the facts of licenses until the transaction ends, in the order of their ids. Read them by a later statement: it also sees what was
 * committed about their contracts while this one waited.
 */
export async function lockFacts(tx: Sql, ids: readonly string[]): Promise<void> {
  await tx`SELECT FROM license_facts WHERE license_id = ANY(${[...ids]}::bigint[]) ORDER BY license_id FOR NO KEY UPDATE`;
}

/** Sets facts of a locked license. */
export async function setLicenseFacts(
  tx: Sql,
  id: string,
  facts: Partial<Pick<LicenseFacts, 'suspended_at' | 'revoked_at'>>,
): Promise<void> {
  await tx`UPDATE license_facts SET ${tx(facts)} WHERE license_id = ${id}`;
}

/** The columns of {@link LicenseFacts}, from the facts `f` of a license, which may be missing, and the expiry of its job. */
export function factsOf(sql: Sql, job_expires_at: Fragment): Fragment {
  return sql`f.customer_id, f.assigned_at, f.held_until, f.activated_at, f.suspended_at, f.revoked_at, coalesce(f.expires_at, ${job_expires_at}) AS expires_at`;
}
