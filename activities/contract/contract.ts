/** The activities of `contractLifecycle` that settle a contract and carry out commands. */
import { ApplicationFailure, asyncLocalStorage, log } from '@temporalio/activity';
import { NotACommand, refusedOutcome } from '../../domain/contract/command';
import type { CommandOutcome } from '../../domain/contract/command';
import type { Instant } from '../../domain/base/instant';
import { isRefusal, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import type { ChangedContract } from '../../transactions/contract/changed-contract';
import { recordOwnStep } from '../../transactions/contract/late-timer';
import { CommandExpired, NOTHING_TO_SIGNAL, runSentCommand } from '../../transactions/contract/run-sent-command';
import type { CommandResult, SentCommand } from '../../transactions/contract/run-sent-command';
import { findSettledContract, settleContract } from '../../transactions/contract/settle-contract';
import { isBadData, isDatabaseRefusal, isTransient } from '../../db/base/errors';
import type { Database, Sql } from '../../db/base/database';
import { recordStart } from '../../db/system/sweep';
import { REFUSED_BY_DATABASE } from '../ports';
import type { Nudger } from '../ports';
import { viewOf } from './contract-view';
import { createBatchStarter } from './due-batch';
import type { ContractView } from './contract-view';
import { LOCAL_LOCK_WAIT_MS, LOCK_RETRY_MS, LOCK_WAIT_MS, beginWithShortWaits } from '../base/short-wait';
import { withSpreadRetries } from '../base/spread-retries';

export interface SettleInput {
  contract_id: string;
  now: Instant;
}

export interface SettleContractInput extends SettleInput {
  /** The epoch of the server on which the workflow was started, to be recorded; absent when it is recorded already. */
  epoch?: string | undefined;
}

export type RunCommandInput = SentCommand;

/**
 * After this many attempts, a command that fails for an unknown reason fails permanently, so that its sender gets this failure and not an
 * expiry. A command with a transient error is tried until its deadline.
 */
export const COMMAND_ATTEMPTS_MAX = 3;

export type ContractActivities = ReturnType<typeof createContractActivities>;

export interface ContractActivityDependencies {
  db: Database;
  nudger: Nudger;
  /** Whether names may be stored in Temporal; false by default. */
  showNames?: boolean | undefined;
}

export function createContractActivities({ db, nudger, showNames = false }: ContractActivityDependencies) {
  const batchStarter = createBatchStarter({ db, nudger });
  return {
    /**
     * Applies every boundary that is due, up to the first before which unpaid invoices must be verified. Safe to run twice: a boundary is
     * applied once.
     */
    settleContract: (input: SettleContractInput): Promise<ContractView> => withSpreadRetries(() => settle(input)),

    /**
     * Carries out one command, once even if it is delivered several times: its outcome is stored together with its change. A command that
     * has passed its deadline is refused and has no effect.
     */
    async runContractCommand(input: RunCommandInput): Promise<CommandOutcome> {
      // The sender waits, so an attempt that finds a row locked is retried soon.
      const done = await beginWithShortWaits(db, (tx) => runSentCommand(tx, input), {
        retry_ms_max: LOCK_RETRY_MS,
      }).catch((error: unknown): CommandResult => {
        if (error instanceof CommandExpired) {
          const { deadline } = error;
          return { outcome: refusedOutcome(refuse('COMMAND_EXPIRED', { deadline })), ...NOTHING_TO_SIGNAL };
        }
        if (error instanceof NotACommand) throw notACommandFailure(error);
        if (isBadData(error)) throw notACommandFailure(new NotACommand(input.command, error));
        throw finalFailure(input, error) ?? error;
      });
      await Promise.all([
        nudger.wakeJobs(done.job_ids),
        nudger.wakePools(done.pool_ids),
        nudger.wakeOperations(done.operations),
      ]);
      return done.outcome;
    },
  };

  async function settle(input: SettleContractInput): Promise<ContractView> {
    const { contract_id: id, now, epoch } = input;
    const viewAndStartBatch = async (settled: ChangedContract | Refusal): Promise<ContractView> => {
      const view = await viewOf(db, { contract_id: id, now, showNames }, settled);
      if (view.is_in_batch && view.next_boundary !== null) await batchStarter.startAhead(view.next_boundary.at, now);
      return view;
    };
    // Often a batch or a request has settled the contract already: then the local activity only reads it.
    const found = isLocal() && epoch === undefined ? await findSettledContract(db, { id, now }) : undefined;
    if (found !== undefined) return viewAndStartBatch(found);
    const begun = async (tx: Sql) => {
      const settled = await settleContract(tx, { id, now });
      await recordStart(tx, 'contract', id, epoch);
      await recordOwnStep(tx, settled);
      return settled;
    };
    const outcome = await beginWithShortWaits(db, begun, { lock_ms: isLocal() ? LOCAL_LOCK_WAIT_MS : LOCK_WAIT_MS });
    if (!isRefusal(outcome)) {
      await nudger.wakeJobs(outcome.nudge.job_ids);
      await nudger.wakePools(outcome.nudge.pool_ids ?? []);
    }
    await batchStarter.startIfManyAreDue(now);
    return viewAndStartBatch(outcome);
  }
}

/** Whether the current activity is a local one. */
function isLocal(): boolean {
  return asyncLocalStorage.getStore()?.info.isLocal === true;
}

/** The failure of an invalid command, which an operator may have sent. It is not retried, because it would fail again. */
function notACommandFailure(error: NotACommand): ApplicationFailure {
  return ApplicationFailure.nonRetryable(error.message, 'NotACommand');
}

/** The final failure of a command that fails at every attempt for an unknown reason; undefined while it should be retried. */
function finalFailure({ command, request_id }: RunCommandInput, error: unknown): ApplicationFailure | undefined {
  const attempt = asyncLocalStorage.getStore()?.info.attempt ?? 1;
  if (attempt < COMMAND_ATTEMPTS_MAX || isTransient(error) || error instanceof ApplicationFailure) return undefined;
  const why = error instanceof Error ? error.message : String(error);
  if (!isDatabaseRefusal(error))
    return ApplicationFailure.nonRetryable(`The command ${command.name} fails: ${why}`, 'CommandFailed');
  log.warn('the database refuses a command', { request_id, command: command.name, sqlstate: error.code, reason: why });
  const sentence = `The database refuses the command ${command.name}: ${why} (${error.code})`;
  return ApplicationFailure.nonRetryable(sentence, REFUSED_BY_DATABASE);
}
