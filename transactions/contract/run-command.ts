/** Carrying out one command on a contract. */
import type { Refusal } from '../../domain/base/refusal';
import { NotACommand, decide, needsOf } from '../../domain/contract/command';
import type { ContractCommand } from '../../domain/contract/command';
import type { Decision, DecisionContext } from '../../domain/contract/decision';
import type { ContractFacts } from '../../domain/contract/facts';
import type { Sql } from '../../db/base/database';
import type { Changed, ContractAct } from './changed';
import { settleAndDecide } from './settle-and-decide';

/**
 * Settles a contract by time alone and carries out a command on it, or says why not; call it inside a transaction.
 * @throws NotACommand when the command is not what its decision expects
 */
export async function runCommand(tx: Sql, act: ContractAct, command: ContractCommand): Promise<Changed | Refusal> {
  const needs = asked(command, () => needsOf(command));
  const decideIt = (facts: ContractFacts, context: DecisionContext): Decision =>
    asked(command, () => decide(command, facts, context));
  return settleAndDecide(tx, act, { by: 'time' }, decideIt, needs);
}

/** What the domain says of a command. It has no I/O: where it throws, the command is not what its decision expects. */
function asked<T>(command: ContractCommand, ask: () => T): T {
  try {
    return ask();
  } catch (error) {
    throw new NotACommand(command, error);
  }
}
