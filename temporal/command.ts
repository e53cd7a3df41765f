/** Sending a command to a contract's workflow and hearing its outcome. */
import { randomUUID } from 'node:crypto';
import { isGrpcServiceError, WithStartWorkflowOperation } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import type { CommandOutcome } from '../domain/contract-commands';
import { commandUpdate, contractLifecycle } from '../workflows/contract-lifecycle';
import type { CommandEnvelope } from '../workflows/contract-lifecycle';
import { contractStart } from './start';
import type { TaskQueues } from './task-queues';

/** How long a caller waits for the outcome. A worker that was killed needs five seconds until the command runs again. */
const COMMAND_TIMEOUT_MS = 10_000;

/** The status by which gRPC says that a server is out of reach. */
const GRPC_UNAVAILABLE = 14;

/** How long the server may take to show that it is there. */
const PROBE_TIMEOUT_MS = 3_000;

/** The command was sent, but whether it was carried out is not known: to be repeated under the same id. */
export class CommandOutcomeUnknown extends Error {}

/** Temporal could not be reached. */
export class TemporalUnavailable extends Error {}

export type SendCommand = (contract_id: string, envelope: CommandEnvelope) => Promise<CommandOutcome>;

/** Starts the contract's workflow where needed and carries out one command in it. */
export function createCommandSender(client: Client, taskQueues: TaskQueues): SendCommand {
  return async function sendCommand(contract_id, envelope) {
    await expectReachable(client);
    const startWorkflowOperation = new WithStartWorkflowOperation(contractLifecycle, {
      ...contractStart(contract_id, taskQueues, envelope.request_id),
      workflowIdConflictPolicy: 'USE_EXISTING',
    });
    try {
      return await client.withDeadline(Date.now() + COMMAND_TIMEOUT_MS, () =>
        client.workflow.executeUpdateWithStart(commandUpdate, {
          startWorkflowOperation,
          args: [envelope],
          // An id of its own for every attempt: Temporal would answer an equal one from its memory, refusals and other
          // commands under the same key included. What a repetition gets is decided by the stored outcome.
          updateId: randomUUID(),
        }),
      );
    } catch (error) {
      // Sent is sent: a deadline, a lost connection or a terminated workflow all leave open whether it was carried out.
      throw new CommandOutcomeUnknown(undefined, { cause: error });
    }
  };
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
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (isGrpcServiceError(cause) && Number(cause.code) === GRPC_UNAVAILABLE) return true;
    if (/Failed to connect|ECONNREFUSED|ENOTFOUND|TransportError/.test(cause.message)) return true;
  }
  return false;
}
