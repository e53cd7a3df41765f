/** Finds the outcome of a command whose sender did not receive it. */
import type { Instant } from '../../domain/base/instant';
import { refuse } from '../../domain/base/refusal';
import { refusedOutcome } from '../../domain/contract/command';
import type { CommandOutcome } from '../../domain/contract/command';
import { beginLocked } from '../../db/base/database';
import type { Database, Sql } from '../../db/base/database';
import { findStoredOutcome, isPast } from '../../db/contract/command';
import { lockContract } from '../../db/contract/contract';

/** How long to wait for the lock of a contract before its final outcome is read. */
const LOCK_WAIT_MS = 1_000;

/** Identifies a command. Equal ids are one command; the fingerprint detects another command under the same id. */
export interface CommandIdentity {
  contract_id: string;
  command_id: string;
  fingerprint: string;
}

/** The stored outcome of a command, or a refusal when its id was used for another command; undefined for a new command. */
export async function findOutcome(sql: Sql, command: CommandIdentity): Promise<CommandOutcome | undefined> {
  const stored = await findStoredOutcome(sql, command.contract_id, command.command_id);
  if (!stored) return undefined;
  if (stored.fingerprint !== command.fingerprint) return refusedOutcome(refuse('IDEMPOTENCY_KEY_REUSED'));
  return { ...stored.outcome, replayed: true };
}

/**
 * The final outcome of a command: the stored one, or the refusal `COMMAND_EXPIRED`. Call it after the deadline. A transaction
 * that runs the command locks the contract, stores the outcome, checks the deadline and commits. So under that lock no such
 * transaction is open, and a command without a stored outcome will never be run.
 * @throws Error before the deadline, and when the contract stays locked
 */
export function findFinalOutcome(
  db: Database,
  command: CommandIdentity & { deadline: Instant },
): Promise<CommandOutcome> {
  const { contract_id, deadline } = command;
  const find = async (tx: Sql): Promise<CommandOutcome> => {
    await lockContract(tx, contract_id);
    const stored = await findOutcome(tx, command);
    if (stored) return stored;
    if (!(await isPast(tx, deadline))) throw new Error(`the command may still be run until ${deadline}`);
    return refusedOutcome(refuse('COMMAND_EXPIRED', { deadline }));
  };
  return beginLocked(db, [{ table: 'contracts', id: contract_id }], find, LOCK_WAIT_MS);
}
