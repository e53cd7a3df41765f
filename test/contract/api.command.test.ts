/**
 * Responses to commands while no worker runs: a command whose sender stopped waiting does not run later, and a command that Temporal
 * rejects is refused.
 */
import { Client, Connection, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';
import { waitFor } from '../../dev/waiting';
import { createCommandSender } from '../../temporal/command';
import { GRPC } from '../../temporal/grpc-status';
import { contractWorkflowId } from '../../temporal/ids';
import { startTestApi } from '../harness/api';
import type { ApiAnswer, TestApi } from '../harness/api';
import { addCatalogue, addContract } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { dateInDays } from '../harness/contract-states';
import { startCovenantWorker } from '../harness/covenant-worker';
import { expectRefusal } from '../harness/expect-refusal';
import { expectInvariants } from '../harness/invariants';
import { rowsOf } from '../harness/walk-pages';
import { connectPreparedTemporal } from '../harness/temporal';
import type { TestTemporal } from '../harness/temporal';

/** The commands expire after half a second. */
const COMMAND_TIMEOUT_MS = 2_500;
/** Longer than a test: Temporal gives the place of a command to another when its sender stops waiting. */
const LONG_COMMAND_TIMEOUT_MS = 60_000;
/** The number of updates that Temporal queues for one workflow. */
const UPDATES_IN_FLIGHT_MAX = 10;

let temporal: TestTemporal;
let api: TestApi;
let catalogue: TestCatalogue;

beforeAll(async () => {
  temporal = await connectPreparedTemporal();
  api = await startTestApi({ command_timeout_ms: COMMAND_TIMEOUT_MS });
  catalogue = await addCatalogue(api);
});
afterAll(async () => {
  await expectInvariants(api.sql);
  await api.close();
  await temporal.close();
});

function amend(id: string, headers: Record<string, string> = {}): Promise<ApiAnswer> {
  const body = { effective_date: dateInDays(30), changes: { quota_add: 10 } };
  return api.call('POST', `/contracts/${id}/amendments`, { body, headers });
}

/** Runs the worker of the API during `work`. */
async function withWorker(work: () => Promise<void>): Promise<void> {
  const { client, nativeConnection } = temporal;
  const worker = await startCovenantWorker({ db: api.sql, client, nativeConnection, queues: api.api.taskQueues });
  await work().finally(() => worker.stop());
}

/** The outcomes of the commands of a contract in its workflow, in the order of their ends. */
async function outcomesInWorkflow(id: string): Promise<string[]> {
  const { events } = await temporal.client.workflow.getHandle(contractWorkflowId(id)).fetchHistory();
  return (events ?? []).flatMap(({ workflowExecutionUpdateCompletedEventAttributes: update }) => {
    const [payload] = update?.outcome?.success?.payloads ?? [];
    if (!payload?.data) return [];
    const outcome = JSON.parse(Buffer.from(payload.data).toString()) as { refusal: { code: string } | null };
    return [outcome.refusal?.code ?? 'completed'];
  });
}

test('amendments that expired while no worker ran are never created; one that is repeated with its idempotency key is created once', async () => {
  const { id } = await addContract(api, catalogue);
  const key = { 'Idempotency-Key': 'amendment-of-june' };
  for (const answer of await Promise.all([amend(id), amend(id), amend(id), amend(id, key)])) {
    expectRefusal(answer, 503, 'COMMAND_EXPIRED');
    expect(answer.headers.get('retry-after')).toBe('2');
  }
  await withWorker(async () => {
    const amendments = async () => rowsOf(await api.call('GET', `/contracts/${id}/amendments`));
    // A worker that has just started can need longer than the timeout of a command here, so the sender repeats the command until it ran.
    await waitFor(async () => (await amend(id, key)).status === 201 || undefined, {
      timeout_ms: 20_000,
      what: 'the repeated command to complete',
    });
    // Commands run one after another, so the commands before this one have ended.
    const others = (await outcomesInWorkflow(id)).filter((outcome) => outcome !== 'completed');
    expect(others.filter((outcome) => outcome !== 'COMMAND_EXPIRED')).toEqual([]);
    const again = await amend(id, key);
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
    expect(await amendments()).toHaveLength(1);
  });
});

/**
 * Lets the API send commands that wait long and that Temporal refuses at once. The retry of a refused command could otherwise find a place:
 * when Temporal (1.29) refuses an update, it puts the queued ones into the queue again, and one that arrives in between takes the place of
 * another.
 */
async function sendWithoutRetriesOfRefusals(): Promise<Connection> {
  const { delayFunction, retryableDecider } = defaultGrpcRetryOptions();
  const retries = makeGrpcRetryInterceptor({
    delayFunction,
    retryableDecider: (attempt, status) =>
      Number(status.code) !== GRPC.RESOURCE_EXHAUSTED && retryableDecider(attempt, status),
  });
  const connection = await Connection.connect({ address: temporal.address, interceptors: [retries] });
  const client = new Client({ connection, namespace: temporal.namespace });
  const { clock, taskQueues } = api.api;
  const sendCommand = createCommandSender({ client, taskQueues, clock, timeout_ms: LONG_COMMAND_TIMEOUT_MS });
  jest.spyOn(api.api, 'sendCommand').mockImplementation(sendCommand);
  return connection;
}

test('more commands than Temporal queues for one contract are refused with 503 TOO_MANY_COMMANDS; the others are carried out', async () => {
  const { id } = await addContract(api, catalogue);
  const errors = jest.spyOn(api.api.log, 'error');
  const warnings = jest.spyOn(api.api.log, 'warn');
  const connection = await sendWithoutRetriesOfRefusals();
  const refused: ApiAnswer[] = [];
  const pauses = Array.from({ length: UPDATES_IN_FLIGHT_MAX + 2 }, async () => {
    const answer = await api.call('POST', `/contracts/${id}/pause`);
    if (answer.status !== 200) refused.push(answer);
    return answer.status;
  });
  await waitFor(() => refused.length === 2, { timeout_ms: 20_000, what: 'two commands to be refused' });
  for (const answer of refused) {
    expectRefusal(answer, 503, 'TOO_MANY_COMMANDS');
    expect(answer.headers.get('retry-after')).toBe('2');
  }
  expect(errors).not.toHaveBeenCalled();
  expect(warnings.mock.calls).toEqual(
    refused.map(() => [expect.objectContaining({ code: 'TOO_MANY_COMMANDS' }), 'Too many commands at once']),
  );
  for (const [line] of warnings.mock.calls) expect(line).not.toHaveProperty('err');
  jest.restoreAllMocks();

  await withWorker(async () => {
    const statuses = await Promise.all(pauses);
    expect(statuses.filter((status) => status === 200)).toHaveLength(UPDATES_IN_FLIGHT_MAX);
  });
  expect(refused).toHaveLength(2);
  await connection.close();
});
