/**
 * Running processes keep the search attributes complete: they add what is missing, name it when they may not add it, and workflows set
 * the values again that the visibility store lost.
 */
import type { Client } from '@temporalio/client';
import type { Connection } from '@temporalio/client';
import { temporal as proto } from '@temporalio/proto';
import { findContract } from '../../db/contract/contract';
import { waitFor } from '../../dev/waiting';
import { checkReadiness } from '../../readiness';
import type { Readiness } from '../../readiness';
import { contractWorkflowId, SWEEP_SCHEDULE_ID } from '../../temporal/ids';
import { openTemporal } from '../../temporal/connection';
import { findSearchAttributes } from '../../temporal/search-attributes';
import { createSetUp, registerSearchAttributes, setUpTemporal } from '../../temporal/setup';
import { findSweepSchedule } from '../../temporal/sweep-schedule';
import { taskQueues } from '../../temporal/task-queues';
import { buildContract } from '../harness/contract-rows';
import { startCovenantWorker } from '../harness/covenant-worker';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { OPERATOR_SERVICE, startRefusingProxy } from '../harness/refusing-proxy';
import type { RefusalStatus } from '../harness/refusing-proxy';
import { connectTestTemporal, makeNamespace, uniqueTaskQueue } from '../harness/temporal';
import type { TestTemporal } from '../harness/temporal';

const { INDEXED_VALUE_TYPE_KEYWORD } = proto.api.enums.v1.IndexedValueType;
const WAIT = { timeout_ms: 40_000 };

jest.setTimeout(120_000);

let temporal: TestTemporal;
let database: TestDatabase;

beforeAll(async () => {
  [temporal, database] = await Promise.all([connectTestTemporal(), createTestDatabase()]);
});
afterAll(async () => {
  await Promise.all([temporal.close(), database.drop()]);
});

/** A client of a namespace, at the address of the shared server or of a proxy in front of it. */
function clientOf(namespace: string, address = temporal.address): Client {
  return openTemporal({
    temporalAddress: address,
    temporalNamespace: namespace,
    temporalTls: false,
    temporalApiKey: undefined,
  });
}

function operatorOf(client: Client): Connection['operatorService'] {
  return (client.connection as Connection).operatorService;
}

/** The readiness of a process that has just started and so checks everything. */
function readinessOf(client: Client, queues = taskQueues(uniqueTaskQueue())): Promise<Readiness> {
  return checkReadiness({ db: database.sql, client, ensureSetUp: createSetUp(client, queues).ensureSetUp });
}

/** The notes about Temporal; the others depend on the Node that runs the tests. */
function notesOfTemporal({ notes = [] }: Readiness): string[] {
  return notes.filter((note) => !note.includes('time zone rules'));
}

/**
 * Removes a keyword and gives its column to another attribute. The server chooses columns at random, and in its old column the keyword
 * would have its old values again.
 */
async function removeAndTakeColumn(client: Client, name: string): Promise<void> {
  const { namespace } = client.options;
  const columns = async () => {
    const { config } = await client.workflowService.describeNamespace({ namespace });
    return config?.customSearchAttributeAliases ?? {};
  };
  const [old] = Object.entries(await columns()).find(([, alias]) => alias === name) as [string, string];
  await operatorOf(client).removeSearchAttributes({ namespace, searchAttributes: [name] });
  const fillers: string[] = [];
  while ((await columns())[old] === undefined) {
    const filler = `Filler${fillers.length}`;
    fillers.push(filler);
    await operatorOf(client).addSearchAttributes({
      namespace,
      searchAttributes: { [filler]: INDEXED_VALUE_TYPE_KEYWORD },
    });
  }
  const searchAttributes = fillers.slice(0, -1);
  if (searchAttributes.length > 0) await operatorOf(client).removeSearchAttributes({ namespace, searchAttributes });
}

async function statesOf(client: Client): Promise<string[]> {
  return [...new Set((await findSearchAttributes(client)).map(({ state }) => state))];
}

describe.each<RefusalStatus>(['PERMISSION_DENIED', 'UNIMPLEMENTED'])(
  'when the operator service answers %s',
  (refusal) => {
    let namespace: string;
    let admin: Client;
    beforeAll(async () => {
      namespace = await makeNamespace(temporal);
      admin = clientOf(namespace);
    });
    afterAll(() => admin.connection.close());

    async function withRefused(path: RegExp, use: (client: Client) => Promise<void>): Promise<void> {
      const proxy = await startRefusingProxy(temporal.address, refusal, path);
      const client = clientOf(namespace, proxy.address);
      await use(client).finally(async () => {
        await client.connection.close();
        await proxy.close();
      });
    }

    const refused = [
      ['the operator service', OPERATOR_SERVICE],
      ['the operator service and the description of the namespace', /OperatorService|DescribeNamespace/],
    ] as const;

    test.each(refused)('readiness names a missing attribute while %s is refused', async (_what, path) => {
      await withRefused(path, async (client) => {
        const readiness = await readinessOf(client);
        expect(readiness).toMatchObject({ ready: false, checks: { temporal: 'ok' } });
        expect(readiness.checks.search_attributes).toContain(
          `--namespace ${namespace} --name NextBoundary --type Datetime`,
        );
      });
    });

    test('a process is ready after an administrator registered them, and it creates the schedule of the sweep', async () => {
      await registerSearchAttributes(admin);
      await withRefused(OPERATOR_SERVICE, async (client) => {
        const readiness = await readinessOf(client);
        expect(readiness.ready).toBe(true);
        expect(notesOfTemporal(readiness)).toEqual([]);
        expect(await statesOf(client)).toEqual(['registered']);
        expect(await findSweepSchedule(client)).toBeDefined();
      });
    });

    test('a process that may check nothing is ready, with a note', async () => {
      await withRefused(/OperatorService|DescribeNamespace|CountWorkflowExecutions/, async (client) => {
        const readiness = await readinessOf(client);
        expect(readiness.ready).toBe(true);
        expect(notesOfTemporal(readiness)).toEqual([expect.stringContaining('ContractId, ContractName, CustomerId')]);
      });
    });
  },
);

test('a set-up reads the epoch of the server, and the next one reads the epoch of a server that replaced it', async () => {
  const client = clientOf(await makeNamespace(temporal));
  const { ensureSetUp, epoch } = createSetUp(client, taskQueues(uniqueTaskQueue()));
  expect(epoch()).toBeUndefined();
  await ensureSetUp();
  const first = epoch();
  expect(first).toEqual(expect.any(String));
  expect(first).toBe((await findSweepSchedule(client))?.epoch);
  // A server that lost its data has no schedule.
  await client.schedule.getHandle(SWEEP_SCHEDULE_ID).delete();
  await waitFor(async () => (await findSweepSchedule(client)) === undefined, {
    ...WAIT,
    what: 'the schedule to be gone',
  });
  await ensureSetUp();
  expect(epoch()).not.toBe(first);
  expect(epoch()).toBe((await findSweepSchedule(client))?.epoch);
  await client.connection.close();
});

test('a namespace that does not exist is named, with the setting', async () => {
  const client = clientOf('no-such-namespace');
  try {
    const { ensureSetUp } = createSetUp(client, taskQueues(uniqueTaskQueue()));
    await expect(ensureSetUp()).rejects.toThrow(/no namespace "no-such-namespace".*TEMPORAL_NAMESPACE/);
  } finally {
    await client.connection.close();
  }
});

test('readiness names an attribute with another type until it is repaired', async () => {
  const client = clientOf(await makeNamespace(temporal));
  const { namespace } = client.options;
  const wrong = { namespace, searchAttributes: { JobProgress: INDEXED_VALUE_TYPE_KEYWORD } };
  await operatorOf(client).addSearchAttributes(wrong);

  const readiness = await readinessOf(client);
  expect(readiness).toMatchObject({ ready: false, checks: { temporal: 'ok' } });
  expect(readiness.checks.search_attributes).toContain('JobProgress (KEYWORD, not INT)');
  expect(readiness.checks.search_attributes).toContain(`remove --namespace ${namespace} --name JobProgress`);

  await operatorOf(client).removeSearchAttributes({ namespace, searchAttributes: ['JobProgress'] });
  expect((await readinessOf(client)).ready).toBe(true);
  expect(await statesOf(client)).toEqual(['registered']);
  await client.connection.close();
});

test('an attribute that is removed while processes run is added, and running workflows set their values again', async () => {
  const { sql } = database;
  const client = clientOf(await makeNamespace(temporal));
  const queues = taskQueues(uniqueTaskQueue());
  await setUpTemporal(client, queues);
  const schedule = client.schedule.getHandle(SWEEP_SCHEDULE_ID);
  await schedule.pause();
  const before = await findSweepSchedule(client);

  // Without a cache every workflow task replays from the first event, and a decision from lost values becomes a nondeterminism error.
  const { nativeConnection } = temporal;
  const worker = await startCovenantWorker({ db: sql, client, nativeConnection, queues, maxCachedWorkflows: 0 });
  try {
    const { facts } = await buildContract(sql);
    const pause = { name: 'pause', input: {} } as const;
    const firstRun = async (): Promise<string> =>
      (await client.workflow.getHandle(contractWorkflowId(facts.id)).describe()).runId;
    await worker.send(facts.id, pause);
    const run_id = await firstRun();
    // A run that continues another one starts with the values of that run; it has set its own values when it has settled.
    for (let n = 0; (await firstRun()) === run_id; n += 1)
      await worker.send(facts.id, { name: 'edit', input: { name: `renamed ${n}` } });
    await worker.clocks.notify(facts.id, AbortSignal.timeout(WAIT.timeout_ms));

    const found = async (): Promise<number> => {
      const query = `ContractId = '${facts.id}' AND ContractState = 'PAUSED' AND ExecutionStatus = 'Running'`;
      // For some seconds after a change the server may refuse the query or read the old column.
      return (await client.workflow.count(query).catch(() => ({ count: -1 }))).count;
    };
    await waitFor(async () => (await found()) === 1, { ...WAIT, what: 'the contract to be found' });

    await removeAndTakeColumn(client, 'ContractId');
    const readiness = await readinessOf(client, queues);
    expect(readiness).toMatchObject({ ready: true, checks: { search_attributes: 'ok' } });
    expect(await statesOf(client)).toEqual(['registered']);
    const after = await findSweepSchedule(client);
    expect(after?.epoch).not.toBe(before?.epoch);
    expect((await schedule.describe()).state.paused).toBe(true);

    await waitFor(async () => (await found()) === 0, { ...WAIT, what: 'the server to read the new column' });
    await schedule.trigger();
    await waitFor(async () => (await found()) === 1, { ...WAIT, what: 'the contract to be found again' });
    await worker.send(facts.id, { name: 'resume', input: {} });
    expect((await findContract(sql, facts.id))?.state).toBe('ACTIVE');
  } finally {
    await worker.stop();
    await client.connection.close();
  }
});
