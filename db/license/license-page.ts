/**
 * The queries of pages of licenses.
 *
 * The row of a license has only its id and its key. Everything else is stored with its job, and the licenses of a job are one range of
 * ids. A page is read by jobs: it reads the matching jobs in the order of their serials and takes licenses from each job's range until
 * the page is full. A search that matches few licenses is read by keys instead, from the licenses to their jobs. With 3,000,000
 * licenses in 106,666 jobs, a page for a key prefix of 11,631 licenses takes 0.3 s by keys and 10.8 s by jobs, on a busy machine. A list
 * by what only used licenses have is read by their facts.
 */
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import {
  CONTRACT_SOURCE,
  KEY_PREFIX_CHARS_MIN,
  MANUAL_SOURCE,
  ORDINAL_BITS,
  contractNameOf,
  parseLicenseId,
} from '../../domain/license/license';
import { LICENSE_STATUSES } from '../../domain/license/license-facts';
import type { LicenseStatus } from '../../domain/license/license-facts';
import type { Fragment, Sql } from '../base/database';
import { ORDINAL_MASK, hasDetails, partsWithDetails } from './license-conditions';
import type { DetailFilter, Part } from './license-conditions';
import { factExists, isOfFacts, statusIs, unusedHaveStatus } from './license-status';

export interface LicenseFilter extends DetailFilter {
  environment?: Environment | undefined;
  contract_id?: string | undefined;
  job_id?: string | undefined;
  /** The customer to whom the license is assigned. */
  customer_id?: string | undefined;
  contract_customer_id?: string | undefined;
  /** The source in the form in which the interface shows it: `Manual` or `Contract: <name>`; or `Contract`, for those of any contract. */
  source?: string | undefined;
  /** One status, or several. */
  status?: LicenseStatus | readonly LicenseStatus[] | undefined;
  is_test?: boolean | undefined;
  /** A whole key, a whole id, or a prefix of keys. */
  search?: string | undefined;
}

/** The part of a list that is requested: licenses after a stored id, in the order of ids. */
export interface LicensePage {
  order: 'asc' | 'desc';
  after: string | null;
  limit: number;
  /** Only licenses of jobs up to this serial; undefined: of all jobs. */
  job_serial_max?: string | undefined;
  /** The instant that decides the status of licenses whose contract has no test clock. */
  now: Instant;
}

/** Sorts after every character that a key can contain. */
const LAST_CHARACTER = '\u{10ffff}';

/** A search that matches at most this many licenses is read by keys. A search with more matches soon fills a page by jobs. */
export const COLLECTED_LICENSES_MAX = 20_000;

/** At most this many contracts of a customer or source, with at most this many jobs, are looked up before a page is read. More soon fill a page. */
const COLLECTED_CONTRACTS_MAX = 1_000;
const COLLECTED_JOBS_MAX = 2_000;

/** A filter with what was looked up to choose the query of a page. */
interface KnownFilter extends LicenseFilter {
  /** The contracts of the customer or source; null when the filter names neither, or when these have many jobs. */
  contract_ids: string[] | null;
  /** Whether the search matches so few licenses that reading by keys is faster. */
  by_keys: boolean;
}

/** Looks up how much a filter matches. Statistics of Postgres cannot show this. */
export async function lookUp(sql: Sql, filter: LicenseFilter): Promise<KnownFilter> {
  const by_keys = filter.search !== undefined && (await matchesFew(sql, filter.search));
  return { ...filter, by_keys, contract_ids: by_keys ? null : await contractIdsOf(sql, filter) };
}

async function matchesFew(sql: Sql, search: string): Promise<boolean> {
  const [row] = await sql<[{ found: number }]>`
    SELECT count(*)::int AS found
    FROM (SELECT FROM licenses WHERE ${licenseMatches(sql, search)} ORDER BY key LIMIT ${COLLECTED_LICENSES_MAX + 1}) AS matches`;
  return row.found <= COLLECTED_LICENSES_MAX;
}

async function contractIdsOf(sql: Sql, filter: LicenseFilter): Promise<string[] | null> {
  if (!namesContracts(filter)) return null;
  const rows = await sql<{ id: string }[]>`${contractsOf(sql, filter)} LIMIT ${COLLECTED_CONTRACTS_MAX + 1}`;
  if (rows.length > COLLECTED_CONTRACTS_MAX) return null;
  const contract_ids = rows.map(({ id }) => id);
  const [jobs_found] = await sql<[{ count: number }]>`
    SELECT count(*)::int AS count
    FROM (SELECT FROM generation_jobs WHERE contract_id = ANY(${contract_ids}::uuid[]) LIMIT ${COLLECTED_JOBS_MAX + 1}) AS found`;
  return jobs_found.count > COLLECTED_JOBS_MAX ? null : contract_ids;
}

/** The query of a page, in the way that reads the least. */
export function pageOf(sql: Sql, filter: KnownFilter, page: LicensePage): Fragment {
  if (filter.by_keys) return pageByKeys(sql, filter, page);
  const parts = partsOfStatuses(sql, filter, page.now).flatMap((part) => partsWithDetails(sql, filter, page.now, part));
  const [first = {}, ...others] = parts;
  if (others.length === 0) return pageOfPart(sql, filter, page, first);
  const pages = parts.map((part) => sql`(${pageOfPart(sql, filter, page, part)})`);
  return sql`${pages.reduce((all, one) => sql`${all} UNION ALL ${one}`)} ORDER BY id ${directionOf(sql, page)} LIMIT ${page.limit}`;
}

/**
 * The licenses of the statuses of a filter, in parts that have no license in common. The facts of a few jobs are read once for all statuses;
 * those of all jobs are found by an index for each status.
 */
function partsOfStatuses(sql: Sql, filter: KnownFilter, now: Instant): Part[] {
  const parts = statusesOf(filter)?.flatMap((status) => partsOfStatus(sql, status, now)) ?? [{}];
  const of_facts = parts.filter(({ facts }) => facts !== undefined);
  if (of_facts.length < 2 || !hasFewJobs(filter)) return parts;
  const together = of_facts.reduce((all, { facts, matches }) => ({
    facts: sql`${all.facts ?? sql`false`} OR ${facts ?? sql`false`}`,
    matches: sql`${all.matches ?? sql`true`} OR ${matches ?? sql`true`}`,
  }));
  const { facts = sql`true`, matches = sql`true` } = together;
  return [...parts.filter((part) => part.facts === undefined), { facts: sql`(${facts})`, matches: sql`(${matches})` }];
}

/** The statuses that a filter selects; undefined: all. */
function statusesOf({ status }: LicenseFilter): readonly LicenseStatus[] | undefined {
  const given = status === undefined ? LICENSE_STATUSES : [status].flat();
  return LICENSE_STATUSES.every((one) => given.includes(one)) ? undefined : given;
}

function partsOfStatus(sql: Sql, status: LicenseStatus, now: Instant): Part[] {
  const matches = statusIs(sql, status, now);
  if (isOfFacts(status)) return [{ facts: factExists(sql, status), matches }];
  const job = unusedHaveStatus(sql, status, now);
  if (status === 'available') return [{ job, matches }];
  // A job that has not expired has no expired licenses, except those whose facts say so: of such a job only these are read.
  const own_expiry = { facts: sql`expires_at IS NOT NULL`, matches: sql`NOT (${job}) AND ${matches}` };
  return [{ job, matches }, own_expiry];
}

function pageOfPart(sql: Sql, filter: KnownFilter, page: LicensePage, part: Part): Fragment {
  const by_facts = filter.customer_id !== undefined || (part.facts !== undefined && !hasFewJobs(filter));
  return by_facts ? pageByFacts(sql, filter, page, part) : pageByJobs(sql, filter, page, part);
}

/** Whether a filter is about the jobs of a few contracts. */
function hasFewJobs({ contract_id, job_id, contract_ids, source }: KnownFilter): boolean {
  return contract_id !== undefined || job_id !== undefined || contract_ids !== null || source === MANUAL_SOURCE;
}

/** The page of a single license. */
export function pageOfOne(sql: Sql, id: string): Fragment {
  return sql`SELECT ${pageColumns(sql)} FROM licenses l JOIN ${jobs(sql)} j ON j.serial = l.id >> ${ORDINAL_BITS}::int WHERE l.id = ${id}`;
}

/** The page of named licenses. */
export function pageOfIds(sql: Sql, ids: readonly string[]): Fragment {
  return sql`
    SELECT ${pageColumns(sql)} FROM unnest(${[...ids]}::bigint[]) AS n (id)
    CROSS JOIN LATERAL (SELECT id, key FROM licenses WHERE id = n.id OFFSET 0) l
    CROSS JOIN LATERAL ${jobs(sql, sql`WHERE serial = l.id >> ${ORDINAL_BITS}::int OFFSET 0`)} j`;
}

/** Reads the matching jobs, in the order of the page, and takes licenses from the range of each until the page is full. */
function pageByJobs(sql: Sql, filter: KnownFilter, page: LicensePage, { job, facts, matches }: Part): Fragment {
  const direction = directionOf(sql, page);
  const of_job = (id: Fragment): Fragment => sql`
    ${id} BETWEEN j.serial << ${ORDINAL_BITS}::int AND (j.serial << ${ORDINAL_BITS}::int) | ${ORDINAL_MASK}::int ${isInPage(sql, page, id)}`;
  const licenses =
    facts !== undefined
      ? usedLicenses(sql, page, sql`${of_job(sql`license_id`)} AND ${facts}`)
      : matches !== undefined
        ? sql`(SELECT id, key FROM licenses WHERE ${of_job(sql`id`)} ORDER BY id ${direction} OFFSET 0) l ${joinFacts(sql)}`
        : sql`licenses l`;
  return sql`
    SELECT ${pageColumns(sql)}
    FROM ${jobs(sql, filter.contract_ids === null ? sql`` : sql`WHERE contract_id = ANY(${filter.contract_ids}::uuid[]) ORDER BY serial ${direction} OFFSET 0`)} j
    CROSS JOIN LATERAL (
      SELECT l.id, l.key FROM ${licenses}
      WHERE ${matches ?? of_job(sql`l.id`)}
      ${filter.search === undefined ? sql`` : sql`AND ${keyStartsWith(sql, filter.search)}`}
      ORDER BY l.id ${direction} LIMIT ${page.limit}
    ) l
    WHERE ${jobMatches(sql, filter)} AND ${job ?? sql`true`} ${jobIsInPage(sql, page)}
    ORDER BY j.serial ${direction}, l.id ${direction} LIMIT ${page.limit}`;
}

/** Reads the facts of licenses, in the order of the page, and looks up license and job of each until the page is full. */
function pageByFacts(sql: Sql, filter: KnownFilter, page: LicensePage, { job, facts, matches }: Part): Fragment {
  const { customer_id } = filter;
  const which = sql`
    ${facts ?? sql`true`} ${customer_id === undefined ? sql`` : sql`AND customer_id = ${customer_id}`}
    ${isInPage(sql, page, sql`license_id`)}`;
  return sql`
    SELECT ${pageColumns(sql)}
    FROM ${usedLicenses(sql, page, which)}
    CROSS JOIN LATERAL ${jobs(sql, sql`WHERE serial = f.license_id >> ${ORDINAL_BITS}::int OFFSET 0`)} j
    WHERE ${jobMatches(sql, filter)} AND ${job ?? sql`true`} AND ${matches ?? sql`true`} ${jobIsInPage(sql, page)}
    ${filter.search === undefined ? sql`` : sql`AND ${keyStartsWith(sql, filter.search)}`}
    ORDER BY f.license_id ${directionOf(sql, page)} LIMIT ${page.limit}`;
}

/**
 * Collects the licenses that match a search, in the order of the page, and looks up the job of each until the page is full. `OFFSET 0`
 * keeps Postgres from joining whole tables, here and in the other queries of pages.
 */
function pageByKeys(sql: Sql, filter: KnownFilter, page: LicensePage): Fragment {
  const { customer_id, search = '' } = filter;
  const statuses = statusesOf(filter);
  const details = hasDetails(sql, filter, page.now);
  return sql`
    SELECT ${pageColumns(sql)}
    FROM (
      SELECT id, key FROM (SELECT id, key FROM licenses WHERE ${licenseMatches(sql, search)} ORDER BY key OFFSET 0) AS l
      WHERE true ${isInPage(sql, page)}
      ORDER BY id ${directionOf(sql, page)} OFFSET 0
    ) l
    CROSS JOIN LATERAL ${jobs(sql, sql`WHERE serial = l.id >> ${ORDINAL_BITS}::int OFFSET 0`)} j
    ${statuses === undefined && customer_id === undefined && details === undefined ? sql`` : joinFacts(sql)}
    WHERE ${jobMatches(sql, filter)}
    ${customer_id === undefined ? sql`` : sql`AND f.customer_id = ${customer_id}`}
    ${statuses === undefined ? sql`` : sql`AND (${anyStatusIs(sql, statuses, page.now)})`}
    ${details === undefined ? sql`` : sql`AND ${details}`}
    ${jobIsInPage(sql, page)}
    ORDER BY l.id ${directionOf(sql, page)} LIMIT ${page.limit}`;
}

function anyStatusIs(sql: Sql, statuses: readonly LicenseStatus[], now: Instant): Fragment {
  return statuses.reduce((any, status) => sql`${any} OR ${statusIs(sql, status, now)}`, sql`false`);
}

/** Licenses `l` that have facts `f`, for which a condition holds, in the order of the page. */
function usedLicenses(sql: Sql, page: LicensePage, condition: Fragment): Fragment {
  return sql`
    (SELECT license_id, ${storedFacts(sql)} FROM license_facts WHERE ${condition} ORDER BY license_id ${directionOf(sql, page)} OFFSET 0) f
    CROSS JOIN LATERAL (SELECT id, key FROM licenses WHERE id = f.license_id OFFSET 0) l`;
}

/** The facts that decide the status, and whether a date matches. */
function storedFacts(sql: Sql): Fragment {
  return sql`customer_id, assigned_at, held_until, activated_at, suspended_at, revoked_at, expires_at`;
}

/** Adds the facts `f` of a license `l`, if it has any. */
function joinFacts(sql: Sql): Fragment {
  return sql`LEFT JOIN LATERAL (SELECT ${storedFacts(sql)} FROM license_facts WHERE license_id = l.id OFFSET 0) f ON true`;
}

function directionOf(sql: Sql, { order }: LicensePage): Fragment {
  return order === 'asc' ? sql`ASC` : sql`DESC`;
}

/** The condition that a license comes after the previous page. */
function isInPage(sql: Sql, { order, after }: LicensePage, id: Fragment = sql`l.id`): Fragment {
  if (after === null) return sql``;
  return order === 'asc' ? sql`AND ${id} > ${after}::bigint` : sql`AND ${id} < ${after}::bigint`;
}

/** The condition that the licenses of the job `j` can come after the previous page, and that the job is in the list. */
function jobIsInPage(sql: Sql, { order, after, job_serial_max }: LicensePage): Fragment {
  const compared = order === 'asc' ? sql`>=` : sql`<=`;
  return sql`
    ${job_serial_max === undefined ? sql`` : sql`AND j.serial <= ${job_serial_max}::bigint`}
    ${after === null ? sql`` : sql`AND j.serial ${compared} ${after}::bigint >> ${ORDINAL_BITS}::int`}`;
}

/** The condition that a license matches a search. Keys are sorted by bytes, so keys with the same prefix are one range of the index. */
function licenseMatches(sql: Sql, search: string) {
  const id = parseLicenseId(search);
  if (id !== null) return sql`id = ${id}::bigint`;
  if (search.length < KEY_PREFIX_CHARS_MIN) return sql`key = ${search}`;
  return sql`key >= ${search} AND key < ${search + LAST_CHARACTER}`;
}

/** Whether the filter is about some contracts, which are looked up. */
function namesContracts({ contract_customer_id, source }: LicenseFilter): boolean {
  return contract_customer_id !== undefined || (source !== undefined && source !== MANUAL_SOURCE && source !== CONTRACT_SOURCE);
}

/** The condition that the job `j` has a contract, or that it has none, for a source that says no more. */
function ofSource(sql: Sql, { source }: LicenseFilter): Fragment {
  if (source === MANUAL_SOURCE) return sql`AND j.execution = 'direct'`;
  return source === CONTRACT_SOURCE ? sql`AND j.execution <> 'direct'` : sql``;
}

function contractsOf(sql: Sql, filter: LicenseFilter): Fragment {
  const name = filter.source === undefined || filter.source === CONTRACT_SOURCE ? undefined : contractNameOf(filter.source);
  return sql`
    SELECT id FROM contracts WHERE true
    ${filter.contract_customer_id === undefined ? sql`` : sql`AND customer_id = ${filter.contract_customer_id}`}
    ${name === undefined ? sql`` : sql`AND nfc(name) = nfc(${name})`}`;
}

function ofContracts(sql: Sql, filter: KnownFilter): Fragment {
  if (filter.contract_ids !== null) return sql`AND j.contract_id = ANY(${filter.contract_ids}::uuid[])`;
  if (!namesContracts(filter)) return sql``;
  return sql`AND j.contract_id IN (${contractsOf(sql, filter)})`;
}

/** The same condition for reading by jobs, in a form that cannot use the index of keys: otherwise that index is scanned for each job. */
function keyStartsWith(sql: Sql, search: string) {
  return sql`left(key, length(${search})) = ${search} COLLATE "C"`;
}

function jobMatches(sql: Sql, filter: KnownFilter): Fragment {
  return sql`true
    ${filter.environment === undefined ? sql`` : sql`AND j.environment = ${filter.environment}`}
    ${filter.contract_id === undefined ? sql`` : sql`AND j.contract_id = ${filter.contract_id}`}
    ${filter.job_id === undefined ? sql`` : sql`AND j.job_id = ${filter.job_id}`}
    ${ofContracts(sql, filter)} ${ofSource(sql, filter)}
    ${filter.is_test === undefined ? sql`` : filter.is_test ? sql`AND j.is_test` : sql`AND NOT j.is_test`}`;
}

/** The fields that a license has from its job. */
function jobs(sql: Sql, which: Fragment = sql``) {
  return sql`(SELECT serial, id AS job_id, contract_id, environment, terms_id, execution, is_test, expires_at, created_at, channel, chunk_size FROM generation_jobs ${which})`;
}

/** The columns of a page, from a license `l` and its job `j`. */
function pageColumns(sql: Sql) {
  return sql`l.id, l.key, j.job_id, j.contract_id, j.environment, j.terms_id, j.is_test, j.expires_at, j.channel, j.chunk_size, j.execution`;
}

