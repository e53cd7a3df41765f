/**
 * Reads issued licenses with their facts. Only `db/generation/grant.ts`, `db/generation/chunk.ts` and `direct-creation.ts` insert them.
 */
import type { Channel } from '../../domain/base/channel';
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import type { JsonObject } from '../../domain/base/json';
import type { OwnExpiryRule } from '../../domain/license/license-expiry';
import type { LicenseFacts } from '../../domain/license/license-facts';
import type { Fragment, Sql } from '../base/database';
import { factsOf } from './license-facts';
import { ORDINAL_MASK } from './license-conditions';
import { lookUp, pageOf, pageOfIds, pageOfOne } from './license-page';
import type { LicenseFilter, LicensePage } from './license-page';

/** A license with its facts and the fields of its job, its license terms and its contract. */
export interface LicenseRow extends LicenseFacts {
  id: string;
  key: string;
  ordinal: number;
  job_id: string;
  /** Null: it was created without a contract. */
  contract_id: string | null;
  /** The contract's name; after its deletion, the last name. */
  contract_name: string | null;
  /** The customer of the contract. */
  contract_customer_id: string | null;
  contract_customer_email: string | null;
  /** The address of the customer to whom the license is assigned. */
  customer_email: string | null;
  environment: Environment;
  is_test: boolean;
  product_id: string;
  generator_id: string;
  features: JsonObject;
  /** Whether it is shown by its certificate. */
  is_signed: boolean;
  activation_limit: number | null;
  /** The expiry that its assignment or activation gives it. */
  own_expiry: OwnExpiryRule | null;
  /** Devices on which it is active. */
  activations: number;
  created_at: Instant;
  /** Whether it was imported from another system. */
  imported: boolean;
  /** When it was created there, if the import says so. */
  originally_created_at: Instant | null;
  channel: Channel;
  /** The time of the contract's test clock, which decides the status; null for the real time. */
  clock_now: Instant | null;
}

/** Rows that an export reads at a time. Larger batches are not faster and delay all other requests (bench/README.md, livez). */
export const EXPORT_PAGE_ROWS = 200;

/** The licenses of one job, in the order of their ordinals. */
export async function listJobLicenses(sql: Sql, job_serial: string): Promise<{ id: string; key: string }[]> {
  return sql<{ id: string; key: string }[]>`
    SELECT id, key FROM licenses WHERE id BETWEEN ${job_serial}::bigint << 24 AND (${job_serial}::bigint << 24) | 16777215 ORDER BY id`;
}

/** One license by its stored id. */
export async function findLicense(sql: Sql, id: string): Promise<LicenseRow | undefined> {
  const [row] = await withDetails(sql, pageOfOne(sql, id), 'asc');
  return row;
}

/** Licenses by their stored ids, in the order of their ids. */
export async function findLicenses(sql: Sql, ids: readonly string[]): Promise<LicenseRow[]> {
  return withDetails(sql, pageOfIds(sql, ids), 'asc');
}

/** One page of licenses. */
export async function listLicenses(sql: Sql, given: LicenseFilter, page: LicensePage): Promise<LicenseRow[]> {
  const filter = await lookUp(sql, given);
  return withDetails(sql, pageOf(sql, filter, page), page.order);
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

/** Selects the number of devices of a license. It only informs, so the real time is that of Postgres. */
function activationsOf(sql: Sql, license_id: Fragment, clock_now: Fragment): Fragment {
  return sql`
    SELECT count(*)::int FROM license_devices d
    WHERE d.license_id = ${license_id} AND coalesce(d.leased_until > coalesce(${clock_now}, statement_timestamp()), true)`;
}

/** Adds the facts and the fields of contracts, license terms and chunks to the rows of a page. */
async function withDetails(sql: Sql, page: Fragment, order: 'asc' | 'desc'): Promise<LicenseRow[]> {
  return sql<LicenseRow[]>`
    WITH page AS MATERIALIZED (${page})
    SELECT p.id, p.key, (p.id & ${ORDINAL_MASK}::int)::int AS ordinal, p.job_id, p.contract_id, c.name AS contract_name,
           c.customer_id AS contract_customer_id, v.email AS contract_customer_email, u.email AS customer_email, p.environment, p.is_test,
           g.product_id, t.generator_id, t.features, t.is_signed, t.activation_limit, t.own_expiry, k.created_at, p.channel, p.execution = 'import' AS imported,
           f.created_at AS originally_created_at, o.now AS clock_now,
           ${factsOf(sql, sql`p.expires_at`)}, (${activationsOf(sql, sql`p.id`, sql`o.now`)}) AS activations
    FROM page p
    JOIN license_terms t ON t.id = p.terms_id
    JOIN generators g ON g.id = t.generator_id
    JOIN generation_chunks k ON k.job_id = p.job_id AND k.chunk_no = ((p.id & ${ORDINAL_MASK}::int) - 1) / p.chunk_size
    LEFT JOIN contracts c ON c.id = p.contract_id
    LEFT JOIN license_facts f ON f.license_id = p.id
    LEFT JOIN customers u ON u.id = f.customer_id
    LEFT JOIN customers v ON v.id = c.customer_id
    LEFT JOIN test_clocks o ON o.id = c.test_clock_id
    ORDER BY p.id ${order === 'asc' ? sql`ASC` : sql`DESC`}`;
}
