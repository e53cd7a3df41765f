/** Finds or creates the customers of imported licenses, all of a chunk together. */
import { insertAudit } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { resolveCustomer } from '../../db/catalogue/customer';
import { findCustomersByEmail, insertNewCustomers } from '../../db/import/licenses';
import type { Act } from '../../domain/base/edit';
import type { ImportRow } from '../../domain/import/row';
import { NO_CONTACTS } from '../catalogue/customer';

/** The id of the customer of each address in lower case; null for one who was erased. An address without a customer is not in the map. */
export type CustomerIds = Map<string, string | null>;

export function addressOf(row: Pick<ImportRow, 'customer'>): string | undefined {
  return row.customer?.toLowerCase();
}

/** The customers of rows that exist already. Inside a transaction, they can be neither erased nor merged until it ends. */
export async function findCustomers(tx: Sql, rows: readonly ImportRow[]): Promise<CustomerIds> {
  const ids: CustomerIds = new Map();
  const asked = [...new Set(rows.flatMap((row) => addressOf(row) ?? []))];
  if (asked.length === 0) return ids;
  for (const { asked: email, id, erased_at, merged_into } of await findCustomersByEmail(tx, asked)) {
    const survivor = merged_into === null ? id : await resolveCustomer(tx, merged_into);
    ids.set(email, erased_at === null ? survivor : null);
  }
  return ids;
}

/**
 * Creates the customers of rows who do not exist yet, each with an audit row. Of simultaneous creations one is carried out, and the others
 * find its customer.
 */
export async function createCustomers(
  tx: Sql,
  known: CustomerIds,
  rows: readonly ImportRow[],
  act: Act,
): Promise<void> {
  const missing = new Map<string, { email: string; name: string }>();
  for (const row of rows) {
    const address = addressOf(row);
    if (address === undefined || known.has(address) || row.customer === undefined) continue;
    const before = missing.get(address);
    if (before === undefined || (before.name === before.email && row.customer_name !== undefined))
      missing.set(address, { email: row.customer, name: row.customer_name ?? row.customer });
  }
  if (missing.size === 0) return;
  const created = await insertNewCustomers(tx, [...missing.values()], act.now);
  for (const { id, email } of created) known.set(email.toLowerCase(), id);
  await insertAudit(
    tx,
    created.map(({ id, email, name }) => ({
      at: act.now,
      actor: act.actor,
      request_id: act.request_id,
      action: 'customer.created',
      subject_type: 'customer' as const,
      subject_id: id,
      before: null,
      after: { email, name, ...NO_CONTACTS },
    })),
  );
  if (created.length === missing.size) return;
  // Another transaction has just created the others.
  for (const [address, id] of await findCustomers(tx, rows)) {
    if (id === null) throw new Error('a customer was erased right after its creation; the chunk is tried again');
    known.set(address, id);
  }
}
