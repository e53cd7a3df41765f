/** Deletes a contract. */
import { isRefusal } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import type { DeleteInput } from '../../domain/contract/ending';
import { auditAct } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { endEndpointsOf } from '../../db/webhook/endpoint';
import type { ChangedContract, ContractAct } from './changed-contract';
import { runCommand } from './run-command';

/** Deletes a contract, or refuses. A refused attempt has an audit row of its own (domain.md 6.2). Call it inside a transaction. */
export async function deleteContract(
  tx: Sql,
  act: ContractAct,
  input: DeleteInput,
): Promise<ChangedContract | Refusal> {
  const outcome = await runCommand(tx, act, { name: 'delete', input });
  if (isRefusal(outcome)) return outcome;
  if (outcome.refusal === null) {
    await endEndpointsOf(tx, act.id, act.now);
    return outcome;
  }
  const { id, environment } = outcome.facts;
  await auditAct(tx, act, {
    action: 'contract.delete_refused',
    subject_type: 'contract',
    subject_id: id,
    contract_id: id,
    environment,
    reason: outcome.refusal.code,
  });
  return outcome;
}
