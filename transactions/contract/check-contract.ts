/** Checks requests for licenses and the resumption of jobs against a contract without changing it. */
import type { Refusal } from '../../domain/base/refusal';
import type { DecisionContext } from '../../domain/contract/decision';
import type { ContractFacts } from '../../domain/contract/facts';
import type { Sql } from '../../db/base/database';
import type { ChangedContract, ContractAct } from './changed-contract';
import { settleAndDecide } from './settle-and-decide';

/**
 * Settles a contract by time alone and checks it under its lock. The `refusal` of the result is what `check` returns. Call it
 * inside a transaction.
 */
export function checkContract(
  tx: Sql,
  act: ContractAct,
  check: (facts: ContractFacts, context: DecisionContext) => Refusal | null,
): Promise<ChangedContract | Refusal> {
  return settleAndDecide(tx, act, { by: 'time' }, (facts, context) => check(facts, context) ?? 'unchanged');
}

/**
 * Settles a contract by time alone and locks its generator and quota row until the transaction ends, so that licenses can be
 * granted in it. The `refusal` of the result is what `check` returns; null without it.
 */
export function settleForGrant(
  tx: Sql,
  act: ContractAct,
  check: (facts: ContractFacts, context: DecisionContext) => Refusal | null = () => null,
): Promise<ChangedContract | Refusal> {
  const decide = (facts: ContractFacts, context: DecisionContext) => check(facts, context) ?? 'unchanged';
  return settleAndDecide(tx, act, { by: 'time' }, decide, { lock_quota: true });
}
