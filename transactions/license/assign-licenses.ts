/** Assigns licenses to a customer, who is created if no customer has the address. */
import type { CustomerRow } from '../../db/catalogue/customer';
import type { Sql } from '../../db/base/database';
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
  customer: CustomerRow;
  /** Whether the customer was created. */
  customer_created: boolean;
};

/** Assigns licenses at once, or by a job if they are many. Call it inside a transaction, and roll that back after a refusal. */
export async function assignLicenses(
  tx: Sql,
  { selection, customer, reassign }: AssignmentRequest,
  { dry_run = false, ...act }: Act & { dry_run?: boolean },
): Promise<RequestedAssignment | Refusal> {
  const { email, name } = customer;
  const found = await findOrCreateCustomer(tx, { email, name: name ?? email }, act);
  if (isRefusal(found)) return found;
  const task = { kind: 'assign', customer_id: found.customer.id, reassign } as const;
  const done = await requestOperation(tx, task, selection, { ...act, dry_run });
  return isRefusal(done) ? done : { ...done, customer: found.customer, customer_created: found.created };
}
