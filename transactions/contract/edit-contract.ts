/**
 * Edits a contract. Every PATCH begins here, even one that runs in the workflow (decisions 1).
 *
 * The contract is locked, settled and decided on once, in this process. An edit ends here when it does not change the state, is
 * refused, or has nothing to change: it needs neither Temporal nor a worker. An edit that activates, pauses or resumes runs in
 * the workflow, which runs the commands of its contract one after another and decides again under the same lock.
 */
import { isRefusal, missingReference } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { decide, needsOf } from '../../domain/contract/command';
import { movesState } from '../../domain/contract/edit';
import type { EditInput } from '../../domain/contract/edit';
import type { Sql } from '../../db/base/database';
import { customerExists } from '../../db/catalogue/customer';
import { contractExists } from '../../db/contract/contract';
import type { ChangedContract, ContractAct } from './changed-contract';
import { settleAndDecide } from './settle-and-decide';

/** The result of an edit. `for_workflow` is true when it changes the state: then the workflow must run it. */
export interface Edited extends ChangedContract {
  for_workflow: boolean;
}

/** Edits a contract, refuses, or leaves the edit to the workflow of the contract. Call it inside a transaction. */
export async function editContract(tx: Sql, act: ContractAct, input: EditInput): Promise<Edited | Refusal> {
  const missing = await missingReferenceOf(tx, input);
  if (missing) return missing;
  const command = { name: 'edit', input } as const;
  let for_workflow = false;
  const changed = await settleAndDecide(
    tx,
    act,
    { by: 'time' },
    (facts, context) => {
      const decision = decide(command, facts, context);
      for_workflow = movesState(decision);
      return for_workflow ? 'unchanged' : decision;
    },
    needsOf(command),
  );
  return isRefusal(changed) ? changed : { ...changed, for_workflow };
}

/** The refusal of an edit that refers to something that does not exist; null when everything exists. */
export async function missingReferenceOf(
  sql: Sql,
  { customer_id, renewal }: Pick<EditInput, 'customer_id' | 'renewal'>,
): Promise<Refusal | null> {
  if (customer_id && !(await customerExists(sql, customer_id))) return missingReference('customer_id', 'customer');
  if (renewal?.coterm_with && !(await contractExists(sql, renewal.coterm_with)))
    return missingReference('renewal.coterm_with', 'contract');
  return null;
}
