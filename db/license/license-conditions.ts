/** The conditions of a list of licenses by their product, dates and devices, for each way in which its pages are read. */
import type { Instant } from '../../domain/base/instant';
import { ORDINAL_BITS } from '../../domain/license/license';
import type { Fragment, Sql } from '../base/database';
import { statusInstant } from './license-status';

/** Instants from one on, and before another. */
export interface InstantRange {
  from?: Instant | undefined;
  to?: Instant | undefined;
}

/** What of a license a list can be about, apart from its origin, its customer and its status. */
export interface DetailFilter {
  product_id?: string | undefined;
  created?: InstantRange | undefined;
  assigned?: InstantRange | undefined;
  /** The first activation. */
  activated?: InstantRange | undefined;
  expires?: InstantRange | undefined;
  /** Whether it is active on a device. */
  has_devices?: boolean | undefined;
}

/** Which licenses a query selects. What is left out is true. */
export interface Part {
  /** A condition on the job `j`. */
  job?: Fragment;
  /** A condition on facts. Only licenses that have facts are selected. */
  facts?: Fragment;
  /** A condition on a license, from its facts `f`, which may be missing, and its job `j`. */
  matches?: Fragment;
}

/** Selects the ordinal of an id. */
export const ORDINAL_MASK = 2 ** ORDINAL_BITS - 1;

/** The condition on a license `l` of the job `j` with the facts `f`, which may be missing; undefined when the filter names no details. */
export function hasDetails(sql: Sql, filter: DetailFilter, now: Instant): Fragment | undefined {
  const { created, assigned, activated, expires, has_devices } = filter;
  const chunk_no = sql`((l.id & ${ORDINAL_MASK}::int) - 1) / j.chunk_size`;
  const devices = sql`
    EXISTS (SELECT FROM license_devices d WHERE d.license_id = l.id AND coalesce(d.leased_until > ${statusInstant(sql, now)}, true))`;
  return allOf(sql, [
    productIs(sql, filter),
    created && hasChunk(sql, created, sql`AND k.chunk_no = ${chunk_no}`),
    assigned && isIn(sql, sql`f.assigned_at`, assigned),
    activated && isIn(sql, sql`f.activated_at`, activated),
    expires && isIn(sql, sql`coalesce(f.expires_at, j.expires_at)`, expires),
    has_devices === undefined ? undefined : has_devices ? devices : sql`NOT ${devices}`,
  ]);
}

/**
 * Adds the details of a filter to a part of a list. Most licenses are unused and have no facts: those that a date of facts or a device
 * selects are read by their facts. A license expires with its job or has an expiry of its own, so these are two parts.
 */
export function partsWithDetails(sql: Sql, filter: DetailFilter, now: Instant, part: Part): Part[] {
  const matches = allOf(sql, [part.matches, hasDetails(sql, filter, now)]);
  if (matches === undefined) return [part];
  const { created, assigned, activated, expires, has_devices } = filter;
  const of_job = allOf(sql, [part.job, productIs(sql, filter), created && hasChunk(sql, created)]);
  const of_facts = allOf(sql, [
    part.facts,
    assigned && isIn(sql, sql`assigned_at`, assigned),
    activated && isIn(sql, sql`activated_at`, activated),
    has_devices === true ? sql`activated_at IS NOT NULL` : undefined,
  ]);
  if (expires === undefined || of_facts !== undefined) return [partOf(of_job, of_facts, matches)];
  const expires_with_job = sql`coalesce(${isIn(sql, sql`j.expires_at`, expires)}, false)`;
  return [
    partOf(allOf(sql, [of_job, expires_with_job]), undefined, matches),
    partOf(allOf(sql, [of_job, sql`NOT ${expires_with_job}`]), isIn(sql, sql`expires_at`, expires), matches),
  ];
}

/**
 * The condition that the job `j` has a chunk of these dates, of those that `which` selects. Only jobs in the background, also those of imports, have chunks that are
 * later than the job. `OFFSET 0` keeps Postgres from reading the chunks of all jobs.
 */
function hasChunk(sql: Sql, created: InstantRange, which: Fragment = sql``): Fragment {
  return sql`
    CASE WHEN j.execution IN ('background', 'import')
      THEN EXISTS (SELECT FROM generation_chunks k WHERE k.job_id = j.job_id ${which} AND ${isIn(sql, sql`k.created_at`, created)} OFFSET 0)
      ELSE ${isIn(sql, sql`j.created_at`, created)} END`;
}

function partOf(job: Fragment | undefined, facts: Fragment | undefined, matches: Fragment): Part {
  return { ...(job && { job }), ...(facts && { facts }), matches };
}

function productIs(sql: Sql, { product_id }: DetailFilter): Fragment | undefined {
  if (product_id === undefined) return undefined;
  return sql`
    (SELECT g.product_id FROM license_terms t JOIN generators g ON g.id = t.generator_id WHERE t.id = j.terms_id) = ${product_id}`;
}

/** Whether an instant is in the range. It is null when the instant is. */
function isIn(sql: Sql, instant: Fragment, { from, to }: InstantRange): Fragment {
  const bounds = [from && sql`${instant} >= ${from}::timestamptz`, to && sql`${instant} < ${to}::timestamptz`];
  return allOf(sql, bounds) ?? sql`true`;
}

function allOf(sql: Sql, conditions: readonly (Fragment | undefined | '')[]): Fragment | undefined {
  const given = conditions.filter((condition): condition is Fragment => condition !== undefined && condition !== '');
  return given.length === 0 ? undefined : given.reduce((all, condition) => sql`${all} AND ${condition}`);
}
