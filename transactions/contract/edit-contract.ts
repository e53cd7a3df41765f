/**
 * Editing a contract: every PATCH begins here, also one that the workflow carries out (decisions 1).
 *
 * The contract is locked, settled and judged once, in this process. An edit that leaves the state as it is, is refused, or asks for
 * what already holds ends here: it needs neither Temporal nor a worker. One that activates, pauses or resumes is the workflow's, which
 * carries out the commands of its contract one after another; it judges again under the same lock.
 */
import { isRefusal, missingReference } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { decide, needsOf } from '../../domain/contract/command';
import { movesState } from '../../domain/contract/edit';
import type { EditInput } from '../../domain/contract/edit';
import type { Sql } from '../../db/base/database';
import { customerExists } from '../../db/catalogue/customer';
import { contractExists } from '../../db/contract/contract';
import type { Changed, ContractAct } from './changed';
import { settleAndDecide } from './settle-and-decide';

/** What came of an edit; `for_workflow` when it moves the state: then it is not carried out yet. */
export interface Edited extends Changed {
  for_workflow: boolean;
}

/** Edits a contract, says why not, or leaves the edit to the workflow of the contract; call it inside a transaction. */
export async function editContract(tx: Sql, act: ContractAct, input: EditInput): Promise<Edited | Refusal> {
  const missing = await missingOf(tx, input);
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

/** The refusal of an edit that names what is not there, or null. */
export async function missingOf(
  sql: Sql,
  { customer_id, renewal }: Pick<EditInput, 'customer_id' | 'renewal'>,
): Promise<Refusal | null> {
  if (customer_id && !(await customerExists(sql, customer_id))) return missingReference('customer_id', 'customer');
  if (renewal?.coterm_with && !(await contractExists(sql, renewal.coterm_with)))
    return missingReference('renewal.coterm_with', 'contract');
  return null;
}
