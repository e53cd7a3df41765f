/** Judging what is asked of a contract without changing it: requests for licenses, and jobs that are to go on. */
import type { Refusal } from '../../domain/base/refusal';
import type { DecisionContext } from '../../domain/contract/decision';
import type { ContractFacts } from '../../domain/contract/facts';
import type { Sql } from '../../db/base/database';
import type { Changed, ContractAct } from './changed';
import { settleAndDecide } from './settle-and-decide';

/**
 * Settles a contract by time alone and judges it under its lock; `refusal` of the answer is what `judge` says. Call it inside a
 * transaction.
 */
export function judgeContract(
  tx: Sql,
  act: ContractAct,
  judge: (facts: ContractFacts, context: DecisionContext) => Refusal | null,
): Promise<Changed | Refusal> {
  return settleAndDecide(tx, act, { by: 'time' }, (facts, context) => judge(facts, context) ?? 'unchanged');
}

/**
 * Settles a contract by time alone and keeps its generator and its quota row from changing until the transaction ends, so that
 * licenses can be granted in it.
 */
export function settleForGrant(tx: Sql, act: ContractAct): Promise<Changed | Refusal> {
  return settleAndDecide(tx, act, { by: 'time' }, undefined, { lock_quota: true });
}
