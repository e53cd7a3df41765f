/**
 * The status of licenses as a condition of lists. `licenseStatus` of domain/license/license-facts.ts has the rule; a test compares both.
 *
 * Most licenses are unused and have no facts, so a list by a status that facts give reads the facts and not the licenses.
 */
import type { Instant } from '../../domain/base/instant';
import type { LicenseStatus } from '../../domain/license/license-facts';
import type { Fragment, Sql } from '../base/database';
import { testClockTime } from '../contract/clock';

/** The statuses of licenses that have facts, with the condition of the index that finds them. */
const INDEX_CONDITIONS = {
  held: 'held_until',
  assigned: 'customer_id',
  active: 'activated_at',
  suspended: 'suspended_at',
  revoked: 'revoked_at',
} as const;

/** A status that only licenses with facts have. */
type StatusOfFacts = keyof typeof INDEX_CONDITIONS;

export function isOfFacts(status: LicenseStatus | undefined): status is StatusOfFacts {
  return status !== undefined && status in INDEX_CONDITIONS;
}

/** The condition that facts can have the status. It is the condition of an index. */
export function factExists(sql: Sql, status: StatusOfFacts): Fragment {
  return sql`${sql(INDEX_CONDITIONS[status])} IS NOT NULL`;
}

/** The condition that a license has the status, from its facts `f`, which may be missing, and its job `j`. */
export function statusIs(sql: Sql, status: LicenseStatus, now: Instant): Fragment {
  const at = statusInstant(sql, now);
  const expired = sql`coalesce(coalesce(f.expires_at, j.expires_at) <= ${at}, false)`;
  const held = sql`coalesce(f.held_until > ${at}, false)`;
  const valid = sql`f.revoked_at IS NULL AND f.suspended_at IS NULL`;
  switch (status) {
    case 'revoked':
      return sql`f.revoked_at IS NOT NULL`;
    case 'suspended':
      return sql`f.revoked_at IS NULL AND f.suspended_at IS NOT NULL`;
    case 'expired':
      return sql`${valid} AND ${expired}`;
    case 'active':
      return sql`${valid} AND NOT ${expired} AND f.activated_at IS NOT NULL`;
    case 'assigned':
      return sql`${valid} AND NOT ${expired} AND f.activated_at IS NULL AND f.customer_id IS NOT NULL`;
    case 'held':
      return sql`${valid} AND NOT ${expired} AND f.activated_at IS NULL AND f.customer_id IS NULL AND ${held}`;
    case 'available':
      return sql`${valid} AND NOT ${expired} AND f.activated_at IS NULL AND f.customer_id IS NULL AND NOT ${held}`;
  }
}

/** Whether licenses without facts of the job `j` have the status: `available` until the job's expiry, then `expired`. */
export function unusedHaveStatus(sql: Sql, status: 'available' | 'expired', now: Instant): Fragment {
  const expired = sql`coalesce(j.expires_at <= ${statusInstant(sql, now)}, false)`;
  return status === 'expired' ? expired : sql`NOT ${expired}`;
}

/** The instant that decides the status of licenses of the job `j`. Production has no test clocks, so there nothing is looked up. */
export function statusInstant(sql: Sql, now: Instant): Fragment {
  return sql`CASE WHEN j.environment = 'production' THEN ${now}::timestamptz ELSE coalesce(${testClockTime(sql, sql`j.contract_id`)}, ${now}) END`;
}
