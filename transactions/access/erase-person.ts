/** Erases a person: a disabled admin, or a customer without an open contract (docs/operations.md). */
import { adminErasureRefusal, customerErasureRefusal, erasedEmail, ERASED_NAME } from '../../domain/access/erasure';
import type { Act } from '../../domain/base/edit';
import { eraseAdmin, findAdmin } from '../../db/access/admin';
import { eraseAdminApiKeys } from '../../db/access/admin-api-key';
import { eraseAccountManager, erasePersonFromHistory, isErased, listEmails, lockPerson } from '../../db/access/person';
import type { ErasedManager, ErasedRows } from '../../db/access/person';
import { auditAct } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { eraseRawMessages } from '../../db/billing/billing-event';
import { countOpenContracts, eraseCustomer, findCustomer } from '../../db/catalogue/customer';

export type PersonKind = 'admin' | 'customer';

export type Erasure =
  | { outcome: 'erased'; kind: PersonKind; rows: ErasedRows & ErasedManager & { billing_messages: number } }
  | { outcome: 'not_found' | 'nothing_left' | 'admin_is_active' }
  | { outcome: 'customer_has_open_contracts'; open_contracts: number };

/**
 * Replaces the person's data by neutral values; call it inside a transaction. History rows are not changed: they have only the
 * id, and so does the one audit row of the erasure. A repeated run erases data that was stored meanwhile, such as a message of
 * a billing system, and leaves an audit row only if there was some.
 */
export async function erasePerson(tx: Sql, id: string, act: Act): Promise<Erasure> {
  const admin = await findAdmin(tx, id, { lock: true });
  const customer = admin ? undefined : await findCustomer(tx, id, { lock: 'erase' });
  if (!admin && !customer) return { outcome: 'not_found' };
  await lockPerson(tx, id);
  const is_first = !(await isErased(tx, id));
  const values = { name: ERASED_NAME, email: erasedEmail(id), now: act.now };
  const emails = await listEmails(tx, id);
  let billing_messages = 0;
  if (admin) {
    const refusal = adminErasureRefusal(admin);
    if (refusal) return { outcome: refusal };
    await eraseAdmin(tx, id, values);
    await eraseAdminApiKeys(tx, id, act.now);
  } else {
    const open_contracts = await countOpenContracts(tx, id);
    const refusal = customerErasureRefusal(open_contracts);
    if (refusal) return { outcome: refusal, open_contracts };
    billing_messages = await eraseRawMessages(tx, id, emails);
    await eraseCustomer(tx, id, values);
  }
  const managed = await eraseAccountManager(tx, { emails, customer_id: customer ? id : null }, ERASED_NAME);
  const rows = await erasePersonFromHistory(tx, id, { now: act.now, neutral_name: ERASED_NAME });
  const kind = admin ? 'admin' : 'customer';
  const erased = { ...rows, ...managed, billing_messages };
  const counts = Object.values<number>(erased);
  if (!is_first && counts.every((count) => count === 0)) return { outcome: 'nothing_left' };
  await auditAct(tx, act, { action: `${kind}.erased`, subject_type: kind, subject_id: id });
  return { outcome: 'erased', kind, rows: erased };
}
