/** Carrying out a command that was sent to the workflow of its contract: once, however often it is delivered, and in time. */
import type { Instant } from '../../domain/base/instant';
import { isRefusal } from '../../domain/base/refusal';
import { refusedOutcome } from '../../domain/contract/command';
import type { CommandOutcome, ContractCommand } from '../../domain/contract/command';
import { findAdminActor } from '../../db/access/admin';
import type { Sql } from '../../db/base/database';
import { insertCommandOutcome, isPast } from '../../db/contract/command';
import { lockContract } from '../../db/contract/contract';
import { runCommand } from './run-command';
import { findOutcome } from './settle-command';
import type { CommandIdentity } from './settle-command';

/** A command as it is delivered. */
export interface SentCommand extends CommandIdentity {
  command: ContractCommand;
  now: Instant;
  actor_id: string;
  request_id: string;
  /** By Postgres' clock; from then on the command is not carried out. */
  deadline?: Instant;
}

/** What came of a command, with the jobs to wake after the commit. */
export interface CarriedOut {
  outcome: CommandOutcome;
  job_ids: string[];
}

/** Thrown out of a transaction in order to roll it back: the deadline of its command has passed. */
export class CommandExpired extends Error {
  constructor(readonly deadline: Instant) {
    super(`the command expired at ${deadline}`);
  }
}

/**
 * Carries out a command and stores its outcome with what it changed, or answers the outcome of an equal one before; call it inside a
 * transaction.
 * @throws CommandExpired when its deadline has passed; it leaves nothing behind
 * @throws NotACommand when the command is not what its decision expects
 */
export async function runSentCommand(tx: Sql, sent: SentCommand): Promise<CarriedOut> {
  const { contract_id, command_id, fingerprint, command, now, request_id } = sent;
  // Under the lock: an equal command may be under way, and its outcome stands only when it has committed.
  await lockContract(tx, contract_id);
  const stored = await findOutcome(tx, { contract_id, command_id, fingerprint });
  if (stored) return { outcome: stored, job_ids: [] };
  await expectInTime(tx, sent);
  const actor = await findAdminActor(tx, sent.actor_id);
  const changed = await runCommand(tx, { id: contract_id, actor, now, request_id }, command);
  if (isRefusal(changed)) return { outcome: refusedOutcome(changed), job_ids: [] };
  const outcome: CommandOutcome = {
    refusal: changed.refusal,
    changed: changed.changed,
    replayed: false,
    ...(command.name === 'amend' ? { amendment_id: command.input.amendment_id } : {}),
  };
  // A refusal had no effect: a repetition is judged afresh (domain.md 5.2).
  if (!changed.refusal) await insertCommandOutcome(tx, { contract_id, command_id, fingerprint }, outcome);
  // Again, because the change may have waited for rows that others held.
  await expectInTime(tx, sent);
  return { outcome, job_ids: changed.nudge.job_ids };
}

async function expectInTime(tx: Sql, { deadline }: SentCommand): Promise<void> {
  if (deadline !== undefined && (await isPast(tx, deadline))) throw new CommandExpired(deadline);
}
