/** Customers in Postgres, to whom contracts belong. An e-mail address belongs to one customer, whatever its letter case. */
import type { Instant } from '../../domain/base/instant';
import type { Language } from '../../domain/notification/settings';
import { columnNames } from '../base/columns';
import type { Fragment, Sql } from '../base/database';
import { pageByCreation } from '../base/paging';
import type { KeysetPage, Sorted } from '../base/paging';
import { matchesSearch } from '../base/search';

export interface CustomerRow {
  id: string;
  email: string;
  name: string;
  /** The contact for questions about invoices; null when it is `email`. */
  billing_contact: string | null;
  /** The address of the person who looks after the customer, or null. */
  account_manager: string | null;
  /** The address that hears of limits that are exceeded, or null. */
  responsible_person: string | null;
  /** The language of mail to the customer; null: that of the installation. */
  language: Language | null;
  created_at: Instant;
  updated_at: Instant;
  /** When the customer was erased, or null. */
  erased_at: Instant | null;
  /** The customer into whom this one was merged, or null. That one was not merged. */
  merged_into: string | null;
}

/** The fields of a customer that are given. */
export type NewCustomer = Pick<
  CustomerRow,
  'email' | 'name' | 'billing_contact' | 'account_manager' | 'responsible_person' | 'language'
>;

const CUSTOMER_COLUMNS = columnNames<CustomerRow>({
  id: true,
  email: true,
  name: true,
  billing_contact: true,
  account_manager: true,
  responsible_person: true,
  language: true,
  created_at: true,
  updated_at: true,
  erased_at: true,
  merged_into: true,
});

/**
 * A customer, or undefined. `lock` keeps other transactions from changing it until this one ends; `erase` also keeps them from
 * referring to it, and `refer` only keeps them from erasing it.
 */
export async function findCustomer(
  sql: Sql,
  id: string,
  options: { lock?: CustomerLock } = {},
): Promise<CustomerRow | undefined> {
  const [row] = await sql<
    CustomerRow[]
  >`SELECT ${sql(CUSTOMER_COLUMNS)} FROM customers WHERE id = ${id} ${lockClause(sql, options.lock)}`;
  return row;
}

type CustomerLock = 'change' | 'erase' | 'refer';

function lockClause(sql: Sql, lock: CustomerLock | undefined): Fragment {
  if (lock === undefined) return sql``;
  return { change: sql`FOR NO KEY UPDATE`, erase: sql`FOR UPDATE`, refer: sql`FOR KEY SHARE` }[lock];
}

/** Whether a customer exists and was neither erased nor merged. Inside a transaction, neither is possible until it ends. */
export async function customerExists(sql: Sql, id: string): Promise<boolean> {
  const found =
    await sql`SELECT FROM customers WHERE id = ${id} AND erased_at IS NULL AND merged_into IS NULL FOR KEY SHARE`;
  return found.count === 1;
}

/**
 * The customer with an e-mail address in any letter case, or the one into whom that customer was merged. Inside a transaction, the customer
 * can be neither erased nor merged until it ends.
 */
export async function findCustomerByEmail(sql: Sql, email: string): Promise<CustomerRow | undefined> {
  const [row] = await sql<CustomerRow[]>`
    SELECT ${sql(CUSTOMER_COLUMNS)} FROM customers WHERE lower(email) = lower(${email}) FOR KEY SHARE`;
  return row && survivorOf(sql, row);
}

/** The customer into whom a customer was merged, or the customer. Each is read after its lock is granted, because it may have been merged meanwhile. */
async function survivorOf(sql: Sql, customer: CustomerRow): Promise<CustomerRow | undefined> {
  let row: CustomerRow | undefined = customer;
  while (row !== undefined && row.merged_into !== null)
    row = await findCustomer(sql, row.merged_into, { lock: 'refer' });
  return row;
}

/** The id of the customer to whom a reference belongs: the survivor of one who was merged. Call it inside a transaction, which then may refer to it. */
export async function resolveCustomer(tx: Sql, id: string): Promise<string> {
  const row = await findCustomer(tx, id, { lock: 'refer' });
  const survivor = row && (await survivorOf(tx, row));
  return survivor?.id ?? id;
}

/** Locks two customers in the order of their ids, so that nothing refers to them and neither changes until the transaction ends. */
export async function lockCustomers(tx: Sql, ids: readonly string[]): Promise<Map<string, CustomerRow>> {
  const rows = await tx<CustomerRow[]>`
    SELECT ${tx(CUSTOMER_COLUMNS)} FROM customers WHERE id = ANY(${[...ids]}::uuid[]) ORDER BY id FOR UPDATE`;
  return new Map(rows.map((row) => [row.id, row]));
}

/** The customers who were merged into a customer, in the order of their ids. */
export async function listMerged(sql: Sql, id: string): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`SELECT id FROM customers WHERE merged_into = ${id} ORDER BY id`;
  return rows.map((row) => row.id);
}

/**
 * Marks a locked customer as merged, and those who were merged into it before.
 *
 * @throws 23503 while a row refers to the customer
 */
export async function setMergedInto(tx: Sql, id: string, into: string, now: Instant): Promise<CustomerRow> {
  await tx`UPDATE customers SET merged_into = ${into} WHERE merged_into = ${id}`;
  const [row] = await tx<[CustomerRow]>`
    UPDATE customers SET merged_into = ${into}, updated_at = ${now} WHERE id = ${id} RETURNING ${tx(CUSTOMER_COLUMNS)}`;
  return row;
}

/** One page of customers, by creation time. `search` is a part of the e-mail address or the name, or the whole id; `account_manager` is a whole address in any letter case. */
export async function listCustomers(
  sql: Sql,
  filter: { search?: string | undefined; account_manager?: string | undefined },
  page: KeysetPage,
): Promise<Sorted<CustomerRow>[]> {
  const { sort_key, after, order } = pageByCreation(sql, page);
  return sql<Sorted<CustomerRow>[]>`
    SELECT ${sql(CUSTOMER_COLUMNS)}, ${sort_key} AS sort_key FROM customers WHERE true
    ${filter.account_manager === undefined ? sql`` : sql`AND lower(account_manager) = lower(${filter.account_manager})`}
    AND ${matchesSearch(sql, filter.search, ['email', 'name'], 'id')}
    AND ${after} ${order}`;
}

/** Inserts a customer. Throws 23505 on `customers_email_unique` when the e-mail address is taken. */
export async function insertCustomer(tx: Sql, customer: NewCustomer, now: Instant): Promise<CustomerRow> {
  const [row] = await tx<[CustomerRow]>`
    INSERT INTO customers ${tx({ ...customer, created_at: now, updated_at: now })} RETURNING ${tx(CUSTOMER_COLUMNS)}`;
  return row;
}

/** Inserts a customer unless the e-mail address is taken. It waits for a transaction that inserts the same address. */
export async function insertNewCustomer(
  tx: Sql,
  customer: NewCustomer,
  now: Instant,
): Promise<CustomerRow | undefined> {
  const [row] = await tx<CustomerRow[]>`
    INSERT INTO customers ${tx({ ...customer, created_at: now, updated_at: now })}
    ON CONFLICT (lower(email)) DO NOTHING RETURNING ${tx(CUSTOMER_COLUMNS)}`;
  return row;
}

/** Sets fields of a customer. Throws 23505 on `customers_email_unique` when the e-mail address is taken. */
export async function updateCustomer(
  tx: Sql,
  id: string,
  changes: Partial<NewCustomer>,
  now: Instant,
): Promise<CustomerRow> {
  const [row] = await tx<
    [CustomerRow]
  >`UPDATE customers SET ${tx({ ...changes, updated_at: now })} WHERE id = ${id} RETURNING ${tx(CUSTOMER_COLUMNS)}`;
  return row;
}

/** How many contracts of a customer have not ended. */
export async function countOpenContracts(sql: Sql, customer_id: string): Promise<number> {
  const [row] = await sql<[{ count: number }]>`
    SELECT count(*)::int AS count FROM contracts
    WHERE customer_id = ${customer_id} AND state NOT IN ('EXPIRED', 'TERMINATED', 'DELETED')`;
  return row.count;
}

/** Replaces the name and e-mail addresses of a customer by neutral values, permanently. */
export async function eraseCustomer(
  tx: Sql,
  id: string,
  { name, email, now }: { name: string; email: string; now: Instant },
): Promise<void> {
  const nothing = { billing_contact: null, account_manager: null, responsible_person: null };
  await tx`UPDATE customers SET ${tx({ name, email, ...nothing, updated_at: now, erased_at: now })}
    WHERE id = ${id} AND erased_at IS NULL`;
}
