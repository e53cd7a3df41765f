/** Licenses that an operation would treat alike: how many of each kind there are. Nothing is locked. */
import { LICENSE_STATUSES } from '../../domain/license/license-facts';
import type { LicenseFacts } from '../../domain/license/license-facts';
import type { Instant } from '../../domain/base/instant';
import type { Fragment, Sql } from '../base/database';
import { testClockTime } from '../contract/clock';
import { factsOf } from './license-facts';
import { lookUp, pageOf } from './license-page';
import type { LicenseFilter } from './license-page';
import { statusIs } from './license-status';

/** Licenses that have the same status, are test licenses or not, and belong to the customer, to another one or to none. */
export interface LicenseGroup {
  licenses: number;
  last_license_id: string;
  /** One of them: what is decided about it holds for each. */
  example: LicenseFacts & { is_test: boolean; clock_now: Instant | null };
}

/** Stored ids; or at most `limit` licenses that match a filter, after a stored id in the order of ids. */
export type GroupedLicenses = { ids: readonly string[] } | { filter: LicenseFilter; after: string | null; limit: number };

/** The groups of licenses, by one statement. Ids without a license are in no group. */
export async function groupLicenses(
  sql: Sql,
  which: GroupedLicenses,
  { customer_id, now }: { customer_id: string | null; now: Instant },
): Promise<LicenseGroup[]> {
  const { query } = await selectionOf(sql, which, now);
  const rows = await sql<(Omit<LicenseGroup, 'example'> & LicenseGroup['example'])[]>`
    WITH groups AS (
      SELECT min(l.id) AS id, max(l.id) AS last_license_id, count(*)::int AS licenses
      FROM (${query}) l JOIN generation_jobs j ON j.serial = l.id >> 24 LEFT JOIN license_facts f ON f.license_id = l.id
      GROUP BY ${statusOf(sql, now)}, j.is_test, f.customer_id IS NULL, f.customer_id = ${customer_id}
    )
    SELECT g.licenses, g.last_license_id, j.is_test, ${factsOf(sql, sql`j.expires_at`)}, ${testClockTime(sql, sql`j.contract_id`)} AS clock_now
    FROM groups g JOIN generation_jobs j ON j.serial = g.id >> 24 LEFT JOIN license_facts f ON f.license_id = g.id`;
  return rows.map(({ licenses, last_license_id, ...example }) => ({ licenses, last_license_id, example }));
}

/** A query of the ids. It is in an object, because a fragment that a promise resolves to would be executed. */
async function selectionOf(sql: Sql, which: GroupedLicenses, now: Instant): Promise<{ query: Fragment }> {
  if ('ids' in which) return { query: sql`SELECT id FROM licenses WHERE id = ANY(${[...which.ids]}::bigint[])` };
  const { filter, after, limit } = which;
  return { query: pageOf(sql, await lookUp(sql, filter), { order: 'asc', after, limit, now }) };
}

/** The status of a license, from its facts `f`, which may be missing, and its job `j`. */
function statusOf(sql: Sql, now: Instant): Fragment {
  const cases = LICENSE_STATUSES.map((status) => sql`WHEN ${statusIs(sql, status, now)} THEN ${status}::text`);
  return sql`CASE ${cases.reduce((all, one) => sql`${all} ${one}`)} END`;
}
