/** Which error of a command an error of Temporal's client becomes: failed, not accepted, or outcome unknown. */
import {
  ActivityFailure,
  ApplicationFailure,
  ServiceError,
  TimeoutFailure,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { NamespaceNotFoundError } from '@temporalio/common';
import {
  CommandFailed,
  CommandOutcomeUnknown,
  TemporalUnavailable,
  TooManyCommands,
  commandErrorOf,
  createCommandSender,
} from '../../temporal/command';
import type { SentCommand } from '../../temporal/command';
import { openTemporal } from '../../temporal/connection';
import { GRPC } from '../../temporal/grpc-status';
import { taskQueues } from '../../temporal/task-queues';
import { TEST_ACTOR } from '../harness/contract-facts';
import { startRefusingProxy } from '../harness/refusing-proxy';
import { NAMESPACE, sharedServers, uniqueTaskQueue } from '../harness/shared-servers';

/** An error as gRPC throws it, with `marks` as keys in its metadata. */
function grpcError(code: number, marks: string[] = []): Error {
  const metadata = { get: (name: string) => (marks.includes(name) ? ['true'] : []) };
  return Object.assign(new Error(`status ${code}`), { code, details: `status ${code}`, metadata });
}

const PAUSE: SentCommand = {
  command: { name: 'pause', input: {} },
  command_id: '1',
  fingerprint: '1',
  request_id: '1',
  actor_id: TEST_ACTOR.id,
};
const realClock = async () => new Date().toISOString();

const wrapped = (code: number, marks?: string[]) => new ServiceError('Failed', { cause: grpcError(code, marks) });
const updateFailed = (cause: Error) => new WorkflowUpdateFailedError('Workflow Update failed', cause);
const byActivity = (cause: Error) =>
  updateFailed(new ActivityFailure('Activity task failed', 'runContractCommand', '1', 'IN_PROGRESS', 'worker', cause));

/** The gRPC statuses of a call that the server refused. */
const { INVALID_ARGUMENT, PERMISSION_DENIED, FAILED_PRECONDITION, UNIMPLEMENTED, UNAUTHENTICATED } = GRPC;
const REFUSED = [INVALID_ARGUMENT, PERMISSION_DENIED, FAILED_PRECONDITION, UNIMPLEMENTED, UNAUTHENTICATED];
/** The other statuses, NOT_FOUND, ABORTED, INTERNAL and UNKNOWN among them: the call may have been carried out. */
const UNDECIDED = [1, 2, GRPC.DEADLINE_EXCEEDED, 5, 10, 13, GRPC.UNAVAILABLE];

test.each<[string, Error]>([
  ['a rejection by the validator', updateFailed(ApplicationFailure.nonRetryable('no command', 'NotACommand'))],
  ['a permanent failure of the activity', byActivity(ApplicationFailure.nonRetryable('no command', 'NotACommand'))],
])('%s is a failed command that changed nothing', (_name, error) => {
  expect(commandErrorOf(error, true)).toBeInstanceOf(CommandFailed);
});

test.each<[string, Error]>([
  [
    'a workflow that ended first',
    updateFailed(ApplicationFailure.nonRetryable('x', 'AcceptedUpdateCompletedWorkflow')),
  ],
  ['an activity that timed out', byActivity(new TimeoutFailure('time-out', undefined, 'SCHEDULE_TO_CLOSE'))],
  ['an activity that failed with a retryable error', byActivity(ApplicationFailure.retryable('lost connection'))],
  ['a deadline', new WorkflowUpdateRPCTimeoutOrCancelledError('deadline', { cause: grpcError(4) })],
  ['a workflow that is not found', new WorkflowNotFoundError('not found', 'contract:1', undefined)],
  ['an unknown error', new Error('surprise')],
])('%s leaves the outcome unknown', (_name, error) => {
  expect(commandErrorOf(error, false)).toBeInstanceOf(CommandOutcomeUnknown);
});

test('a refusal because of load means too many commands, wrapped by the client or not', () => {
  for (const error of [wrapped(GRPC.RESOURCE_EXHAUSTED), grpcError(GRPC.RESOURCE_EXHAUSTED)])
    expect(commandErrorOf(error, false)).toBeInstanceOf(TooManyCommands);
});

test.each(REFUSED)('status %d means that Temporal did not accept the command', (code) => {
  expect(commandErrorOf(wrapped(code), false)).toBeInstanceOf(TemporalUnavailable);
});

test.each(UNDECIDED)('status %d leaves the outcome unknown', (code) => {
  expect(commandErrorOf(wrapped(code), false)).toBeInstanceOf(CommandOutcomeUnknown);
});

test.each([...REFUSED, GRPC.RESOURCE_EXHAUSTED])(
  'status %d leaves the outcome unknown after the server accepted the command, or when an earlier attempt may have arrived',
  (code) => {
    expect(commandErrorOf(wrapped(code), true)).toBeInstanceOf(CommandOutcomeUnknown);
    const marked = wrapped(code, ['covenant-earlier-attempt-unknown']);
    expect(commandErrorOf(marked, false)).toBeInstanceOf(CommandOutcomeUnknown);
  },
);

test('a namespace that does not exist accepts no command', async () => {
  expect(commandErrorOf(new NamespaceNotFoundError('nowhere'), false)).toBeInstanceOf(TemporalUnavailable);
  const client = openTemporal({
    temporalAddress: sharedServers().temporal_address,
    temporalNamespace: 'nowhere',
    temporalTls: false,
    temporalApiKey: undefined,
  });
  const options = { client, taskQueues: taskQueues(uniqueTaskQueue()), clock: realClock };
  const sent = createCommandSender(options)('01a202a7-46b0-7f16-ac6c-7eb9f5c1b5f0', PAUSE);
  await expect(sent).rejects.toBeInstanceOf(TemporalUnavailable);
  await client.connection.close();
});

test('a command that Temporal refuses because of load until its deadline was not accepted', async () => {
  const proxy = await startRefusingProxy(
    sharedServers().temporal_address,
    'RESOURCE_EXHAUSTED',
    /\/ExecuteMultiOperation$/,
  );
  const client = openTemporal({
    temporalAddress: proxy.address,
    temporalNamespace: NAMESPACE,
    temporalTls: false,
    temporalApiKey: undefined,
  });
  const options = { client, taskQueues: taskQueues(uniqueTaskQueue()), clock: realClock, timeout_ms: 2_500 };
  const sent = createCommandSender(options)('01a202a7-46b0-7f16-ac6c-7eb9f5c1b5f0', PAUSE);
  await expect(sent).rejects.toBeInstanceOf(TooManyCommands);
  expect(proxy.refused.length).toBeGreaterThan(0);
  await client.connection.close();
  await proxy.close();
});
