/**
 * Runs that a worker of an older version began continue with the present code, and replay afterwards. The older version is a worker that
 * runs no code behind `patched`.
 */
import type { WorkflowHandle } from '@temporalio/client';
import { temporal as proto } from '@temporalio/proto';
import { Worker } from '@temporalio/worker';
import { waitFor } from '../../dev/waiting';
import { addDays } from '../../domain/base/calendar';
import type { ContractCommand } from '../../domain/contract/command';
import { instantFromMillis } from '../../domain/base/instant';
import { findContract } from '../../db/contract/contract';
import { contractWorkflowId, generationJobWorkflowId } from '../../temporal/ids';
import { taskQueues } from '../../temporal/task-queues';
import { contractViewQuery } from '../../workflows/contract-lifecycle';
import type { contractLifecycle } from '../../workflows/contract-lifecycle';
import { CONTRACT_STATE, NEXT_BOUNDARY } from '../../workflows/search-attributes';
import { sweep } from '../../workflows/sweep';
import { createBillingSystem, insertInvoiceEvent } from '../harness/billing';
import { buildContract, listAuditActions, requestJob } from '../harness/contract-rows';
import { startCovenantWorker, withOverrides } from '../harness/covenant-worker';
import type { ActivityOverrides, CovenantWorker } from '../harness/covenant-worker';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { expectInvariants } from '../harness/invariants';
import { buildPausedContracts } from '../harness/paused-contracts';
import { connectPreparedTemporal, uniqueTaskQueue, workflowBundle } from '../harness/temporal';
import type { TestTemporal } from '../harness/temporal';

const { EventType } = proto.api.enums.v1;
const WAIT_MS = 15_000;
/** Longer than the older worker runs after this moment, so that the boundary is reached without it. */
const BOUNDARY_AHEAD_MS = 6_000;
const EPOCH = 'epoch-1';
const PAST = '2026-01-01T00:00:00.000Z';
const rename = (name: string): ContractCommand => ({ name: 'edit', input: { name } });

let temporal: TestTemporal;
let database: TestDatabase;
let sql: TestDatabase['sql'];
let worker: CovenantWorker;
const billing = createBillingSystem();
/** What the older version has begun. */
let begun: {
  commanded: string;
  woken: string;
  billed: string;
  resuming: string;
  resume_at: string;
  /** The next boundary that the older version shows as a search attribute of the resuming contract. */
  shown: Date | undefined;
  job_id: string;
  sweep: WorkflowHandle<typeof sweep>;
};

beforeAll(async () => {
  temporal = await connectPreparedTemporal();
  database = await createTestDatabase();
  sql = database.sql;
  const { client, nativeConnection } = temporal;
  const queues = taskQueues(uniqueTaskQueue('older'));
  let overrides: ActivityOverrides = () => ({
    fillChunks: async () => Promise.reject(new Error('not with this version')),
    sweepOnce: async () => Promise.reject(new Error('not with this version')),
  });
  const wrap = withOverrides(() => overrides);
  const epoch = () => EPOCH;
  const options = { epoch, db: sql, client, nativeConnection, queues, billingPorts: billing.ports, wrap };
  const older = await startCovenantWorker({ ...options, isOlderVersion: true });
  begun = await beginRuns(older);
  await older.stop();
  overrides = () => ({});
  worker = await startCovenantWorker(options);
});
afterEach(() => expectInvariants(sql));
afterAll(async () => {
  await worker.stop();
  await temporal.close();
  await database.drop();
});

const handleOf = (id: string) => temporal.client.workflow.getHandle<typeof contractLifecycle>(contractWorkflowId(id));

/** Starts the runs with the older version, until each waits for a timer, or for an attempt at its activity after the first one. */
async function beginRuns(older: CovenantWorker): Promise<typeof begun> {
  const newContract = async (): Promise<string> => (await buildContract(sql)).facts.id;
  const [commanded, woken, billed] = [await newContract(), await newContract(), await newContract()];
  const job = await requestJob(sql, await newContract(), 300);
  const resume_at = instantFromMillis(Date.now() + BOUNDARY_AHEAD_MS);
  const [resuming] = (await buildPausedContracts(sql, 1, { paused_at: PAST, resume_at })) as [string];
  const contracts = [commanded, woken, billed, resuming];
  await older.nudger.wakeContracts(contracts);
  await older.nudger.wakeJobs([job.id]);
  const sweepRun = await temporal.client.workflow.start(sweep, {
    workflowId: uniqueTaskQueue('sweep'),
    taskQueue: older.queues.contracts,
    args: [{ epoch: EPOCH }],
  });
  for (const id of contracts)
    await waitFor(async () => (await handleOf(id).query(contractViewQuery)) !== null, {
      timeout_ms: WAIT_MS,
      what: 'the contract to wait',
    });
  const jobRun = temporal.client.workflow.getHandle(generationJobWorkflowId(job.id));
  for (const run of [jobRun, sweepRun])
    await waitFor(async () => (await run.describe()).raw.pendingActivities?.some(({ lastFailure }) => lastFailure), {
      timeout_ms: WAIT_MS,
      what: 'the first attempt to fail',
    });
  const shown = await shownBoundary(resuming);
  return { commanded, woken, billed, resuming, resume_at, shown, job_id: job.id, sweep: sweepRun };
}

async function shownBoundary(id: string): Promise<Date | undefined> {
  return (await handleOf(id).describe()).typedSearchAttributes.get(NEXT_BOUNDARY);
}

interface Continued {
  /** The patches that the run has recorded, with the newer version. */
  patches: string[];
  /** The activities of the run that are not local. */
  activities: string[];
}

/** Expects that each workflow task of a run succeeded, and that the run replays. Returns what the run did. */
async function expectContinued(run: WorkflowHandle): Promise<Continued> {
  const history = await run.fetchHistory();
  const { events } = history;
  await Worker.runReplayHistory({ workflowBundle: { codePath: workflowBundle() } }, history, run.workflowId);
  const failed = (events ?? []).filter(({ eventType }) => eventType === EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED);
  expect(failed.map((event) => event.workflowTaskFailedEventAttributes?.failure?.message)).toEqual([]);
  const markers = (events ?? []).flatMap((event) => event.markerRecordedEventAttributes ?? []);
  const patches = markers.filter(({ markerName }) => markerName === 'core_patch');
  return {
    patches: patches.map(({ details }) => {
      const data = details?.['patch-data']?.payloads?.[0]?.data ?? new Uint8Array();
      return (JSON.parse(Buffer.from(data).toString()) as { id: string }).id;
    }),
    activities: (events ?? []).flatMap(
      ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name ?? [],
    ),
  };
}

test('a contract whose run an older version began continues with two commands at the same moment', async () => {
  const { commanded: id } = begun;
  const outcomes = await Promise.all([worker.send(id, rename('one')), worker.send(id, rename('two'))]);
  expect(outcomes).toEqual([expect.objectContaining({ changed: true }), expect.objectContaining({ changed: true })]);
  const { patches, activities } = await expectContinued(handleOf(id));
  expect(activities).toEqual(['settleContract', 'runContractCommand', 'runContractCommand']);
  expect(patches).toContain('fewer-actions');
});

test('a contract whose run an older version began continues with a wake-up that sets its search attributes again', async () => {
  const { woken: id } = begun;
  const lookedAt = async () => (await handleOf(id).query(contractViewQuery))?.looked_at;
  const before = await lookedAt();
  await worker.nudger.wakeContracts([id], { refresh_search_attributes: true });
  await waitFor(async () => (await lookedAt()) !== before, {
    timeout_ms: WAIT_MS,
    what: 'the next step',
  });
  expect((await expectContinued(handleOf(id))).patches.sort()).toEqual(['fewer-actions', 'refresh-search-attributes']);
});

test('a contract whose run an older version began continues with a billing event, and asks before it suspends', async () => {
  const { billed: id } = begun;
  const occurred_at = new Date().toISOString();
  const due = addDays(occurred_at.slice(0, 10), -20);
  billing.invoices.set('in_1', { contract_id: id, status: 'OPEN', due, occurred_at });
  const inbox_id = await insertInvoiceEvent(sql, id, { due, occurred_at });
  await worker.nudger.signalBillingEvent(id, { inbox_id, details: 'evt_1 invoice.open' });
  await waitFor(async () => (await handleOf(id).query(contractViewQuery))?.state === 'SUSPENDED', {
    timeout_ms: WAIT_MS,
    what: 'the suspension',
  });
  const { activities } = await expectContinued(handleOf(id));
  expect(activities.filter((name) => name !== 'applyBillingEvents')).toEqual(['settleContract', 'verifyBilling']);
});

test('a sweep and a job that an older version began continue', async () => {
  expect(await begun.sweep.result()).toMatchObject({ test_clocks: 0 });
  expect((await expectContinued(begun.sweep)).activities).toEqual(['sweepOnce']);
  const job = temporal.client.workflow.getHandle(generationJobWorkflowId(begun.job_id));
  await worker.nudger.wakeJobs([begun.job_id], { refresh_search_attributes: true });
  expect(await job.result()).toMatchObject({ state: 'SUCCEEDED', completed: 300 });
  await expectContinued(job);
});

test('a contract whose timer an older version set applies its boundary when the timer fires', async () => {
  const { resuming: id, resume_at } = begun;
  await waitFor(async () => (await findContract(sql, id))?.state === 'ACTIVE', {
    timeout_ms: WAIT_MS,
    what: 'the boundary to be applied',
  });
  expect(await listAuditActions(sql, id)).toEqual(['contract.created', 'contract.paused', 'contract.resumed']);
  const applied = await sql`SELECT FROM audit_events WHERE action = 'contract.resumed' AND at = ${resume_at}`;
  expect(applied.count).toBe(1);
  await waitFor(async () => (await handleOf(id).query(contractViewQuery))?.state === 'ACTIVE', {
    timeout_ms: WAIT_MS,
    what: 'the step to end',
  });
  const { patches, activities } = await expectContinued(handleOf(id));
  expect([patches, activities]).toEqual([['fewer-actions'], ['settleContract']]);
});

test('only the older version shows the next boundary as a search attribute', async () => {
  expect(begun.shown?.toISOString()).toBe(begun.resume_at);
  const { woken: id } = begun;
  const resume_at = instantFromMillis(Date.now() + 86_400_000);
  await worker.send(id, { name: 'pause', input: { resume_at } });
  await waitFor(async () => (await handleOf(id).describe()).typedSearchAttributes.get(CONTRACT_STATE) === 'PAUSED', {
    timeout_ms: WAIT_MS,
    what: 'the state to be shown',
  });
  expect((await handleOf(id).query(contractViewQuery))?.next_boundary?.at).toBe(resume_at);
  expect(await shownBoundary(id)).toBeUndefined();
});
