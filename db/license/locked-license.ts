/**
 * Licenses that an operation changes: which ones a filter selects, their locks, and the facts that are set.
 *
 * Lock order: the operation, the customer, then the facts of the licenses in the order of their ids, then the quota rows of their contracts in the
 * order of the ids of the contracts.
 */
import type { Instant, LocalDate } from '../../domain/base/instant';
import type { LicenseChange } from '../../domain/license/license-change';
import { ownExpiry } from '../../domain/license/license-expiry';
import type { OwnExpiryRule } from '../../domain/license/license-expiry';
import type { Sql } from '../base/database';
import { testClockTime } from '../contract/clock';
import { enterPool } from '../pool/available';
import { factsOf, lockFacts } from './license-facts';
import type { LockedLicense } from './license-facts';
import { lookUp, pageOf } from './license-page';
import type { LicenseFilter } from './license-page';
import { recordWithdrawals } from './withdrawn';

/** A license whose facts are locked, with what an operation needs to know about it. */
export interface LicenseOfMany extends LockedLicense {
  is_test: boolean;
  /** The rule by which its assignment gives it an expiry; null: none. */
  own_expiry: OwnExpiryRule | null;
  /** The end of its contract. */
  end_date: LocalDate | null;
}

/** The ids of licenses that match a filter, in their order, which is the order of their generation. */
export async function listLicenseIds(
  sql: Sql,
  filter: LicenseFilter,
  page: { after: string | null; limit: number; now: Instant },
): Promise<string[]> {
  const known = await lookUp(sql, filter);
  const rows = await sql<{ id: string }[]>`
    SELECT id FROM (${pageOf(sql, known, { ...page, order: 'asc' })}) AS page ORDER BY id`;
  return rows.map(({ id }) => id);
}

/** How many licenses match a filter; at most `max` are counted. */
export async function countLicenses(
  sql: Sql,
  filter: LicenseFilter,
  { max, now }: { max: number; now: Instant },
): Promise<number> {
  const known = await lookUp(sql, filter);
  const [row] = await sql<[{ count: number }]>`
    SELECT count(*)::int AS count FROM (${pageOf(sql, known, { order: 'asc', after: null, limit: max, now })}) AS page`;
  return row.count;
}

/**
 * Locks the facts of licenses until the transaction ends and reads them by a statement of its own. A license that was not used yet gets a
 * row without facts. Call it after the licenses have left their pools; {@link leaveUnchanged} undoes both. Licenses that do not exist are missing from the result.
 */
export async function lockLicenses(
  tx: Sql,
  ids: readonly string[],
): Promise<{ licenses: LicenseOfMany[]; unused: Set<string> }> {
  const unused = await tx<{ id: string }[]>`
    INSERT INTO license_facts (license_id) SELECT id FROM licenses WHERE id = ANY(${[...ids]}::bigint[]) ORDER BY id
    ON CONFLICT (license_id) DO NOTHING RETURNING license_id AS id`;
  await lockFacts(tx, ids);
  const licenses = await tx<LicenseOfMany[]>`
    SELECT f.license_id AS id, j.id AS job_id, j.contract_id, j.environment, j.is_test, ${factsOf(tx, tx`j.expires_at`)},
           t.own_expiry, c.end_date, ${testClockTime(tx, tx`j.contract_id`)} AS clock_now
    FROM license_facts f JOIN generation_jobs j ON j.serial = f.license_id >> 24 JOIN license_terms t ON t.id = j.terms_id
    LEFT JOIN contracts c ON c.id = j.contract_id WHERE f.license_id = ANY(${[...ids]}::bigint[]) ORDER BY f.license_id`;
  return { licenses, unused: new Set(unused.map(({ id }) => id)) };
}

/**
 * Leaves locked licenses as they were: removes the rows of those that got one only to be locked, and makes those available again that are in
 * no other hands.
 */
export async function leaveUnchanged(
  tx: Sql,
  { ids, unused }: { ids: readonly string[]; unused: readonly string[] },
): Promise<void> {
  if (unused.length > 0) await tx`DELETE FROM license_facts WHERE license_id = ANY(${[...unused]}::bigint[])`;
  await enterPool(tx, ids);
}

/** A locked license that is assigned. */
export interface AssignedLicense extends Pick<LicenseOfMany, 'id' | 'own_expiry' | 'end_date'> {
  /** The time of its contract's clock. */
  at: Instant;
}

/**
 * Assigns locked licenses to a customer, each with the expiry that its rule gives it. An expiry that a license got before stays. Every
 * assignment of a license that exists ends here, also that of a grab.
 */
export async function storeAssignments(
  tx: Sql,
  customer_id: string,
  licenses: readonly AssignedLicense[],
): Promise<void> {
  const assigned = licenses.map(({ id, at, own_expiry, end_date }) => ({
    ...{ id, assigned_at: at },
    expires_at: ownExpiry(own_expiry, 'assignment', at, end_date),
  }));
  await tx`
    UPDATE license_facts f SET customer_id = ${customer_id}, assigned_at = a.assigned_at, held_until = NULL,
           expires_at = coalesce(f.expires_at, a.expires_at)
    FROM jsonb_to_recordset(${tx.json(assigned)}) AS a (id bigint, assigned_at timestamptz, expires_at timestamptz)
    WHERE f.license_id = a.id`;
}

/** Suspends, reinstates or revokes locked licenses, each at the time of its contract's clock. Reinstated ones that are unused return to their pool. */
export async function storeChanges(
  tx: Sql,
  change: LicenseChange,
  changed: readonly { id: string; at: Instant }[],
): Promise<void> {
  const facts = {
    suspend: tx`suspended_at = c.at`,
    reinstate: tx`suspended_at = NULL`,
    revoke: tx`revoked_at = c.at`,
  };
  const [ids, instants] = [changed.map(({ id }) => id), changed.map(({ at }) => at)];
  await tx`
    UPDATE license_facts f SET ${facts[change]} FROM unnest(${ids}::bigint[], ${instants}::text[]::timestamptz[]) AS c (id, at)
    WHERE f.license_id = c.id`;
  await recordWithdrawals(tx, ids);
  if (change === 'reinstate') await enterPool(tx, ids);
}
