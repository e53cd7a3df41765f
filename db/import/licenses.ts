/** Inserts imported licenses with their facts and devices, and looks up what forbids it. */
import type { Instant } from '../../domain/base/instant';
import type { ImportRow } from '../../domain/import/row';
import type { CustomerRow } from '../catalogue/customer';
import { ROW_LICENSES_MAX, poolColumns } from '../pool/available';
import type { Fragment, Sql } from '../base/database';

/** Joins values into one text: the driver sends one text much faster than an array, and Postgres reads it faster than JSON. */
const JOINER = '\n';

/** One column of rows for `ROWS FROM`. No value is empty or has a line break. */
function column<T>(sql: Sql, rows: readonly T[], valueOf: (row: T) => string | null): Fragment {
  return sql`string_to_table(${rows.map((row) => valueOf(row) ?? '').join(JOINER)}, ${JOINER}, '')`;
}

/** A key that a license has already. */
export interface ExistingKey {
  key: string;
  contract_id: string | null;
}

/** Of these keys, those that exist, with their contracts. */
export async function findExistingKeys(sql: Sql, keys: readonly string[]): Promise<ExistingKey[]> {
  if (keys.length === 0) return [];
  return sql<ExistingKey[]>`
    SELECT l.key, j.contract_id
    FROM ${column(sql, keys, (key) => key)} AS given (key)
    CROSS JOIN LATERAL (SELECT id, key FROM licenses WHERE key = given.key OFFSET 0) l JOIN generation_jobs j ON j.serial = l.id >> 24`;
}

/** Licenses to be inserted. */
type NewLicense = Pick<ImportRow, 'ordinal' | 'key'>;

/** A query for the ids and keys of licenses, in the order of keys, so that two imports with the same keys do not wait for each other. */
function selectNew(sql: Sql, serial: string, rows: readonly NewLicense[]): Fragment {
  return sql`
    SELECT (${serial}::bigint << 24) + given.ordinal, given.key
    FROM ROWS FROM (unnest(${rows.map(({ ordinal }) => ordinal)}::int[]), ${column(sql, rows, ({ key }) => key)}) AS given (ordinal, key)
    ORDER BY given.key COLLATE "C"`;
}

/** Inserts licenses. Fails when one of their keys exists already; the other function costs half as much again. */
export async function insertNewLicenses(tx: Sql, serial: string, rows: readonly NewLicense[]): Promise<void> {
  if (rows.length > 0) await tx`INSERT INTO licenses (id, key) ${selectNew(tx, serial, rows)}`;
}

/** Inserts licenses, except those whose keys exist already. Returns the ordinals that were inserted. */
export async function insertLicensesUnlessTaken(
  tx: Sql,
  serial: string,
  rows: readonly NewLicense[],
): Promise<ReadonlySet<number>> {
  if (rows.length === 0) return new Set();
  const [inserted] = await tx<[{ ordinals: number[] | null }]>`
    WITH inserted AS (
      INSERT INTO licenses (id, key) ${selectNew(tx, serial, rows)}
      ON CONFLICT (key) DO NOTHING RETURNING (id & 16777215)::int AS ordinal
    )
    -- Usually all are inserted: then their numbers need not be sent back.
    SELECT CASE WHEN count(*) < ${rows.length} THEN coalesce(array_agg(ordinal), '{}') END AS ordinals FROM inserted`;
  return new Set(inserted.ordinals ?? rows.map(({ ordinal }) => ordinal));
}

/** The facts of an imported license. */
export interface ImportedFacts {
  ordinal: number;
  customer_id: string | null;
  created_at: Instant | null;
  assigned_at: Instant | null;
  activated_at: Instant | null;
  suspended_at: Instant | null;
  revoked_at: Instant | null;
  expires_at: Instant | null;
}

/** Inserts the facts of licenses that this transaction has inserted. */
export async function insertImportedFacts(tx: Sql, serial: string, facts: readonly ImportedFacts[]): Promise<void> {
  if (facts.length === 0) return;
  const of = (name: Exclude<keyof ImportedFacts, 'ordinal'>): Fragment => column(tx, facts, (one) => one[name]);
  await tx`
    INSERT INTO license_facts (license_id, customer_id, created_at, assigned_at, activated_at, suspended_at, revoked_at, expires_at)
    SELECT (${serial}::bigint << 24) + ordinal, customer_id::uuid, created_at::timestamptz, assigned_at::timestamptz, activated_at::timestamptz,
           suspended_at::timestamptz, revoked_at::timestamptz, expires_at::timestamptz
    FROM ROWS FROM (unnest(${facts.map(({ ordinal }) => ordinal)}::int[]), ${of('customer_id')}, ${of('created_at')}, ${of('assigned_at')},
                    ${of('activated_at')}, ${of('suspended_at')}, ${of('revoked_at')}, ${of('expires_at')})
      AS f (ordinal, customer_id, created_at, assigned_at, activated_at, suspended_at, revoked_at, expires_at)`;
}

/** A device of an imported license. */
export interface ImportedDevice {
  ordinal: number;
  device_id: string;
  activated_at: Instant;
}

/** Inserts devices of licenses that this transaction has inserted. Their leases begin `now`. */
export async function insertImportedDevices(
  tx: Sql,
  serial: string,
  devices: readonly ImportedDevice[],
  { now, lease_minutes }: { now: Instant; lease_minutes: number | null },
): Promise<void> {
  if (devices.length === 0) return;
  await tx`
    INSERT INTO license_devices (license_id, device_id, activated_at, seen_at, leased_until)
    SELECT (${serial}::bigint << 24) + ordinal, device_id, activated_at, activated_at, ${now}::timestamptz + make_interval(mins => ${lease_minutes}::int)
    FROM json_to_recordset(${JSON.stringify(devices)}::text::json) AS d (ordinal int, device_id text, activated_at timestamptz)`;
}

/** Makes unused licenses of a pool available, which this transaction has inserted: rows of up to ROW_LICENSES_MAX. */
export async function insertIntoPool(
  tx: Sql,
  { serial, contract_id, expires_at }: { serial: string; contract_id: string; expires_at: Instant | null },
  ordinals: readonly number[],
): Promise<void> {
  if (ordinals.length === 0) return;
  await tx`
    INSERT INTO pool_available (${poolColumns(tx)})
    SELECT ${contract_id}, coalesce(${expires_at}::timestamptz, 'infinity'), min(id), max(id), range_agg(int8range(id, id + 1)), count(*)::int
    FROM (SELECT ordinal, (${serial}::bigint << 24) + ordinal AS id FROM unnest(${[...ordinals]}::int[]) AS o (ordinal)) l
    GROUP BY (ordinal - 1) / ${tx.unsafe(String(ROW_LICENSES_MAX))}`;
}

/** What imports need of a customer. */
export type ImportCustomer = Pick<CustomerRow, 'id' | 'erased_at' | 'merged_into'> & { asked: string };

/**
 * The customers with these addresses, in any letter case; `asked` is the address as it was given. Inside a transaction, they can be neither
 * erased nor merged until it ends. Locked in the order of their ids.
 */
export async function findCustomersByEmail(tx: Sql, emails: readonly string[]): Promise<ImportCustomer[]> {
  return tx<ImportCustomer[]>`
    SELECT c.id, c.erased_at, c.merged_into, given.email AS asked
    FROM json_array_elements_text(${JSON.stringify(emails)}::text::json) AS given (email) JOIN customers c ON lower(c.email) = lower(given.email)
    ORDER BY c.id FOR KEY SHARE OF c`;
}

/** Inserts customers whose addresses are not taken, in the order of the addresses, and returns those that it inserted. */
export async function insertNewCustomers(
  tx: Sql,
  customers: readonly { email: string; name: string }[],
  now: Instant,
): Promise<Pick<CustomerRow, 'id' | 'email' | 'name'>[]> {
  return tx<Pick<CustomerRow, 'id' | 'email' | 'name'>[]>`
    INSERT INTO customers (email, name, created_at, updated_at)
    SELECT email, name, ${now}, ${now} FROM json_to_recordset(${JSON.stringify(customers)}::text::json) AS c (email text, name text)
    ORDER BY lower(email)
    ON CONFLICT (lower(email)) DO NOTHING RETURNING id, email, name`;
}
