/** Creates and edits customers, each write with its audit row. */
import { auditAct } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import {
  findCustomer,
  findCustomerByEmail,
  insertCustomer,
  insertNewCustomer,
  updateCustomer,
} from '../../db/catalogue/customer';
import type { CustomerRow, NewCustomer } from '../../db/catalogue/customer';
import { oweUndeliverable } from '../../db/notification/notice';
import { changedFields, difference, isEmpty } from '../../domain/base/edit';
import type { Act } from '../../domain/base/edit';
import type { JsonObject } from '../../domain/base/json';
import { erasedRefusal } from '../../domain/access/erasure';
import { mergedRefusal } from '../../domain/catalogue/customer-merge';
import { notFound } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';

/** What is known of a customer who was not created by hand. */
export const NO_CONTACTS = {
  billing_contact: null,
  account_manager: null,
  responsible_person: null,
  language: null,
} as const;

/** Fields of an edit; a field that is left out stays unchanged. */
export interface CustomerEdit {
  email?: string | undefined;
  name?: string | undefined;
  billing_contact?: string | null | undefined;
  account_manager?: string | null | undefined;
  responsible_person?: string | null | undefined;
  language?: CustomerRow['language'] | undefined;
}

/** Creates a customer. Throws 23505 on `customers_email_unique` when the address is taken. */
export async function createCustomer(tx: Sql, customer: NewCustomer, act: Act): Promise<CustomerRow> {
  const row = await insertCustomer(tx, customer, act.now);
  await auditAct(tx, act, { ...subjectOf(row), action: 'customer.created', before: null, after: auditedFacts(row) });
  return row;
}

/**
 * The customer with an e-mail address, in any letter case, who is created if there is none. Inside a transaction, the customer can be
 * neither erased nor merged until it ends. Of simultaneous creations one is carried out, and the others find its customer.
 */
export async function findOrCreateCustomer(
  tx: Sql,
  { email, name }: Pick<CustomerRow, 'email' | 'name'>,
  act: Act,
): Promise<{ customer: CustomerRow; created: boolean } | Refusal> {
  for (;;) {
    const found = await findCustomerByEmail(tx, email);
    if (found)
      return found.erased_at === null
        ? { customer: found, created: false }
        : erasedRefusal('customer', found.erased_at);
    const row = await insertNewCustomer(tx, { ...NO_CONTACTS, email, name }, act.now);
    // Another transaction has just created it, so the next read finds it.
    if (!row) continue;
    await auditAct(tx, act, { ...subjectOf(row), action: 'customer.created', before: null, after: auditedFacts(row) });
    return { customer: row, created: true };
  }
}

/**
 * Edits a customer; writes nothing when nothing differs. Throws 23505 on `customers_email_unique` when the address is taken.
 * Refuses with `PERSON_ERASED` when the customer was erased, and with `CUSTOMER_MERGED` when it was merged into another one.
 */
export async function editCustomer(tx: Sql, id: string, edit: CustomerEdit, act: Act): Promise<CustomerRow | Refusal> {
  const before = await findCustomer(tx, id, { lock: 'change' });
  if (!before) return notFound('customer', id);
  if (before.erased_at !== null) return erasedRefusal('customer', before.erased_at);
  if (before.merged_into !== null) return mergedRefusal(before.id, before.merged_into);
  const changes = changedFields<CustomerRow, CustomerEdit>(before, edit);
  if (isEmpty(changes)) return before;
  const after = await updateCustomer(tx, id, changes, act.now);
  const differs = difference(auditedFacts(before), auditedFacts(after));
  await auditAct(tx, act, { ...subjectOf(after), action: 'customer.updated', ...differs });
  await oweUndeliverable(tx, { customer_id: id }, act.now);
  return after;
}

/** The subject of an audit row. */
function subjectOf(row: CustomerRow) {
  return { subject_type: 'customer' as const, subject_id: row.id };
}

function auditedFacts(row: CustomerRow): JsonObject {
  const { email, name, billing_contact, account_manager, responsible_person, language } = row;
  return { email, name, billing_contact, account_manager, responsible_person, language };
}
