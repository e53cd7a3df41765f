/**
 * The slots of a worker: a task that hangs on one queue blocks no other queue, and a pool that is too small is refused.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { ApplicationFailure, activityInfo } from '@temporalio/activity';
import { NO_LOCAL_SLOT } from '../../activities/base/local-slots';
import { createStandardPort } from '../../adapters/billing-standard';
import { loadConfig } from '../../config';
import { waitFor } from '../../dev/waiting';
import type { ContractCommand } from '../../domain/contract/command';
import { contractWorkflowId, generationJobWorkflowId } from '../../temporal/ids';
import { levelOf } from '../../temporal-log';
import { workerPoolSize, workerSlots } from '../../worker-slots';
import { sweep } from '../../workflows/sweep';
import { createBillingSystem, listEventOutcomes, insertInvoiceEvent } from '../harness/billing';
import type { InvoiceEventFields } from '../harness/billing';
import { buildContract, requestJob } from '../harness/contract-rows';
import { startCovenantWorker, withOverrides } from '../harness/covenant-worker';
import type { ActivityOverrides, CovenantWorker } from '../harness/covenant-worker';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { expectInvariants } from '../harness/invariants';
import { RUN_SOURCES } from '../../dev/run-sources';
import { connectPreparedTemporal } from '../harness/temporal';
import type { TestTemporal } from '../harness/temporal';

const REQUIRED = { DATABASE_URL: 'postgres://covenant@127.0.0.1:1/covenant', COVENANT_KEY_PEPPER: 'p'.repeat(32) };
const SLOTS = {
  commands: 8,
  settling: 4,
  batches: 2,
  billing: 4,
  sweep: 2,
  fill: 2,
  clocks: 4,
  steps: 4,
  webhooks: 100,
  mail: 5,
};
/** The slots of the worker in these tests: few, so that few tasks occupy all slots of a kind. */
const HELD_SLOTS = {
  commands: 2,
  settling: 2,
  batches: 1,
  billing: 2,
  sweep: 1,
  fill: 1,
  clocks: 1,
  steps: 1,
  webhooks: 1,
  mail: 1,
};
/** Commands sent simultaneously, and how many of them Temporal accepts in one workflow at the same time. */
const COMMANDS_WAITING = 20;
const UPDATES_IN_FLIGHT_MAX = 10;
const PAUSE: ContractCommand = { name: 'pause', input: {} };

let temporal: TestTemporal;
let database: TestDatabase;
let sql: TestDatabase['sql'];
let worker: CovenantWorker;
/** A billing system that never responds: how often it was queried, and what ends its queries. */
let hanging: { query_count: () => number; end: () => void };
/** Another billing system, which responds. */
const respondingSystem = createBillingSystem('stripe');
/** Opens the gates of the running test, also when it fails. */
let openGates = (): void => undefined;
/** Wraps the activities; set by the running test. */
let around: ActivityOverrides = () => ({});

beforeAll(async () => {
  temporal = await connectPreparedTemporal();
  database = await createTestDatabase();
  sql = database.sql;
  let queries = 0;
  const server = createServer(() => void (queries += 1)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  hanging = { query_count: () => queries, end: () => (server.closeAllConnections(), server.close()) };
  worker = await startCovenantWorker({
    db: sql,
    client: temporal.client,
    nativeConnection: temporal.nativeConnection,
    billingPorts: new Map([['standard', createStandardPort(url, 60_000)], ...respondingSystem.ports]),
    wrap: withOverrides(() => around),
    slots: HELD_SLOTS,
  });
});
afterEach(async () => {
  openGates();
  around = () => ({});
  await expectInvariants(sql);
});
afterAll(async () => {
  hanging.end();
  await worker.stop();
  await temporal.close();
  await database.drop();
});

function buildContracts(count: number): Promise<string[]> {
  return Promise.all(Array.from({ length: count }, async () => (await buildContract(sql)).facts.id));
}

async function acceptedUpdates(id: string): Promise<number> {
  const { events } = await temporal.client.workflow.getHandle(contractWorkflowId(id)).fetchHistory();
  return (events ?? []).filter((event) => event.workflowExecutionUpdateAcceptedEventAttributes).length;
}

async function pendingActivities(workflow_id: string): Promise<number> {
  const { raw } = await temporal.client.workflow.getHandle(workflow_id).describe();
  return raw.pendingActivities?.length ?? 0;
}

/** Blocks an activity for some contracts until it is opened, like a row that another transaction has locked. */
function blockFor(ids: string[]) {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const held: string[] = [];
  openGates = open;
  return {
    open,
    /** The contract of each blocked call, in order of arrival. */
    held,
    /** Only regular activities are in `held`: a local activity that hangs is replaced by a regular one after its time-out. */
    async pass({ contract_id }: { contract_id: string }): Promise<void> {
      if (!ids.includes(contract_id)) return;
      if (!activityInfo().isLocal) held.push(contract_id);
      await opened;
    },
  };
}

test('any number of boundaries that cannot be applied block no command and no sweep', async () => {
  const stuck = await buildContracts(3 * HELD_SLOTS.settling);
  const [other] = (await buildContracts(1)) as [string];
  const gate = blockFor(stuck);
  around = (real) => ({ settleContract: async (input) => (await gate.pass(input), real.settleContract(input)) });
  await worker.nudger.wakeContracts(stuck);
  await waitFor(() => gate.held.length === HELD_SLOTS.settling || undefined, {
    timeout_ms: 20_000,
    what: 'every slot for boundaries to be held',
  });
  for (const id of [...stuck, other])
    expect(await worker.send(id, PAUSE)).toMatchObject({ refusal: null, changed: true });
  const swept = await temporal.client.workflow.execute(sweep, {
    workflowId: 'sweep-during-hanging-boundaries',
    taskQueue: worker.queues.contracts,
    args: [{ epoch: 'epoch-1' }],
  });
  expect(swept).toMatchObject({ contracts: stuck.length + 1 });
  expect(gate.held).toHaveLength(HELD_SLOTS.settling);
  gate.open();
});

test('commands of one contract wait in one slot, and commands of other contracts run meanwhile', async () => {
  const [busy, other] = (await buildContracts(2)) as [string, string];
  const gate = blockFor([busy]);
  // By command, because an attempt that is blocked for too long is retried.
  const held = new Set<string>();
  around = (real) => ({
    async runContractCommand(input) {
      if (input.contract_id === busy) held.add(input.command_id);
      await gate.pass(input);
      return real.runContractCommand(input);
    },
  });
  const names = Array.from({ length: COMMANDS_WAITING }, (_, i) => `name ${i}`);
  const sent = names.map((name) => worker.send(busy, { name: 'edit', input: { name } }));
  // As many as Temporal accepts in one workflow; the others wait at the server.
  await waitFor(async () => (await acceptedUpdates(busy)) >= UPDATES_IN_FLIGHT_MAX || undefined, {
    timeout_ms: 20_000,
    what: 'the commands to reach the workflow of their contract',
  });
  expect(await worker.send(other, PAUSE)).toMatchObject({ refusal: null, changed: true });
  expect(held.size).toBe(1);
  gate.open();
  for (const outcome of await Promise.all(sent)) expect(outcome).toMatchObject({ refusal: null, changed: true });
  expect(held.size).toBe(COMMANDS_WAITING);
});

test('a billing system that never responds blocks no command, no event that needs no query, and no other billing system', async () => {
  const occurred_at = new Date().toISOString();
  const sendEvent = async (id: string, fields: Partial<InvoiceEventFields>): Promise<void> => {
    const inbox_id = await insertInvoiceEvent(sql, id, { occurred_at, ...fields });
    await worker.nudger.signalBillingEvent(id, { inbox_id, details: 'an event' });
  };
  const applied = (id: string, what: string) =>
    waitFor(async () => (await listEventOutcomes(sql, id)).some(({ outcome }) => outcome === 'APPLIED') || undefined, {
      timeout_ms: 20_000,
      what,
    });
  const contracts = await buildContracts(4);
  const [one, other, waiting, without] = contracts as [string, string, string, string];
  for (const id of [one, other, waiting]) await sendEvent(id, { without_observation: true });
  await waitFor(() => hanging.query_count() === HELD_SLOTS.billing || undefined, {
    timeout_ms: 20_000,
    what: 'every billing slot to be occupied',
  });
  for (const id of [one, other, waiting, without])
    expect(await worker.send(id, PAUSE)).toMatchObject({ refusal: null, changed: true });
  await sendEvent(without, { version: 1 });
  await applied(without, 'the event that needs no query to be applied');
  respondingSystem.invoices.set('in_stripe', { contract_id: without, status: 'OPEN', due: '2099-01-01', occurred_at });
  await sendEvent(without, {
    source: 'stripe',
    invoice_id: 'in_stripe',
    event_id: 'evt_stripe',
    without_observation: true,
  });
  await waitFor(() => respondingSystem.fetchedInvoiceIds.length > 0 || undefined, {
    timeout_ms: 20_000,
    what: 'a query to the other billing system',
  });
  expect(hanging.query_count()).toBe(HELD_SLOTS.billing);

  hanging.end();
  // An attempt without a response is a normal outcome: its event stays pending.
  await waitFor(async () => (await listEventOutcomes(sql, one))[0]?.reason === 'BILLING_UNREACHABLE' || undefined, {
    timeout_ms: 20_000,
    what: 'the queries to end',
  });
});

test('any number of job steps whose rows are locked block no boundary and no billing event', async () => {
  const [busy, other] = (await buildContracts(2)) as [string, string];
  const jobs = 2 * HELD_SLOTS.settling + 1;
  const gate = blockFor([busy]);
  let apart = 0;
  around = (real) => ({
    async openJob(input) {
      // Like a row that stays locked for longer than an attempt waits: the step is retried as a normal activity.
      if (activityInfo().isLocal) throw new Error('the row is locked');
      apart += 1;
      await gate.pass({ contract_id: busy });
      return real.openJob(input);
    },
  });
  const requested = await Promise.all(Array.from({ length: jobs }, () => requestJob(sql, busy, 100)));
  await worker.nudger.wakeJobs(requested.map(({ id }) => id));
  await waitFor(
    async () => {
      const pending = await Promise.all(requested.map(({ id }) => pendingActivities(generationJobWorkflowId(id))));
      return pending.every((count) => count === 1) || undefined;
    },
    { timeout_ms: 20_000, what: 'a step of every job to wait apart from its workflow' },
  );
  await waitFor(() => gate.held.length === HELD_SLOTS.steps || undefined, {
    timeout_ms: 20_000,
    what: 'every slot for steps to be held',
  });
  const occurred_at = new Date().toISOString();
  const inbox_id = await insertInvoiceEvent(sql, other, { occurred_at, version: 1 });
  await worker.nudger.signalBillingEvent(other, { inbox_id, details: 'an event' });
  await waitFor(async () => (await listEventOutcomes(sql, other))[0]?.outcome === 'APPLIED' || undefined, {
    timeout_ms: 20_000,
    what: 'an event of another contract to be applied',
  });
  expect(apart).toBe(HELD_SLOTS.steps);
  gate.open();
  for (const { id } of requested)
    expect(await temporal.client.workflow.getHandle(generationJobWorkflowId(id)).result()).toMatchObject({
      state: 'SUCCEEDED',
    });
});

test('a local activity without a free slot is no warning, unlike other failures', () => {
  const no_slot = { error: ApplicationFailure.create({ message: 'none is free', type: NO_LOCAL_SLOT }) };
  expect(levelOf({ level: 'WARN', meta: no_slot })).toBe('debug');
  expect(levelOf({ level: 'WARN', meta: { error: new Error('another') } })).toBe('warn');
  expect(levelOf({ level: 'WARN', meta: {} })).toBe('warn');
});

test('the slots for commands and billing are the same on one core and on a hundred', () => {
  const slots = workerSlots(loadConfig(REQUIRED));
  expect(slots).toMatchObject({ commands: 8, settling: 4, steps: 4, billing: 4 });
  expect(workerSlots(loadConfig({ ...REQUIRED, WORKER_FILL_SLOTS: '100' }))).toEqual({ ...slots, fill: 100 });
});

test('a pool has one connection for each slot and one for readiness, unless more are given', () => {
  expect(workerPoolSize(SLOTS, undefined)).toBe(54);
  expect(workerPoolSize(SLOTS, 54)).toBe(54);
  expect(workerPoolSize(SLOTS, 60)).toBe(60);
});

test('a worker whose pool is too small for its slots does not start, and names the numbers', async () => {
  const env = {
    ...process.env,
    ...REQUIRED,
    DATABASE_POOL_SIZE: '10',
    WORKER_COMMAND_SLOTS: '5',
    WORKER_SETTLING_SLOTS: '2',
    WORKER_STEP_SLOTS: '3',
    WORKER_BILLING_SLOTS: '3',
    WORKER_FILL_SLOTS: '2',
  };
  const root = join(__dirname, '..', '..');
  const worker = spawn(process.execPath, [...RUN_SOURCES, 'worker.ts'], { cwd: root, env, stdio: 'pipe' });
  let written = '';
  worker.stderr.on('data', (bytes: Buffer) => (written += bytes.toString()));
  const [code] = await once(worker, 'close');
  expect({ code, written: written.trim() }).toEqual({
    code: 1,
    written:
      'DATABASE_POOL_SIZE is 10, but the slots of this worker need 45 connections: 5 for commands (WORKER_COMMAND_SLOTS), ' +
      '2 for boundaries (WORKER_SETTLING_SLOTS), 6 for short steps (WORKER_STEP_SLOTS, as local and as normal activities), 6 for 2 billing systems (WORKER_BILLING_SLOTS), 2 for generation (WORKER_FILL_SLOTS), ' +
      '5 for mails (WORKER_MAIL_SLOTS), 2 for their planning, 8 for batches of contracts, 4 for the sweep, 4 for test clocks and 1 for readiness. Raise DATABASE_POOL_SIZE, unset it, or lower the slots.',
  });
});
