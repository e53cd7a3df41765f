/**
 * `sweep` starts the workflow of committed rows that have none, and wakes no row that needs nothing.
 */
import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { findContract } from '../../db/contract/contract';
import { waitFor } from '../../dev/waiting';
import { contractWorkflowId, generationJobWorkflowId } from '../../temporal/ids';
import { contractViewQuery } from '../../workflows/contract-lifecycle';
import { sweep } from '../../workflows/sweep';
import type { Swept } from '../../activities/system/sweep';
import { createBillingSystem, insertParkedEvent, insertInvoiceEvent } from '../harness/billing';
import { auditOf, buildContract, jobOf, requestJob } from '../harness/contract-rows';
import { startCovenantWorker, withOverrides } from '../harness/covenant-worker';
import type { ActivityOverrides, CovenantWorker } from '../harness/covenant-worker';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { gate } from '../harness/gate';
import { expectInvariants } from '../harness/invariants';
import { connectPreparedTemporal } from '../harness/temporal';
import type { TestTemporal } from '../harness/temporal';

const MINUTE_MS = 60_000;

let temporal: TestTemporal;
let database: TestDatabase;
let sql: TestDatabase['sql'];
let worker: CovenantWorker;
/** The epoch that the starters of workflows record. */
let known_epoch: string | undefined;
const billing = createBillingSystem();
/** The activities that the current test overrides. */
let overrides: ActivityOverrides;

beforeAll(async () => {
  temporal = await connectPreparedTemporal();
});
beforeEach(async () => {
  database = await createTestDatabase();
  sql = database.sql;
  const { client, nativeConnection } = temporal;
  overrides = () => ({});
  const wrap = withOverrides(() => overrides);
  known_epoch = undefined;
  const epoch = () => known_epoch;
  worker = await startCovenantWorker({ db: sql, client, nativeConnection, billingPorts: billing.ports, wrap, epoch });
});
afterEach(async () => {
  await worker.stop();
  await expectInvariants(sql);
  await database.drop();
});
afterAll(() => temporal.close());

const runSweep = (epoch: string): Promise<Swept> =>
  temporal.client.workflow.execute(sweep, {
    workflowId: `sweep:${randomUUID()}`,
    taskQueue: worker.queues.contracts,
    args: [{ epoch }],
  });

/** Makes all rows older than the time in which a start may still arrive. */
async function backdateRows(): Promise<void> {
  await sql`UPDATE contracts SET created_at = created_at - interval '1 minute'`;
  await sql`UPDATE generation_jobs SET created_at = created_at - interval '1 minute'`;
}

/** How many signals a workflow has received. */
async function signalsOf(workflow_id: string): Promise<number> {
  const { events } = await temporal.client.workflow.getHandle(workflow_id).fetchHistory();
  return (events ?? []).filter((event) => event.workflowExecutionSignaledEventAttributes).length;
}

async function epochOf(table: 'contracts' | 'generation_jobs', id: string): Promise<string | null> {
  const [row] = await sql<
    [{ workflow_epoch: string | null }]
  >`SELECT workflow_epoch FROM ${sql(table)} WHERE id = ${id}`;
  return row.workflow_epoch;
}

/** Resolves when a workflow has recorded the epoch of its start with its row. */
async function startIsRecorded(table: 'contracts' | 'generation_jobs', id: string): Promise<void> {
  await waitFor(async () => (await epochOf(table, id)) !== null, {
    timeout_ms: 10_000,
    what: `the start of ${id} to be recorded`,
  });
}

async function isRunning(workflow_id: string): Promise<boolean> {
  try {
    return (await temporal.client.workflow.getHandle(workflow_id).describe()).status.name === 'RUNNING';
  } catch {
    return false;
  }
}

const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();

test('the sweep starts the workflows of a job and a contract that were committed and never started', async () => {
  const { facts } = await buildContract(sql);
  const job = await requestJob(sql, facts.id, 300);
  await backdateRows();
  expect(await runSweep('epoch-1')).toEqual({ contracts: 1, jobs: 1, test_clocks: 0 });
  const result: unknown = await temporal.client.workflow.getHandle(generationJobWorkflowId(job.id)).result();
  expect(result).toMatchObject({ state: 'SUCCEEDED', completed: 300 });
  expect(await isRunning(contractWorkflowId(facts.id))).toBe(true);
});

test('the sweep wakes nothing that was started on this server, and starts what was started on another one', async () => {
  const { facts } = await buildContract(sql);
  await runSweep('epoch-1');
  expect(await runSweep('epoch-1')).toEqual({ contracts: 0, jobs: 0, test_clocks: 0 });
  // When a server loses its data, the workflow is gone, and the new server has another epoch.
  await temporal.client.workflow.getHandle(contractWorkflowId(facts.id)).terminate();
  expect(await runSweep('epoch-2')).toEqual({ contracts: 1, jobs: 0, test_clocks: 0 });
  expect(await isRunning(contractWorkflowId(facts.id))).toBe(true);
});

test('the sweep does not wake a contract whose workflow was started after its creation', async () => {
  known_epoch = 'epoch-1';
  const { facts } = await buildContract(sql);
  await worker.nudger.wakeContracts([facts.id]);
  await startIsRecorded('contracts', facts.id);
  await backdateRows();
  expect(await runSweep('epoch-1')).toEqual({ contracts: 0, jobs: 0, test_clocks: 0 });
  // The signal of its start.
  expect(await signalsOf(contractWorkflowId(facts.id))).toBe(1);
});

test('the sweep does not wake a draft that a command activated', async () => {
  known_epoch = 'epoch-1';
  const { facts } = await buildContract(sql, { status: 'inactive' });
  await worker.send(facts.id, { name: 'edit', input: { name: 'A draft' } });
  await temporal.client.workflow.getHandle(contractWorkflowId(facts.id)).result();
  expect(await epochOf('contracts', facts.id)).toBeNull();
  await worker.send(facts.id, { name: 'activate', input: {} });
  await startIsRecorded('contracts', facts.id);
  await backdateRows();
  expect(await runSweep('epoch-1')).toEqual({ contracts: 0, jobs: 0, test_clocks: 0 });
  expect(await signalsOf(contractWorkflowId(facts.id))).toBe(0);
});

test('the sweep does not wake jobs that were started, not even one that waits for its contract', async () => {
  known_epoch = 'epoch-1';
  const { facts } = await buildContract(sql);
  await sql`UPDATE contracts SET workflow_epoch = 'epoch-1'`;
  const filling = gate();
  overrides = (real) => ({ fillChunks: async (input) => (await filling.opened, real.fillChunks(input)) });
  const running = await requestJob(sql, facts.id, 300);
  await worker.nudger.wakeJobs([running.id]);
  await startIsRecorded('generation_jobs', running.id);
  const paused = await requestJob(sql, facts.id, 300);
  await worker.send(facts.id, { name: 'pause', input: {} });
  await worker.nudger.wakeJobs([paused.id]);
  await startIsRecorded('generation_jobs', paused.id);
  expect((await jobOf(sql, paused.id)).state).toBe('PAUSED');
  await backdateRows();
  expect(await runSweep('epoch-1')).toEqual({ contracts: 0, jobs: 0, test_clocks: 0 });
  expect(await signalsOf(generationJobWorkflowId(running.id))).toBe(1);
  expect(await signalsOf(generationJobWorkflowId(paused.id))).toBe(1);
  filling.open();
});

test('after a server lost its data, each row is woken once, also while starters still know the old epoch', async () => {
  known_epoch = 'epoch-1';
  const { facts } = await buildContract(sql);
  await worker.nudger.wakeContracts([facts.id]);
  await startIsRecorded('contracts', facts.id);
  const handle = () => temporal.client.workflow.getHandle(contractWorkflowId(facts.id));
  await handle().terminate();
  // The new server does not run it, so the sweep starts it there.
  expect(await runSweep('epoch-2')).toEqual({ contracts: 1, jobs: 0, test_clocks: 0 });
  expect(await isRunning(contractWorkflowId(facts.id))).toBe(true);
  // A start with the old epoch does not change the record.
  await handle().terminate();
  await worker.send(facts.id, { name: 'pause', input: {} });
  await worker.clocks.notify(facts.id, AbortSignal.timeout(20_000));
  expect(await epochOf('contracts', facts.id)).toBe('epoch-2');
  expect(await runSweep('epoch-2')).toEqual({ contracts: 0, jobs: 0, test_clocks: 0 });
});

test('an overdue boundary is applied, at its own instant', async () => {
  const { facts } = await buildContract(sql, { now: '2020-01-01T00:00:00.000Z', start_date: '2020-01-02' });
  await sql`UPDATE contracts SET workflow_epoch = 'epoch-1' WHERE id = ${facts.id}`;
  expect(await runSweep('epoch-1')).toEqual({ contracts: 1, jobs: 0, test_clocks: 0 });
  await waitFor(async () => (await findContract(sql, facts.id))?.state === 'ACTIVE', {
    timeout_ms: 10_000,
    what: 'the contract to start',
  });
  expect((await auditOf(sql, facts.id)).at(-1)).toMatchObject({
    action: 'contract.term_started',
    at: '2020-01-02T00:00:00.000Z',
  });
});

test('the sweep wakes contracts with a pending billing event or a due verification when no signal arrived', async () => {
  const now = ago(2 * MINUTE_MS);
  const [notified, overdue] = [
    (await buildContract(sql, { now })).facts.id,
    (await buildContract(sql, { now })).facts.id,
  ];
  await sql`UPDATE contracts SET workflow_epoch = 'epoch-1'`;
  const occurred_at = ago(MINUTE_MS);
  await insertInvoiceEvent(sql, notified, { invoice_id: 'in_2', due: '2099-01-01', occurred_at, version: 1 });
  const due = ago(20 * 24 * 60 * MINUTE_MS).slice(0, 10);
  billing.invoices.set('in_1', { contract_id: overdue, status: 'OPEN', due, occurred_at });
  await insertInvoiceEvent(sql, overdue, { due, occurred_at, version: 1 });
  await worker.activities.applyBillingEvents({ contract_id: overdue, now: occurred_at });
  expect((await findContract(sql, overdue))?.verify_at).not.toBeNull();

  expect(await runSweep('epoch-1')).toEqual({ contracts: 2, jobs: 0, test_clocks: 0 });
  await waitFor(
    async () =>
      (await findContract(sql, overdue))?.state === 'SUSPENDED' &&
      (await findContract(sql, notified))?.invoices.length === 1,
    { timeout_ms: 10_000, what: 'both contracts to be updated' },
  );
});

test('drafts, deleted and expired contracts and finished jobs need no workflow', async () => {
  await buildContract(sql, { status: 'inactive' });
  const { facts } = await buildContract(sql, {
    now: '2020-01-01T00:00:00.000Z',
    start_date: '2020-01-01',
    end_date: '2020-02-01',
  });
  await runSweep('epoch-1');
  await waitFor(async () => (await findContract(sql, facts.id))?.state === 'EXPIRED', {
    timeout_ms: 10_000,
    what: 'the contract to expire',
  });
  const active = await buildContract(sql);
  await requestJob(sql, active.facts.id, 5);
  await runSweep('epoch-1');
  expect(await runSweep('epoch-2')).toEqual({ contracts: 1, jobs: 0, test_clocks: 0 });
});

test('the sweep wakes a running job without progress, and a paused job whose contract is active again', async () => {
  const { facts } = await buildContract(sql);
  const [silent, paused, queued] = [
    await requestJob(sql, facts.id, 200),
    await requestJob(sql, facts.id, 200),
    await requestJob(sql, facts.id, 200),
  ];
  await sql`UPDATE contracts SET workflow_epoch = 'epoch-1'`;
  await sql`UPDATE generation_jobs SET workflow_epoch = 'epoch-1'`;
  await sql`UPDATE generation_jobs SET state = 'RUNNING', started_at = ${ago(2 * MINUTE_MS)} WHERE id = ${silent.id}`;
  await sql`UPDATE generation_jobs SET state = 'PAUSED' WHERE id = ${paused.id}`;
  expect(await runSweep('epoch-1')).toEqual({ contracts: 0, jobs: 2, test_clocks: 0 });
  for (const { id } of [silent, paused]) await temporal.client.workflow.getHandle(generationJobWorkflowId(id)).result();
  expect((await jobOf(sql, silent.id)).state).toBe('SUCCEEDED');
  expect((await jobOf(sql, paused.id)).state).toBe('SUCCEEDED');
  expect((await jobOf(sql, queued.id)).state).toBe('QUEUED');
});

test('a sweep changes nothing while every workflow runs', async () => {
  const { facts } = await buildContract(sql);
  await worker.send(facts.id, { name: 'pause', input: {} });
  const before = await auditOf(sql, facts.id);
  const { runId } = await temporal.client.workflow.getHandle(contractWorkflowId(facts.id)).describe();
  expect(await runSweep('epoch-1')).toEqual({ contracts: 1, jobs: 0, test_clocks: 0 });
  expect((await temporal.client.workflow.getHandle(contractWorkflowId(facts.id)).describe()).runId).toBe(runId);
  expect((await temporal.client.workflow.getHandle(contractWorkflowId(facts.id)).query(contractViewQuery))?.state).toBe(
    'PAUSED',
  );
  expect(await auditOf(sql, facts.id)).toEqual(before);
});

test('the sweep deletes idempotency keys after thirty days and not before', async () => {
  const days = (n: number): string => ago(n * 24 * 60 * MINUTE_MS);
  for (const [key, created_at] of [
    ['old', days(31)],
    ['young', days(29)],
  ] as const) {
    await sql`INSERT INTO idempotency_keys ${sql({ scope: 'test', key, fingerprint: 'f', created_at })}`;
  }
  await runSweep('epoch-1');
  const kept = await sql`SELECT key FROM idempotency_keys`;
  expect(kept.map((row) => row['key'] as string)).toEqual(['young']);
});

async function startSweep(): Promise<WorkflowHandle<typeof sweep>> {
  return temporal.client.workflow.start(sweep, {
    workflowId: `sweep:${randomUUID()}`,
    taskQueue: worker.queues.contracts,
    args: [{ epoch: 'epoch-1' }],
  });
}

test('a billing system that does not answer delays no wake-up', async () => {
  const { facts } = await buildContract(sql);
  await insertParkedEvent(sql);
  const asked = gate();
  billing.port.identify = async () => {
    asked.arrive();
    await asked.opened;
    return { invoice_id: null, contract_id: null, names_contract: false };
  };
  const handle = await startSweep();
  await asked.reached;
  await waitFor(
    async () => {
      const { pendingActivities } = (await handle.describe()).raw;
      return pendingActivities?.length === 1 && pendingActivities[0]?.activityType?.name === 'identifyParkedEvents';
    },
    { timeout_ms: 10_000, what: 'the wake-ups to finish while the billing system is asked' },
  );
  expect(await isRunning(contractWorkflowId(facts.id))).toBe(true);
  asked.open();
  expect(await handle.result()).toEqual({ contracts: 1, jobs: 0, test_clocks: 0 });
});

test('after a worker dies, another one repeats its sweep after the heartbeat timeout, not after the whole attempt', async () => {
  const { facts } = await buildContract(sql);
  const end = gate();
  let attempts = 0;
  overrides = (real) => ({
    async sweepOnce(input) {
      attempts += 1;
      if (attempts > 1) return real.sweepOnce(input);
      // Sends no heartbeat, like a process that was killed.
      await end.opened;
      throw new Error('too late');
    },
  });
  const handle = await startSweep();
  expect(await handle.result()).toEqual({ contracts: 1, jobs: 0, test_clocks: 0 });
  expect(await isRunning(contractWorkflowId(facts.id))).toBe(true);
  const { events } = await handle.fetchHistory();
  const started = events?.filter(({ activityTaskStartedEventAttributes: event }) => event?.attempt === 2);
  expect(started?.map((event) => event.activityTaskStartedEventAttributes?.lastFailure?.message)).toEqual([
    'activity Heartbeat timeout',
  ]);
  end.open();
});
