/** Runs one command on a contract. */
import type { Refusal } from '../../domain/base/refusal';
import { NotACommand, decide, needsOf } from '../../domain/contract/command';
import type { ContractCommand } from '../../domain/contract/command';
import type { Decision, DecisionContext } from '../../domain/contract/decision';
import type { ContractFacts } from '../../domain/contract/facts';
import type { Sql } from '../../db/base/database';
import type { ChangedContract, ContractAct } from './changed-contract';
import { settleAndDecide } from './settle-and-decide';

/**
 * Settles a contract by time alone and runs a command on it, or refuses; call it inside a transaction.
 * @throws NotACommand when the command has an unexpected form
 */
export async function runCommand(
  tx: Sql,
  act: ContractAct,
  command: ContractCommand,
): Promise<ChangedContract | Refusal> {
  const needs = rejectInvalidCommand(command, () => needsOf(command));
  const decideIt = (facts: ContractFacts, context: DecisionContext): Decision =>
    rejectInvalidCommand(command, () => decide(command, facts, context));
  return settleAndDecide(tx, act, { by: 'time' }, decideIt, needs);
}

/** Calls the domain with a command. The domain has no I/O, so an error means that the command has an unexpected form. */
function rejectInvalidCommand<T>(command: ContractCommand, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw new NotACommand(command, error);
  }
}
