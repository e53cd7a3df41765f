/**
 * Merges a customer into another one: everything that refers to the first moves to the second, in one transaction.
 *
 * Both customers are locked against new references (FOR UPDATE), so a statement that refers to one of them waits. Afterwards the foreign
 * keys refuse the merged one (`customers.reference_id`): an order that looked it up before looks again, and finds the survivor.
 *
 * Lock order: unfinished assignments, customers, holds, facts of licenses, contracts with their quota rows.
 */
import type { Act } from '../../domain/base/edit';
import { isRefusal, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { MERGE_MAX, mergeDecision, tooLargeRefusal } from '../../domain/catalogue/customer-merge';
import type { CustomerReferences } from '../../domain/catalogue/customer-merge';
import { moveToSurvivor } from '../../domain/contract/merged-customer';
import type { Nudge } from '../../domain/contract/nudge';
import { auditAct } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { lockCustomers, setMergedInto } from '../../db/catalogue/customer';
import type { CustomerRow } from '../../db/catalogue/customer';
import {
  countReferences,
  findSelectingOperation,
  listContractsOfCustomer,
  lockOperationsOf,
  moveHoldsAndOperations,
  moveLicenses,
} from '../../db/catalogue/customer-references';
import { moveDeletedContract } from '../../db/contract/save-contract';
import { settleAndDecide } from './settle-and-decide';

export interface Merge {
  id: string;
  /** The customer who stays. */
  into: string;
}

export interface MergedCustomer {
  /** The customer who was merged. */
  customer: CustomerRow;
  /** What was moved; all zero when the merge was done before. */
  moved: CustomerReferences;
  /** The workflows to signal after the commit, one nudge for each contract that was moved. */
  nudges: Nudge[];
}

const NOTHING: CustomerReferences = { contracts: 0, licenses: 0, holds: 0 };

/** Merges a customer into another one, with an audit row about each, or refuses. Call it inside a transaction. Safe to run twice. */
export async function mergeCustomers(
  tx: Sql,
  { id, into }: Merge,
  act: Act,
  max: CustomerReferences = MERGE_MAX,
): Promise<MergedCustomer | Refusal> {
  await lockOperationsOf(tx, id);
  const customers = await lockCustomers(tx, [id, into]);
  const decision = mergeDecision({ id, into }, customers);
  if (isRefusal(decision)) return decision;
  if (decision === 'unchanged') return { customer: customers.get(id) as CustomerRow, moved: NOTHING, nudges: [] };
  const operation_id = await findSelectingOperation(tx, [id, into]);
  if (operation_id !== undefined) return refuse('CUSTOMER_BUSY', { operation_id });
  const moved = await countReferences(tx, id, max);
  const too_large = tooLargeRefusal(moved, max);
  if (too_large) return too_large;

  await moveHoldsAndOperations(tx, id, into);
  await moveLicenses(tx, id, into);
  const nudges = await moveContracts(tx, { id, into }, act);
  const customer = await setMergedInto(tx, id, into, act.now);
  const audit = { action: 'customer.merged', subject_type: 'customer' } as const;
  await auditAct(tx, act, {
    ...audit,
    subject_id: id,
    before: { merged_into: null },
    after: { merged_into: into, ...moved },
  });
  await auditAct(tx, act, { ...audit, subject_id: into, before: null, after: { merged_from: id, ...moved } });
  return { customer, moved, nudges };
}

async function moveContracts(tx: Sql, { id: customer_id, into }: Merge, act: Act): Promise<Nudge[]> {
  const nudges: Nudge[] = [];
  for (const { id, is_deleted } of await listContractsOfCustomer(tx, customer_id)) {
    const changed = is_deleted
      ? null
      : await settleAndDecide(tx, { ...act, id }, { by: 'time' }, (facts, { now }) =>
          moveToSurvivor(facts, { customer_id, into }, now),
        );
    // It may have been deleted while its lock was awaited.
    if (changed === null || isRefusal(changed)) await moveDeletedContract(tx, id, { customer_id, into });
    else nudges.push(changed.nudge);
  }
  return nudges;
}
