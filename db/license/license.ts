/**
 * Issued licenses in Postgres; they are inserted by `db/generation/grant.ts` and `db/generation/chunk.ts` alone.
 *
 * A license's row is its id and its key; all else stands with its job, and a job's licenses are one range of ids. So a
 * page is found by walking the jobs that fit in the order of their serials and taking the ends of their ranges: each job
 * gives at most one page, and the walk stops when the page is full. A search for keys goes the other way while it finds few
 * enough: from the keys to their jobs. With 3,000,000 licenses in 106,666 jobs, a page of a beginning that 11,631 keys have takes
 * 0.3 s by the keys and 10.8 s by the jobs, on a busy machine.
 */
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import type { JsonObject } from '../../domain/base/json';
import { KEY_PREFIX_CHARS_MIN, ORDINAL_BITS, contractNameOf, parseLicenseId } from '../../domain/license/license';
import type { LicenseStatus } from '../../domain/license/license';
import type { Fragment, Sql } from '../base/database';
import { clockTime } from '../contract/clock';

/** A license with what it has from its job, its terms and its contract. */
export interface LicenseRow {
  id: string;
  key: string;
  ordinal: number;
  job_id: string;
  contract_id: string;
  /** The contract's name, its last one when it was deleted. */
  contract_name: string;
  customer_id: string | null;
  customer_email: string | null;
  environment: Environment;
  is_test: boolean;
  product_id: string;
  generator_id: string;
  features: JsonObject;
  activation_limit: number | null;
  expires_at: Instant | null;
  created_at: Instant;
  channel: 'ui' | 'api';
  /** The time of the contract's test clock, by which its status is judged; null for the world's. */
  clock_now: Instant | null;
}

export interface LicenseFilter {
  environment?: Environment | undefined;
  contract_id?: string | undefined;
  job_id?: string | undefined;
  customer_id?: string | undefined;
  /** As it is shown: `Contract: <name>`. */
  source?: string | undefined;
  status?: LicenseStatus | undefined;
  is_test?: boolean | undefined;
  /** A whole key, a whole id, or the beginning of keys. */
  search?: string | undefined;
}

/** Which part of a list: after a license's stored id, in the order of ids. */
export interface LicensePage {
  order: 'asc' | 'desc';
  after: string | null;
  limit: number;
  /** Only licenses of jobs up to this serial; undefined: of all. */
  job_serial_max?: string | undefined;
  /** The instant at which status is judged, where no test clock says another. */
  now: Instant;
}

const ORDINAL_MASK = 2 ** ORDINAL_BITS - 1;

/** Comes after every character that a key can hold. */
const LAST_CHARACTER = '\u{10ffff}';

/** What a search may find to be collected before its page is read. What is found more often soon fills a page of the walk. */
export const COLLECTED_LICENSES_MAX = 20_000;

/** Contracts of a customer or source, and their jobs, that are collected before a page is read; more fill one of the walk soon. */
const COLLECTED_CONTRACTS_MAX = 1_000;
const COLLECTED_JOBS_MAX = 2_000;

/** Rows that an export reads at a time. More of them send no more bytes and delay all other requests (bench/README.md, livez). */
export const EXPORT_PAGE_ROWS = 200;

/** The licenses of one job, in the order of their ordinals. */
export async function listJobLicenses(sql: Sql, job_serial: string): Promise<{ id: string; key: string }[]> {
  return sql<{ id: string; key: string }[]>`
    SELECT id, key FROM licenses WHERE id BETWEEN ${job_serial}::bigint << 24 AND (${job_serial}::bigint << 24) | 16777215 ORDER BY id`;
}

/** One license by its stored id. */
export async function findLicense(sql: Sql, id: string): Promise<LicenseRow | undefined> {
  const page = sql`SELECT ${pageColumns(sql)} FROM licenses l JOIN ${jobs(sql)} j ON j.serial = l.id >> ${ORDINAL_BITS}::int WHERE l.id = ${id}`;
  const [row] = await withDetails(sql, page, 'asc');
  return row;
}

/** One page of licenses. */
export async function listLicenses(sql: Sql, given: LicenseFilter, page: LicensePage): Promise<LicenseRow[]> {
  const filter = await withContracts(sql, given);
  const { search } = filter;
  const collected = search !== undefined && (await matchesFew(sql, search));
  return withDetails(
    sql,
    collected ? pageByKeys(sql, filter, search, page) : pageByJobs(sql, filter, page),
    page.order,
  );
}

/**
 * All licenses that fit, oldest first, a batch at a time. Each batch is a page of its own, so that a client that reads
 * slowly holds neither a connection nor a snapshot. Jobs requested after the beginning are left out, so that the export
 * ends however fast licenses are made; of a job at work, the licenses are those that exist when its turn comes.
 */
export async function* exportLicenses(sql: Sql, filter: LicenseFilter, now: Instant): AsyncGenerator<LicenseRow[]> {
  const [newest] = await sql<[{ serial: string | null }]>`SELECT max(serial) AS serial FROM generation_jobs`;
  if (newest.serial === null) return;
  const page = { order: 'asc', limit: EXPORT_PAGE_ROWS, job_serial_max: newest.serial, now } as const;
  let after: string | null = null;
  for (;;) {
    const rows: LicenseRow[] = await listLicenses(sql, filter, { ...page, after });
    if (rows.length > 0) yield rows;
    if (rows.length < EXPORT_PAGE_ROWS) return;
    after = rows.at(-1)?.id ?? null;
  }
}

function pageByJobs(sql: Sql, filter: FilterWithContracts, page: LicensePage) {
  const direction = page.order === 'asc' ? sql`ASC` : sql`DESC`;
  const { after } = page;
  return sql`
    SELECT ${pageColumns(sql)}
    FROM ${jobs(sql, filter.contract_ids === null ? sql`` : sql`WHERE contract_id = ANY(${filter.contract_ids}::uuid[]) ORDER BY serial ${direction} OFFSET 0`)} j
    CROSS JOIN LATERAL (
      SELECT id, key FROM licenses
      WHERE id BETWEEN j.serial << ${ORDINAL_BITS}::int AND (j.serial << ${ORDINAL_BITS}::int) | ${ORDINAL_MASK}::int
      ${after === null ? sql`` : page.order === 'asc' ? sql`AND id > ${after}::bigint` : sql`AND id < ${after}::bigint`}
      ${filter.search === undefined ? sql`` : sql`AND ${keyStartsWith(sql, filter.search)}`}
      ORDER BY id ${direction} LIMIT ${page.limit}
    ) l
    WHERE ${jobMatches(sql, filter, page.now)}
    ${page.job_serial_max === undefined ? sql`` : sql`AND j.serial <= ${page.job_serial_max}::bigint`}
    ${after === null ? sql`` : page.order === 'asc' ? sql`AND j.serial >= ${after}::bigint >> ${ORDINAL_BITS}::int` : sql`AND j.serial <= ${after}::bigint >> ${ORDINAL_BITS}::int`}
    ORDER BY j.serial ${direction}, l.id ${direction} LIMIT ${page.limit}`;
}

/**
 * Goes the other way: collects the licenses that a search finds, in the order of the page, and looks up the job of one after
 * the other until the page is full. `OFFSET 0` keeps Postgres from joining whole tables.
 */
function pageByKeys(sql: Sql, filter: FilterWithContracts, search: string, page: LicensePage) {
  const direction = page.order === 'asc' ? sql`ASC` : sql`DESC`;
  const { after } = page;
  return sql`
    SELECT ${pageColumns(sql)}
    FROM (
      SELECT id, key FROM (SELECT id, key FROM licenses WHERE ${licenseMatches(sql, search)} ORDER BY key OFFSET 0) AS matches
      WHERE true
      ${after === null ? sql`` : page.order === 'asc' ? sql`AND id > ${after}::bigint` : sql`AND id < ${after}::bigint`}
      ORDER BY id ${direction} OFFSET 0
    ) l
    CROSS JOIN LATERAL ${jobs(sql, sql`WHERE serial = l.id >> ${ORDINAL_BITS}::int OFFSET 0`)} j
    WHERE ${jobMatches(sql, filter, page.now)}
    ${page.job_serial_max === undefined ? sql`` : sql`AND j.serial <= ${page.job_serial_max}::bigint`}
    ORDER BY l.id ${direction} LIMIT ${page.limit}`;
}

/** Whether a search finds so few licenses that collecting them all is the shortest way; statistics cannot tell. */
async function matchesFew(sql: Sql, search: string): Promise<boolean> {
  const [row] = await sql<[{ found: number }]>`
    SELECT count(*)::int AS found
    FROM (SELECT FROM licenses WHERE ${licenseMatches(sql, search)} ORDER BY key LIMIT ${COLLECTED_LICENSES_MAX + 1}) AS matches`;
  return row.found <= COLLECTED_LICENSES_MAX;
}

/** The key's column is ordered by bytes, so the keys with one beginning are one range of the unique index. */
function licenseMatches(sql: Sql, search: string) {
  const id = parseLicenseId(search);
  if (id !== null) return sql`id = ${id}::bigint`;
  if (search.length < KEY_PREFIX_CHARS_MIN) return sql`key = ${search}`;
  return sql`key >= ${search} AND key < ${search + LAST_CHARACTER}`;
}

/** A filter with the contracts that customer and source stand for; null where there are none, or they have many jobs. */
interface FilterWithContracts extends LicenseFilter {
  contract_ids: string[] | null;
}

async function withContracts(sql: Sql, filter: LicenseFilter): Promise<FilterWithContracts> {
  const without = { ...filter, contract_ids: null };
  if (filter.customer_id === undefined && filter.source === undefined) return without;
  const rows = await sql<{ id: string }[]>`${contractsOf(sql, filter)} LIMIT ${COLLECTED_CONTRACTS_MAX + 1}`;
  if (rows.length > COLLECTED_CONTRACTS_MAX) return without;
  const contract_ids = rows.map(({ id }) => id);
  const [jobs_found] = await sql<[{ count: number }]>`
    SELECT count(*)::int AS count
    FROM (SELECT FROM generation_jobs WHERE contract_id = ANY(${contract_ids}::uuid[]) LIMIT ${COLLECTED_JOBS_MAX + 1}) AS found`;
  return jobs_found.count > COLLECTED_JOBS_MAX ? without : { ...filter, contract_ids };
}

function contractsOf(sql: Sql, filter: LicenseFilter): Fragment {
  const name = filter.source === undefined ? undefined : contractNameOf(filter.source);
  return sql`
    SELECT id FROM contracts WHERE true
    ${filter.customer_id === undefined ? sql`` : sql`AND customer_id = ${filter.customer_id}`}
    ${name === undefined ? sql`` : sql`AND nfc(name) = nfc(${name})`}`;
}

function ofContracts(sql: Sql, filter: FilterWithContracts): Fragment {
  if (filter.contract_ids !== null) return sql`AND j.contract_id = ANY(${filter.contract_ids}::uuid[])`;
  if (filter.customer_id === undefined && filter.source === undefined) return sql``;
  return sql`AND j.contract_id IN (${contractsOf(sql, filter)})`;
}

/** The same for licenses that are found by their job: in a form that the index of keys cannot serve, so that it is not searched for each job. */
function keyStartsWith(sql: Sql, search: string) {
  return sql`left(key, length(${search})) = ${search} COLLATE "C"`;
}

function jobMatches(sql: Sql, filter: FilterWithContracts, now: Instant) {
  return sql`true
    ${filter.environment === undefined ? sql`` : sql`AND j.environment = ${filter.environment}`}
    ${filter.contract_id === undefined ? sql`` : sql`AND j.contract_id = ${filter.contract_id}`}
    ${filter.job_id === undefined ? sql`` : sql`AND j.job_id = ${filter.job_id}`}
    ${ofContracts(sql, filter)}
    ${filter.status === undefined ? sql`` : sql`AND coalesce(j.expires_at <= ${statusInstant(sql, now)}, false) = ${filter.status === 'expired'}`}
    ${filter.is_test === undefined ? sql`` : filter.is_test ? sql`AND j.is_test` : sql`AND NOT j.is_test`}`;
}

/** The instant at which licenses of the job `j` are judged. Test clocks are outside production, so that nothing is looked up there. */
function statusInstant(sql: Sql, now: Instant) {
  return sql`CASE WHEN j.environment = 'production' THEN ${now}::timestamptz ELSE coalesce(${clockTime(sql, sql`j.contract_id`)}, ${now}) END`;
}

/** What a license has from its job. */
function jobs(sql: Sql, which: Fragment = sql``) {
  return sql`(SELECT serial, id AS job_id, contract_id, environment, terms_id, is_test, expires_at, channel, chunk_size FROM generation_jobs ${which})`;
}

/** What a page has of a license `l` and its job `j`. */
function pageColumns(sql: Sql) {
  return sql`l.id, l.key, j.job_id, j.contract_id, j.environment, j.terms_id, j.is_test, j.expires_at, j.channel, j.chunk_size`;
}

/** Adds to the few rows of a page what stands with their contracts, terms and chunks. */
async function withDetails(
  sql: Sql,
  page: ReturnType<typeof pageByJobs>,
  order: 'asc' | 'desc',
): Promise<LicenseRow[]> {
  return sql<LicenseRow[]>`
    WITH page AS MATERIALIZED (${page})
    SELECT p.id, p.key, (p.id & ${ORDINAL_MASK}::int)::int AS ordinal, p.job_id, p.contract_id, c.name AS contract_name, c.customer_id,
           u.email AS customer_email, p.environment, p.is_test, c.product_id, t.generator_id, t.features, t.activation_limit, p.expires_at,
           k.created_at, p.channel, o.now AS clock_now
    FROM page p
    JOIN contracts c ON c.id = p.contract_id
    JOIN license_terms t ON t.id = p.terms_id
    JOIN generation_chunks k ON k.job_id = p.job_id AND k.chunk_no = ((p.id & ${ORDINAL_MASK}::int) - 1) / p.chunk_size
    LEFT JOIN customers u ON u.id = c.customer_id
    LEFT JOIN test_clocks o ON o.id = c.test_clock_id
    ORDER BY p.id ${order === 'asc' ? sql`ASC` : sql`DESC`}`;
}
