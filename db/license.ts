/**
 * Issued licenses in Postgres; they are inserted by `generation-job.ts` and `generation-chunk.ts` alone.
 *
 * A license's row is its id and its key; all else stands with its job, and a job's licenses are one range of ids. So a
 * page is found by walking the jobs that fit in the order of their serials and taking the ends of their ranges: each job
 * gives at most one page, and the walk stops when the page is full. Measured with 1,010,000 licenses in 10,003 jobs: a page
 * of 25 takes 1 to 6 ms for every filter and wherever it lies; a search that always began at the keys' index took 610 ms
 * for a beginning that all keys have and a contract that has few of them.
 */
import type { Environment } from '../domain/environment';
import type { Instant } from '../domain/instant';
import type { JsonObject } from '../domain/json';
import { KEY_PREFIX_CHARS_MIN, ORDINAL_BITS, contractNameOf, parseLicenseId } from '../domain/license';
import type { LicenseStatus } from '../domain/license';
import type { Sql } from './index';
import { clockTime } from './test-clock';

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

/** What a search may find to be read whole. */
const FEW_LICENSES_MAX = 1_000;

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
export async function listLicenses(sql: Sql, filter: LicenseFilter, page: LicensePage): Promise<LicenseRow[]> {
  const few = filter.search !== undefined && (await findsFew(sql, filter.search));
  return withDetails(sql, few ? pageOfFew(sql, filter, page) : pageByJobs(sql, filter, page), page.order);
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

function pageByJobs(sql: Sql, filter: LicenseFilter, page: LicensePage) {
  const direction = page.order === 'asc' ? sql`ASC` : sql`DESC`;
  const { after } = page;
  return sql`
    SELECT ${pageColumns(sql)}
    FROM ${jobs(sql)} j
    CROSS JOIN LATERAL (
      SELECT id, key FROM licenses
      WHERE id BETWEEN j.serial << ${ORDINAL_BITS}::int AND (j.serial << ${ORDINAL_BITS}::int) | ${ORDINAL_MASK}::int
      ${after === null ? sql`` : page.order === 'asc' ? sql`AND id > ${after}::bigint` : sql`AND id < ${after}::bigint`}
      ${filter.search === undefined ? sql`` : sql`AND ${licenseFits(sql, filter.search)}`}
      ORDER BY id ${direction} LIMIT ${page.limit}
    ) l
    WHERE ${jobFits(sql, filter, page.now)}
    ${page.job_serial_max === undefined ? sql`` : sql`AND j.serial <= ${page.job_serial_max}::bigint`}
    ${after === null ? sql`` : page.order === 'asc' ? sql`AND j.serial >= ${after}::bigint >> ${ORDINAL_BITS}::int` : sql`AND j.serial <= ${after}::bigint >> ${ORDINAL_BITS}::int`}
    ORDER BY j.serial ${direction}, l.id ${direction} LIMIT ${page.limit}`;
}

/** Goes the other way: from the few licenses that a search finds to their jobs. */
function pageOfFew(sql: Sql, filter: LicenseFilter, page: LicensePage) {
  const { after } = page;
  return sql`
    SELECT ${pageColumns(sql)}
    FROM (SELECT id, key FROM licenses WHERE ${licenseFits(sql, filter.search ?? '')} OFFSET 0) l
    JOIN ${jobs(sql)} j ON j.serial = l.id >> ${ORDINAL_BITS}::int
    WHERE ${jobFits(sql, filter, page.now)}
    ${page.job_serial_max === undefined ? sql`` : sql`AND j.serial <= ${page.job_serial_max}::bigint`}
    ${after === null ? sql`` : page.order === 'asc' ? sql`AND l.id > ${after}::bigint` : sql`AND l.id < ${after}::bigint`}
    ORDER BY l.id ${page.order === 'asc' ? sql`ASC` : sql`DESC`} LIMIT ${page.limit}`;
}

/** Whether a search finds so few licenses that reading them all is the shortest way; statistics cannot tell. */
async function findsFew(sql: Sql, search: string): Promise<boolean> {
  const [row] = await sql<[{ found: number }]>`
    SELECT count(*)::int AS found FROM (SELECT FROM licenses WHERE ${licenseFits(sql, search)} LIMIT ${FEW_LICENSES_MAX + 1}) AS matches`;
  return row.found <= FEW_LICENSES_MAX;
}

/** The key's column is ordered by bytes, so the keys with one beginning are one range of the unique index. */
function licenseFits(sql: Sql, search: string) {
  const id = parseLicenseId(search);
  if (id !== null) return sql`id = ${id}::bigint`;
  if (search.length < KEY_PREFIX_CHARS_MIN) return sql`key = ${search}`;
  return sql`key >= ${search} AND key < ${search + LAST_CHARACTER}`;
}

function jobFits(sql: Sql, filter: LicenseFilter, now: Instant) {
  const name = filter.source === undefined ? undefined : contractNameOf(filter.source);
  return sql`true
    ${filter.environment === undefined ? sql`` : sql`AND j.environment = ${filter.environment}`}
    ${filter.contract_id === undefined ? sql`` : sql`AND j.contract_id = ${filter.contract_id}`}
    ${filter.job_id === undefined ? sql`` : sql`AND j.job_id = ${filter.job_id}`}
    ${filter.customer_id === undefined ? sql`` : sql`AND j.contract_id IN (SELECT id FROM contracts WHERE customer_id = ${filter.customer_id})`}
    ${name === undefined ? sql`` : sql`AND j.contract_id IN (SELECT id FROM contracts WHERE nfc(name) = nfc(${name}))`}
    ${filter.status === undefined ? sql`` : sql`AND coalesce(j.expires_at <= ${judgedAt(sql, now)}, false) = ${filter.status === 'expired'}`}
    ${filter.is_test === undefined ? sql`` : sql`AND j.is_test = ${filter.is_test}`}`;
}

/** The instant at which licenses of the job `j` are judged. Test clocks are outside production, so that nothing is looked up there. */
function judgedAt(sql: Sql, now: Instant) {
  return sql`CASE WHEN j.environment = 'production' THEN ${now}::timestamptz ELSE coalesce(${clockTime(sql, sql`j.contract_id`)}, ${now}) END`;
}

/** What a license has from its job. */
function jobs(sql: Sql) {
  return sql`(SELECT serial, id AS job_id, contract_id, environment, terms_id, is_test, expires_at, channel, chunk_size FROM generation_jobs)`;
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
