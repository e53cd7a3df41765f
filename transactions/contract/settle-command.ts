/** Finding out what became of a command whose sender did not receive the outcome. */
import type { Instant } from '../../domain/base/instant';
import { refuse } from '../../domain/base/refusal';
import { refusedOutcome } from '../../domain/contract/command';
import type { CommandOutcome } from '../../domain/contract/command';
import { beginLocked } from '../../db/base/database';
import type { Database, Sql } from '../../db/base/database';
import { findStoredOutcome, isPast } from '../../db/contract/command';
import { lockContract } from '../../db/contract/contract';

/** How long the lock of a contract is awaited in order to settle what became of a command. */
const SETTLE_WAIT_MS = 1_000;

/** What names a command: equal ids are one command, and the fingerprint tells it from another one under the same id. */
export interface CommandIdentity {
  contract_id: string;
  command_id: string;
  fingerprint: string;
}

/** The stored outcome of a command, or a refusal when its id was used for another one; undefined when it is new. */
export async function findOutcome(sql: Sql, command: CommandIdentity): Promise<CommandOutcome | undefined> {
  const stored = await findStoredOutcome(sql, command.contract_id, command.command_id);
  if (!stored) return undefined;
  if (stored.fingerprint !== command.fingerprint) return refusedOutcome(refuse('IDEMPOTENCY_KEY_REUSED'));
  return { ...stored.outcome, replayed: true };
}

/**
 * What became of a command: its stored outcome, or the refusal `COMMAND_EXPIRED`. Ask after its deadline. Whoever carries it out locks
 * the contract, stores the outcome, checks the deadline, and commits; so under that lock nothing is under way, and what is not stored
 * then is never carried out.
 * @throws Error before the deadline, and when the contract stays locked
 */
export function settleCommand(db: Database, command: CommandIdentity & { deadline: Instant }): Promise<CommandOutcome> {
  const { contract_id, deadline } = command;
  const settle = async (tx: Sql): Promise<CommandOutcome> => {
    await lockContract(tx, contract_id);
    const stored = await findOutcome(tx, command);
    if (stored) return stored;
    if (!(await isPast(tx, deadline))) throw new Error(`the command may be carried out until ${deadline}`);
    return refusedOutcome(refuse('COMMAND_EXPIRED', { deadline }));
  };
  return beginLocked(db, [{ table: 'contracts', id: contract_id }], settle, SETTLE_WAIT_MS);
}
