/** Sends a command to a contract's workflow and returns its outcome. */
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

/** How long a caller waits for the outcome. After a worker was killed, six seconds pass until the command runs again. */
export const COMMAND_TIMEOUT_MS = 10_000;

/**
 * A command expires this long before its sender stops waiting. The clock of the sender can be ahead of that of Postgres by the same
 * time, so no command is carried out after its sender got the answer that the outcome is unknown.
 */
export const COMMAND_MARGIN_MS = 2_000;

/** How long the server may take to answer the call that checks whether it can be reached. */
const PROBE_TIMEOUT_MS = 3_000;

/**
 * The type of the failure with which the server ends an update whose workflow ended before the handler did. The update was
 * accepted and may have been carried out.
 */
const WORKFLOW_ENDED_FIRST = 'AcceptedUpdateCompletedWorkflow';

/** Statuses that refuse a call. Another attempt would be refused too. */
const REFUSALS: readonly number[] = [
  GRPC.INVALID_ARGUMENT,
  GRPC.PERMISSION_DENIED,
  GRPC.FAILED_PRECONDITION,
  GRPC.UNIMPLEMENTED,
  GRPC.UNAUTHENTICATED,
];

/** The command was sent, and it is not known whether it was carried out. The sender repeats it under the same id. */
export class CommandOutcomeUnknown extends Error {}

/** The workflow or its activity refused the command permanently, and nothing was changed. */
export class CommandFailed extends Error {
  /** Whether Postgres refused the change. */
  get by_database(): boolean {
    return refusalOf(this.cause)?.type === REFUSED_BY_DATABASE;
  }
}

/** Temporal accepts no more commands at the moment, and nothing was changed. */
export class TooManyCommands extends Error {}

/** Temporal could not be reached, or it refused the call; nothing was changed. */
export class TemporalUnavailable extends Error {}

/** A command without its deadline, which `SendCommand` sets. */
export type SentCommand = Omit<CommandEnvelope, 'deadline'>;

export type SendCommand = (contract_id: string, command: SentCommand) => Promise<CommandOutcome>;

export interface CommandSenderOptions {
  client: Client;
  taskQueues: TaskQueues;
  /** Recorded with the workflow that is started; see `temporal/nudge.ts`. */
  epoch?: KnownEpoch | undefined;
  /** Describes the started workflow for operators. Without it, they see only the id of the workflow. */
  describe?: StartDescriber | undefined;
  /** The real time, from which the command's deadline is counted. */
  clock: () => Promise<Instant>;
  /** How long a caller waits for the outcome; {@link COMMAND_TIMEOUT_MS} unless given. */
  timeout_ms?: number | undefined;
  /** Finds the outcome of a command after its deadline, when no answer arrived; without it that outcome stays unknown. */
  findOutcome?: (contract_id: string, command: SentCommand & { deadline: Instant }) => Promise<CommandOutcome>;
}

/** Starts the contract's workflow if it does not run and carries out one command in it. */
export function createCommandSender(options: CommandSenderOptions): SendCommand {
  const { client, taskQueues, epoch, describe, clock, timeout_ms = COMMAND_TIMEOUT_MS, findOutcome } = options;

  /** The outcome after the deadline; throws `unknown` when it cannot be found either. */
  async function outcomeAfterDeadline(
    contract_id: string,
    command: SentCommand & { deadline: Instant },
    unknown: CommandOutcomeUnknown,
  ): Promise<CommandOutcome> {
    if (findOutcome === undefined) throw unknown;
    try {
      await sleep(Math.max(0, millisOf(command.deadline) - millisOf(await clock())));
      return await findOutcome(contract_id, command);
    } catch {
      throw unknown;
    }
  }

  return async function sendCommand(contract_id, command) {
    const [descriptionOf] = await Promise.all([describe?.contracts([contract_id]), expectReachable(client)]);
    const deadline = instantFromMillis(millisOf(await clock()) + timeout_ms - COMMAND_MARGIN_MS);
    const startWorkflowOperation = new WithStartWorkflowOperation(contractLifecycle, {
      ...contractStart(contract_id, taskQueues, {
        request_id: command.request_id,
        epoch: epoch?.(),
        description: descriptionOf?.(contract_id),
      }),
      workflowIdConflictPolicy: 'USE_EXISTING',
    });
    let accepted = false;
    startWorkflowOperation.workflowHandle().then(
      () => (accepted = true),
      () => undefined,
    );
    try {
      return await client.withDeadline(Date.now() + timeout_ms, () =>
        client.workflow.executeUpdateWithStart(commandUpdate, {
          startWorkflowOperation,
          args: [{ ...command, deadline }],
          // Each attempt has a new id. For an id that it knows, Temporal would repeat the first answer, also if that was a refusal or
          // belongs to another command. A repeated command gets its stored outcome instead.
          updateId: randomUUID(),
        }),
      );
    } catch (error) {
      const failure = commandErrorOf(error, accepted);
      if (failure instanceof CommandOutcomeUnknown)
        return outcomeAfterDeadline(contract_id, { ...command, deadline }, failure);
      throw failure;
    }
  };
}

/**
 * The error of a command for an error of the client. `accepted` is whether the server accepted the command: from then on a status
 * belongs to a call that waits for the outcome, and the command itself may have been carried out.
 */
export function commandErrorOf(error: unknown, accepted: boolean): Error {
  const failure = refusalOf(error);
  if (failure !== undefined) return new CommandFailed(failure.message, { cause: error });
  const status = grpcFailureOf(error);
  const never_accepted = !accepted && status?.earlier_attempt_unknown !== true;
  if (never_accepted && status?.code === GRPC.RESOURCE_EXHAUSTED)
    return new TooManyCommands('Temporal accepts no more commands at the moment', { cause: error });
  if (never_accepted && (error instanceof NamespaceNotFoundError || REFUSALS.includes(status?.code ?? -1)))
    return new TemporalUnavailable('Temporal refuses the command', { cause: error });
  // After a deadline, a lost connection or a terminated workflow the command may have been carried out.
  return new CommandOutcomeUnknown(undefined, { cause: error });
}

/** The failure with which the validator or the activity refused the command permanently; undefined for every other error. */
function refusalOf(error: unknown): ApplicationFailure | undefined {
  if (!(error instanceof WorkflowUpdateFailedError)) return undefined;
  const cause = error.cause instanceof ActivityFailure ? error.cause.cause : error.cause;
  // When the activity fails permanently, its transaction is rolled back.
  const is_permanent = cause instanceof ApplicationFailure && cause.nonRetryable === true;
  return is_permanent && cause.type !== WORKFLOW_ENDED_FIRST ? cause : undefined;
}

/** Checks that the server answers before the command is sent: a command that was never sent has certainly changed nothing. */
async function expectReachable(client: Client): Promise<void> {
  try {
    await client.withDeadline(Date.now() + PROBE_TIMEOUT_MS, () => client.workflowService.getSystemInfo({}));
  } catch (error) {
    throw new TemporalUnavailable('Temporal cannot be reached', { cause: error });
  }
}

/** Whether a call failed because the server cannot be reached; looks at the whole chain of causes. */
export function isConnectionError(error: unknown): boolean {
  if (grpcFailureOf(error)?.code === GRPC.UNAVAILABLE) return true;
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (/Failed to connect|ECONNREFUSED|ENOTFOUND|TransportError/.test(cause.message)) return true;
  }
  return false;
}
