/** What the lifecycle workflow has done in Postgres: settling a contract and carrying out commands upon it. */
import { ApplicationFailure, asyncLocalStorage, log } from '@temporalio/activity';
import { SYSTEM } from '../../domain/base/actor';
import type { Actor } from '../../domain/base/actor';
import { decide, needsOf } from '../../domain/contract/command';
import type { CommandOutcome, ContractCommand } from '../../domain/contract/command';
import type { Instant } from '../../domain/base/instant';
import { isRefusal, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { findAdminActor } from '../../db/access/admin';
import { lockContract } from '../../db/contract/contract';
import { changeContract } from '../../transactions/contract/change-contract';
import { findCommandOutcome, insertCommandOutcome, isPast } from '../../db/contract/command';
import { isBadData, isDatabaseRefusal, isPassing } from '../../db/base/errors';
import type { Database, Sql } from '../../db/base/database';
import { recordStart } from '../../db/system/sweep';
import { REFUSED_BY_DATABASE } from '../ports';
import type { Nudger } from '../ports';
import { viewOf } from './contract-view';
import type { ContractView } from './contract-view';
import { LOCK_RETRY_MS, beginWithShortWaits } from '../base/short-wait';
import { withSpreadRetries } from '../base/spread-retries';

export interface SettleInput {
  contract_id: string;
  now: Instant;
}

export interface SettleContractInput extends SettleInput {
  /** Where the workflow was started, to be recorded; absent when that was done. */
  epoch?: string | undefined;
}

export interface RunCommandInput extends SettleInput {
  command: ContractCommand;
  command_id: string;
  fingerprint: string;
  actor_id: string;
  request_id: string;
  /** By Postgres' clock; from then on the command is refused. */
  deadline?: Instant;
}

/**
 * With this attempt a command that fails without an explanation has failed for good: its sender hears so, and not that it
 * expired. One that fails because of something that passes is tried until its deadline.
 */
export const COMMAND_ATTEMPTS_MAX = 3;

export type ContractActivities = ReturnType<typeof createContractActivities>;

export interface ContractActivityDependencies {
  db: Database;
  nudger: Nudger;
  /** Whether names may stand in Temporal; not unless given. */
  showNames?: boolean | undefined;
}

export function createContractActivities({ db, nudger, showNames = false }: ContractActivityDependencies) {
  return {
    /**
     * Crosses every boundary that is due, up to where unpaid invoices have to be verified first. Safe to run twice: a
     * boundary is crossed once.
     */
    settleContract: (input: SettleContractInput): Promise<ContractView> => withSpreadRetries(() => settle(input)),

    /**
     * Carries out one command, once however often it is delivered: its outcome is stored with what it changed. What has
     * passed its deadline is refused, and leaves nothing behind.
     */
    async runContractCommand(input: RunCommandInput): Promise<CommandOutcome> {
      // Its sender waits, so a row that is held is tried again soon.
      const done = await beginWithShortWaits(db, (tx) => carryOut(tx, input), LOCK_RETRY_MS).catch((error: unknown) => {
        if (error instanceof CommandExpired) return refused(refuse('COMMAND_EXPIRED', { deadline: error.deadline }));
        throw isBadData(error) ? notACommand(input.command, error) : (failedForGood(input, error) ?? error);
      });
      await nudger.wakeJobs(done.job_ids);
      return done.outcome;
    },
  };

  async function settle(input: SettleContractInput): Promise<ContractView> {
    const { contract_id: id, now, epoch } = input;
    const request = { id, actor: SYSTEM, now, request_id: null, billing: 'stop' } as const;
    const outcome = await beginWithShortWaits(db, async (tx) => {
      const settled = await changeContract(tx, request, () => 'unchanged');
      await recordStart(tx, 'contract', id, epoch);
      return settled;
    });
    if (!isRefusal(outcome)) await nudger.wakeJobs(outcome.nudge.job_ids);
    return viewOf(db, { contract_id: id, now, showNames }, outcome);
  }
}

/** What came of a command, with the jobs to wake. */
interface CarriedOut {
  outcome: CommandOutcome;
  job_ids: string[];
}

/** Thrown out of a transaction in order to roll it back. */
class CommandExpired extends Error {
  constructor(readonly deadline: Instant) {
    super(`the command expired at ${deadline}`);
  }
}

/** One command in its transaction, or what came of an equal one before. */
async function carryOut(tx: Sql, input: RunCommandInput): Promise<CarriedOut> {
  // Under the lock: an equal command may be under way, and its outcome stands only when it has committed.
  await lockContract(tx, input.contract_id);
  const stored = await findCommandOutcome(tx, input.contract_id, input.command_id, input.fingerprint);
  if (stored) return { outcome: stored, job_ids: [] };
  await expectInTime(tx, input);
  const actor: Actor = await findAdminActor(tx, input.actor_id);
  const { contract_id: id, now, request_id, command } = input;
  const changed = await changeContract(
    tx,
    { id, actor, now, request_id, ...formed(command, () => needsOf(command)) },
    (facts, context) => formed(command, () => decide(command, facts, context)),
  );
  if (isRefusal(changed)) return refused(changed);
  const outcome: CommandOutcome = {
    refusal: changed.refusal,
    changed: changed.changed,
    replayed: false,
    ...(command.name === 'amend' ? { amendment_id: command.input.amendment_id } : {}),
  };
  // A refusal had no effect: a repetition is judged afresh (domain.md 5.2).
  if (!changed.refusal) await insertCommandOutcome(tx, input, outcome);
  // Again, because the change may have waited for rows that others held.
  await expectInTime(tx, input);
  return { outcome, job_ids: changed.nudge.job_ids };
}

/** Throws when the deadline of a command has passed. */
async function expectInTime(tx: Sql, { deadline }: RunCommandInput): Promise<void> {
  if (deadline !== undefined && (await isPast(tx, deadline))) throw new CommandExpired(deadline);
}

function refused(refusal: Refusal): CarriedOut {
  return { outcome: { refusal, changed: false, replayed: false }, job_ids: [] };
}

/** What the domain says of a command. It has no I/O: where it throws, the command is not what its decision expects. */
function formed<T>(command: ContractCommand, ask: () => T): T {
  try {
    return ask();
  } catch (error) {
    throw notACommand(command, error);
  }
}

/** Tried again it would fail again: a command that somebody sent by hand must not be tried for good. */
function notACommand({ name }: ContractCommand, cause: unknown): ApplicationFailure {
  const why = cause instanceof Error ? cause.message : String(cause);
  return ApplicationFailure.nonRetryable(`The command ${name} cannot be carried out: ${why}`, 'NotACommand');
}

/** The last failure of a command that fails again and again without an explanation; undefined while it is tried again. */
function failedForGood({ command, request_id }: RunCommandInput, error: unknown): ApplicationFailure | undefined {
  const attempt = asyncLocalStorage.getStore()?.info.attempt ?? 1;
  if (attempt < COMMAND_ATTEMPTS_MAX || isPassing(error) || error instanceof ApplicationFailure) return undefined;
  const why = error instanceof Error ? error.message : String(error);
  if (!isDatabaseRefusal(error))
    return ApplicationFailure.nonRetryable(`The command ${command.name} fails: ${why}`, 'CommandFailed');
  log.warn('the database refuses a command', { request_id, command: command.name, sqlstate: error.code, reason: why });
  const sentence = `The database refuses the command ${command.name}: ${why} (${error.code})`;
  return ApplicationFailure.nonRetryable(sentence, REFUSED_BY_DATABASE);
}
