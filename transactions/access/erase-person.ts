/** Erases a person: a disabled admin, or a customer without an open contract (docs/operations.md). */
import { adminErasureRefusal, customerErasureRefusal, erasedEmail, ERASED_NAME } from '../../domain/access/erasure';
import type { Act } from '../../domain/base/edit';
import { eraseAdmin, findAdmin } from '../../db/access/admin';
import { eraseAdminApiKeys } from '../../db/access/admin-api-key';
import { eraseSignIns } from '../../db/access/session';
import { eraseContact, erasePersonFromHistory, isErased, listEmails, lockPerson } from '../../db/access/person';
import type { ErasedContact, ErasedRows } from '../../db/access/person';
import { auditAct } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { eraseRawMessages } from '../../db/billing/billing-event';
import { countArrivingFiles, eraseImportRows, lockImportRows } from '../../db/import/erasure';
import { eraseAddresses } from '../notification/erase-addresses';
import type { ErasedMail } from '../notification/erase-addresses';
import { countOpenContracts, eraseCustomer, findCustomer, listMerged } from '../../db/catalogue/customer';

export type PersonKind = 'admin' | 'customer';

export type Erasure =
  | {
      outcome: 'erased';
      kind: PersonKind;
      rows: ErasedRows & ErasedContact & ErasedMail & { billing_messages: number; import_rows: number };
      /** Files of imports that were arriving. Their further rows can name the person again. */
      arriving_files: number;
    }
  | { outcome: 'not_found' | 'nothing_left' | 'admin_is_active' }
  | { outcome: 'customer_is_merged'; merged_into: string }
  | { outcome: 'customer_has_open_contracts'; open_contracts: number };

/**
 * Replaces the person's data by neutral values; call it inside a transaction. History rows are not changed: they have only the
 * id, and so does the one audit row of the erasure. A repeated run erases data that was stored meanwhile, such as a message of
 * a billing system, and leaves an audit row only if there was some. Rows of a file that arrive later are those of a new customer.
 */
export async function erasePerson(tx: Sql, id: string, act: Act): Promise<Erasure> {
  // Imports lock their rows before the customers in them.
  await lockImportRows(
    tx,
    (await Promise.all([id, ...(await listMerged(tx, id))].map((one) => listEmails(tx, one)))).flat(),
  );
  const admin = await findAdmin(tx, id, { lock: true });
  const customer = admin ? undefined : await findCustomer(tx, id, { lock: 'erase' });
  if (!admin && !customer) return { outcome: 'not_found' };
  if (customer && customer.merged_into !== null)
    return { outcome: 'customer_is_merged', merged_into: customer.merged_into };
  await lockPerson(tx, id);
  const is_first = !(await isErased(tx, id));
  const values = { name: ERASED_NAME, email: erasedEmail(id), now: act.now };
  // Customers who were merged into this one are the same person.
  const merged = customer ? await listMerged(tx, id) : [];
  for (const other of merged) await lockPerson(tx, other);
  const emails = (await Promise.all([id, ...merged].map((one) => listEmails(tx, one)))).flat();
  let billing_messages = 0;
  let import_rows = 0;
  let mail: ErasedMail;
  if (admin) {
    const refusal = adminErasureRefusal(admin);
    if (refusal) return { outcome: refusal };
    mail = await eraseAddresses(tx, { emails, customer_ids: [] }, act.now);
    await eraseAdmin(tx, id, values);
    await eraseAdminApiKeys(tx, id, act.now);
    await eraseSignIns(tx, id);
  } else {
    const open_contracts = await countOpenContracts(tx, id);
    const refusal = customerErasureRefusal(open_contracts);
    if (refusal) return { outcome: refusal, open_contracts };
    billing_messages = await eraseRawMessages(tx, id, emails);
    import_rows = await eraseImportRows(tx, emails);
    mail = await eraseAddresses(tx, { emails, customer_ids: [id, ...merged] }, act.now);
    for (const one of [id, ...merged]) await eraseCustomer(tx, one, { ...values, email: erasedEmail(one) });
  }
  const managed = await eraseContact(tx, { emails, customer_id: customer ? id : null }, ERASED_NAME);
  const rows = await erasePersonFromHistory(tx, id, { now: act.now, neutral_name: ERASED_NAME });
  for (const one of merged) {
    const more = await erasePersonFromHistory(tx, one, { now: act.now, neutral_name: ERASED_NAME });
    for (const field of Object.keys(rows) as (keyof ErasedRows)[]) rows[field] += more[field];
  }
  const kind = admin ? 'admin' : 'customer';
  const erased = { ...rows, ...managed, ...mail, billing_messages, import_rows };
  const counts = Object.values<number>(erased);
  if (!is_first && counts.every((count) => count === 0)) return { outcome: 'nothing_left' };
  await auditAct(tx, act, { action: `${kind}.erased`, subject_type: kind, subject_id: id });
  return { outcome: 'erased', kind, rows: erased, arriving_files: await countArrivingFiles(tx) };
}
