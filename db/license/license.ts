/**
 * Reads issued licenses. Only `db/generation/grant.ts` and `db/generation/chunk.ts` insert them.
 *
 * The row of a license has only its id and its key. Everything else is stored with its job, and the licenses of a job are one range of
 * ids. A page is read by jobs: it reads the matching jobs in the order of their serials and takes licenses from each job's range until
 * the page is full. A search that matches few licenses is read by keys instead, from the licenses to their jobs. With 3,000,000
 * licenses in 106,666 jobs, a page for a key prefix of 11,631 licenses takes 0.3 s by keys and 10.8 s by jobs, on a busy machine.
 */
import type { Channel } from '../../domain/base/channel';
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import type { JsonObject } from '../../domain/base/json';
import { KEY_PREFIX_CHARS_MIN, ORDINAL_BITS, contractNameOf, parseLicenseId } from '../../domain/license/license';
import type { LicenseStatus } from '../../domain/license/license';
import type { Fragment, Sql } from '../base/database';
import { testClockTime } from '../contract/clock';

/** A license with the fields of its job, its license terms and its contract. */
export interface LicenseRow {
  id: string;
  key: string;
  ordinal: number;
  job_id: string;
  contract_id: string;
  /** The contract's name; after its deletion, the last name. */
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
  channel: Channel;
  /** The time of the contract's test clock, which decides the status; null for the real time. */
  clock_now: Instant | null;
}

export interface LicenseFilter {
  environment?: Environment | undefined;
  contract_id?: string | undefined;
  job_id?: string | undefined;
  customer_id?: string | undefined;
  /** The source in the form in which the interface shows it: `Contract: <name>`. */
  source?: string | undefined;
  status?: LicenseStatus | undefined;
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

const ORDINAL_MASK = 2 ** ORDINAL_BITS - 1;

/** Sorts after every character that a key can contain. */
const LAST_CHARACTER = '\u{10ffff}';

/** A search that matches at most this many licenses is read by keys. A search with more matches soon fills a page by jobs. */
export const COLLECTED_LICENSES_MAX = 20_000;

/** At most this many contracts of a customer or source, with at most this many jobs, are looked up before a page is read. More soon fill a page. */
const COLLECTED_CONTRACTS_MAX = 1_000;
const COLLECTED_JOBS_MAX = 2_000;

/** Rows that an export reads at a time. Larger batches are not faster and delay all other requests (bench/README.md, livez). */
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
 * All matching licenses, oldest first, in batches. Each batch is a separate page, so that a client that reads slowly holds neither a
 * connection nor a snapshot. Jobs that were requested after the start are left out, so that the export ends however fast licenses are
 * generated. Of a running job, the export contains the licenses that exist when it reads that job.
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
 * Collects the licenses that match a search, in the order of the page, and looks up the job of each until the page is full. `OFFSET 0`
 * keeps Postgres from joining whole tables.
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

/** Whether a search matches so few licenses that reading by keys is faster. Statistics of Postgres cannot show this. */
async function matchesFew(sql: Sql, search: string): Promise<boolean> {
  const [row] = await sql<[{ found: number }]>`
    SELECT count(*)::int AS found
    FROM (SELECT FROM licenses WHERE ${licenseMatches(sql, search)} ORDER BY key LIMIT ${COLLECTED_LICENSES_MAX + 1}) AS matches`;
  return row.found <= COLLECTED_LICENSES_MAX;
}

/** The condition that a license matches a search. Keys are sorted by bytes, so keys with the same prefix are one range of the index. */
function licenseMatches(sql: Sql, search: string) {
  const id = parseLicenseId(search);
  if (id !== null) return sql`id = ${id}::bigint`;
  if (search.length < KEY_PREFIX_CHARS_MIN) return sql`key = ${search}`;
  return sql`key >= ${search} AND key < ${search + LAST_CHARACTER}`;
}

/** A filter with the ids of its contracts, when it names a customer or a source; null when it names neither, or these have many jobs. */
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

/** The same condition for reading by jobs, in a form that cannot use the index of keys: otherwise that index is scanned for each job. */
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

/** The instant that decides the status of licenses of the job `j`. Production has no test clocks, so there nothing is looked up. */
function statusInstant(sql: Sql, now: Instant) {
  return sql`CASE WHEN j.environment = 'production' THEN ${now}::timestamptz ELSE coalesce(${testClockTime(sql, sql`j.contract_id`)}, ${now}) END`;
}

/** The fields that a license has from its job. */
function jobs(sql: Sql, which: Fragment = sql``) {
  return sql`(SELECT serial, id AS job_id, contract_id, environment, terms_id, is_test, expires_at, channel, chunk_size FROM generation_jobs ${which})`;
}

/** The columns of a page, from a license `l` and its job `j`. */
function pageColumns(sql: Sql) {
  return sql`l.id, l.key, j.job_id, j.contract_id, j.environment, j.terms_id, j.is_test, j.expires_at, j.channel, j.chunk_size`;
}

/** Adds the fields of contracts, license terms and chunks to the rows of a page. */
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
