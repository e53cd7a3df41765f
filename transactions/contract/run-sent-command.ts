/** Runs a command that was sent to the workflow of its contract: before its deadline, and once even if it is delivered several times. */
import type { Instant } from '../../domain/base/instant';
import { isRefusal } from '../../domain/base/refusal';
import { refusedOutcome } from '../../domain/contract/command';
import type { CommandOutcome, ContractCommand } from '../../domain/contract/command';
import type { OperationRef } from '../../domain/contract/nudge';
import { findAdminActor } from '../../db/access/admin';
import type { Sql } from '../../db/base/database';
import { insertCommandOutcome, isPast } from '../../db/contract/command';
import { lockContract } from '../../db/contract/contract';
import { runCommand } from './run-command';
import { findOutcome } from './find-outcome';
import type { CommandIdentity } from './find-outcome';

/** A command as it is delivered. */
export interface SentCommand extends CommandIdentity {
  command: ContractCommand;
  now: Instant;
  actor_id: string;
  request_id: string;
  /** By the clock of Postgres. After the deadline the command is not run. */
  deadline?: Instant;
}

export const NOTHING_TO_SIGNAL = { job_ids: [], pool_ids: [], operations: [] };

/** The outcome of a command, with the jobs, pools and operations to signal after the commit. */
export interface CommandResult {
  outcome: CommandOutcome;
  job_ids: string[];
  pool_ids: string[];
  operations: OperationRef[];
}

/** Thrown to roll back a transaction: the deadline of its command has passed. */
export class CommandExpired extends Error {
  constructor(readonly deadline: Instant) {
    super(`the command expired at ${deadline}`);
  }
}

/**
 * Runs a command and stores its outcome in the same transaction, or returns the outcome of an earlier equal command. Call it
 * inside a transaction.
 * @throws CommandExpired when its deadline has passed; nothing is stored
 * @throws NotACommand when the command has an unexpected form
 */
export async function runSentCommand(tx: Sql, sent: SentCommand): Promise<CommandResult> {
  const { contract_id, command_id, fingerprint, command, now, request_id } = sent;
  // Read under the lock: an equal command may be running, and its outcome is visible only after its commit.
  await lockContract(tx, contract_id);
  const stored = await findOutcome(tx, { contract_id, command_id, fingerprint });
  if (stored) return { outcome: stored, ...NOTHING_TO_SIGNAL };
  await rejectAfterDeadline(tx, sent);
  const actor = await findAdminActor(tx, sent.actor_id);
  const changed = await runCommand(tx, { id: contract_id, actor, now, request_id }, command);
  if (isRefusal(changed)) return { outcome: refusedOutcome(changed), ...NOTHING_TO_SIGNAL };
  const outcome: CommandOutcome = {
    refusal: changed.refusal,
    changed: changed.changed,
    replayed: false,
    ...(command.name === 'amend' ? { amendment_id: command.input.amendment_id } : {}),
  };
  // A refusal had no effect, so a repetition is decided again (domain.md 5.2).
  if (!changed.refusal) await insertCommandOutcome(tx, { contract_id, command_id, fingerprint }, outcome);
  // Checked again, because the change may have waited for rows that were locked elsewhere.
  await rejectAfterDeadline(tx, sent);
  const { job_ids, pool_ids = [], operations = [] } = changed.nudge;
  return { outcome, job_ids, pool_ids, operations };
}

async function rejectAfterDeadline(tx: Sql, { deadline }: SentCommand): Promise<void> {
  if (deadline !== undefined && (await isPast(tx, deadline))) throw new CommandExpired(deadline);
}
