/** Sending a command to a contract's workflow and hearing its outcome. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ActivityFailure,
  ApplicationFailure,
  WithStartWorkflowOperation,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import type { Client } from '@temporalio/client';
import { NamespaceNotFoundError } from '@temporalio/common';
import type { CommandOutcome } from '../domain/contract/command';
import { instantFromMillis, millisOf } from '../domain/base/instant';
import type { Instant } from '../domain/base/instant';
import { commandUpdate, contractLifecycle } from '../workflows/contract-lifecycle';
import type { CommandEnvelope } from '../workflows/contract-lifecycle';
import { GRPC, grpcFailureOf } from './grpc-status';
import type { StartDescriber } from './describe-start';
import { contractStart } from './start';
import type { KnownEpoch } from './start';
import type { TaskQueues } from './task-queues';
import { REFUSED_BY_DATABASE } from '../activities/ports';

/** How long a caller waits for the outcome. A worker that was killed needs six seconds until the command runs again. */
export const COMMAND_TIMEOUT_MS = 10_000;

/**
 * How much earlier than its sender gives up a command expires: as far as the clock of a sender may be ahead of Postgres'.
 * So nothing is carried out after its sender was answered that the outcome is unknown.
 */
export const COMMAND_MARGIN_MS = 2_000;

/** How long the server may take to show that it is there. */
const PROBE_TIMEOUT_MS = 3_000;

/**
 * The type of the failure with which the server ends an update whose workflow ended before its handler did: it was
 * accepted, and may have been carried out.
 */
const WORKFLOW_ENDED_FIRST = 'AcceptedUpdateCompletedWorkflow';

/** Refusals of a call that another attempt at the same call would get as well. */
const REFUSALS: readonly number[] = [
  GRPC.INVALID_ARGUMENT,
  GRPC.PERMISSION_DENIED,
  GRPC.FAILED_PRECONDITION,
  GRPC.UNIMPLEMENTED,
  GRPC.UNAUTHENTICATED,
];

/** The command was sent, but whether it was carried out is not known: to be repeated under the same id. */
export class CommandOutcomeUnknown extends Error {}

/** The workflow or its activity refused the command for good, and nothing was changed. */
export class CommandFailed extends Error {
  /** Whether it was Postgres that refused what the command changes. */
  get by_database(): boolean {
    return refusalBy(this.cause)?.type === REFUSED_BY_DATABASE;
  }
}

/** Temporal takes no more commands at the moment, and nothing was changed. */
export class TooManyCommands extends Error {}

/** Temporal could not be reached, or did not take the call; nothing was changed. */
export class TemporalUnavailable extends Error {}

/** A command as its sender writes it; the deadline is that of the sending. */
export type SentCommand = Omit<CommandEnvelope, 'deadline'>;

export type SendCommand = (contract_id: string, command: SentCommand) => Promise<CommandOutcome>;

export interface CommandSenderOptions {
  client: Client;
  taskQueues: TaskQueues;
  /** Recorded with what is started; see `temporal/nudge.ts`. */
  epoch?: KnownEpoch | undefined;
  /** How operators see what is started; by its id unless given. */
  describe?: StartDescriber | undefined;
  /** The real time; the command's deadline is counted from it. */
  clock: () => Promise<Instant>;
  /** How long a caller waits for the outcome; {@link COMMAND_TIMEOUT_MS} unless given. */
  timeout_ms?: number | undefined;
  /** Finds out after the deadline what became of a command whose outcome did not arrive; without it that stays unknown. */
  settle?: (contract_id: string, command: SentCommand & { deadline: Instant }) => Promise<CommandOutcome>;
}

/** Starts the contract's workflow where needed and carries out one command in it. */
export function createCommandSender(options: CommandSenderOptions): SendCommand {
  const { client, taskQueues, epoch, describe, clock, timeout_ms = COMMAND_TIMEOUT_MS, settle } = options;

  /** The outcome after the deadline; throws `unknown` when that cannot be found either. */
  async function settled(
    contract_id: string,
    command: SentCommand & { deadline: Instant },
    unknown: CommandOutcomeUnknown,
  ): Promise<CommandOutcome> {
    if (settle === undefined) throw unknown;
    try {
      await sleep(Math.max(0, millisOf(command.deadline) - millisOf(await clock())));
      return await settle(contract_id, command);
    } catch {
      throw unknown;
    }
  }

  return async function sendCommand(contract_id, command) {
    const [described] = await Promise.all([describe?.contracts([contract_id]), expectReachable(client)]);
    const deadline = instantFromMillis(millisOf(await clock()) + timeout_ms - COMMAND_MARGIN_MS);
    const startWorkflowOperation = new WithStartWorkflowOperation(contractLifecycle, {
      ...contractStart(contract_id, taskQueues, {
        request_id: command.request_id,
        epoch: epoch?.(),
        description: described?.(contract_id),
      }),
      workflowIdConflictPolicy: 'USE_EXISTING',
    });
    let taken = false;
    startWorkflowOperation.workflowHandle().then(
      () => (taken = true),
      () => undefined,
    );
    try {
      return await client.withDeadline(Date.now() + timeout_ms, () =>
        client.workflow.executeUpdateWithStart(commandUpdate, {
          startWorkflowOperation,
          args: [{ ...command, deadline }],
          // An id of its own for every attempt: Temporal would answer an equal one from its memory, refusals and other
          // commands under the same key included. What a repetition gets is decided by the stored outcome.
          updateId: randomUUID(),
        }),
      );
    } catch (error) {
      const known = commandErrorOf(error, taken);
      if (known instanceof CommandOutcomeUnknown) return settled(contract_id, { ...command, deadline }, known);
      throw known;
    }
  };
}

/**
 * What an error of the client says about a command. `taken` is whether the server took it: from then on a status is that of
 * a question for the outcome, and the command itself may have been carried out.
 */
export function commandErrorOf(error: unknown, taken: boolean): Error {
  const failure = refusalBy(error);
  if (failure !== undefined) return new CommandFailed(failure.message, { cause: error });
  const status = grpcFailureOf(error);
  const never_taken = !taken && status?.earlier_attempt_unknown !== true;
  if (never_taken && status?.code === GRPC.RESOURCE_EXHAUSTED)
    return new TooManyCommands('Temporal takes no more commands at the moment', { cause: error });
  if (never_taken && (error instanceof NamespaceNotFoundError || REFUSALS.includes(status?.code ?? -1)))
    return new TemporalUnavailable('Temporal does not take the command', { cause: error });
  // A deadline, a lost connection or a terminated workflow all leave open whether it was carried out.
  return new CommandOutcomeUnknown(undefined, { cause: error });
}

/** The failure with which the validator or the activity refused the command; undefined for all that says less. */
function refusalBy(error: unknown): ApplicationFailure | undefined {
  if (!(error instanceof WorkflowUpdateFailedError)) return undefined;
  const cause = error.cause instanceof ActivityFailure ? error.cause.cause : error.cause;
  // The activity fails for good only out of its transaction, which is then rolled back.
  const for_good = cause instanceof ApplicationFailure && cause.nonRetryable === true;
  return for_good && cause.type !== WORKFLOW_ENDED_FIRST ? cause : undefined;
}

/** Asks the server for a sign of life first: a command that was never sent has a known outcome, none. */
async function expectReachable(client: Client): Promise<void> {
  try {
    await client.withDeadline(Date.now() + PROBE_TIMEOUT_MS, () => client.workflowService.getSystemInfo({}));
  } catch (error) {
    throw new TemporalUnavailable('Temporal cannot be reached', { cause: error });
  }
}

/** Whether a call failed because the server is out of reach, wherever in the chain of causes that is said. */
export function isConnectionError(error: unknown): boolean {
  if (grpcFailureOf(error)?.code === GRPC.UNAVAILABLE) return true;
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (/Failed to connect|ECONNREFUSED|ENOTFOUND|TransportError/.test(cause.message)) return true;
  }
  return false;
}
