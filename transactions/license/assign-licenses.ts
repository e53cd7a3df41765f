/** Assigns licenses to a customer, who is created if no customer has the address. */
import type { Sql } from '../../db/base/database';
import { runUndoable } from '../../db/base/savepoint';
import { findCustomerByEmail } from '../../db/catalogue/customer';
import type { CustomerRow } from '../../db/catalogue/customer';
import type { Act } from '../../domain/base/edit';
import { isRefusal } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { findOrCreateCustomer } from '../catalogue/customer';
import type { LicenseSelection } from './operate-on-licenses';
import { requestOperation } from './request-operation';
import type { RequestedOperation } from './request-operation';

export interface AssignmentRequest {
  selection: LicenseSelection;
  /** The name is that of a customer who is created; null: the address. */
  customer: { email: string; name: string | null };
  /** Whether licenses of other customers are moved. */
  reassign: boolean;
}

export type RequestedAssignment = RequestedOperation & {
  /** Null: there is no customer with the address, and no license was assigned. */
  customer: CustomerRow | null;
  /** Whether the customer was created. */
  customer_created: boolean;
};

/**
 * Assigns licenses at once, or by a job if they are many. A request that assigns no license creates no customer; a job keeps the customer
 * for whom it is. Call it inside a transaction, and roll that back after a refusal.
 */
export async function assignLicenses(
  tx: Sql,
  { selection, customer, reassign }: AssignmentRequest,
  { dry_run = false, ...act }: Act & { dry_run?: boolean },
): Promise<RequestedAssignment | Refusal> {
  const { email, name } = customer;
  const assign = async (): Promise<RequestedAssignment | Refusal> => {
    // Before the licenses are locked: a customer that another transaction is creating is awaited (db/license/locked-license.ts).
    const found = await findOrCreateCustomer(tx, { email, name: name ?? email }, act);
    if (isRefusal(found)) return found;
    const task = { kind: 'assign', customer_id: found.customer.id, reassign } as const;
    const done = await requestOperation(tx, task, selection, { ...act, dry_run });
    return isRefusal(done) ? done : { ...done, customer: found.customer, customer_created: found.created };
  };
  if (await findCustomerByEmail(tx, email)) return assign();
  const done = await runUndoable(tx, assign, createdInVain);
  return createdInVain(done) ? { ...done, customer: null, customer_created: false } : done;
}

/** Whether a customer was created for a request that assigned no license to it. */
function createdInVain(
  done: RequestedAssignment | Refusal,
): done is Extract<RequestedAssignment, { execution: 'inline' }> {
  if (isRefusal(done) || done.execution === 'background') return false;
  return done.customer_created && done.result.counts.done === 0;
}
