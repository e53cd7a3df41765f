/**
 * `contractLifecycle` and billing: every billing event is applied exactly once, and the billing system is asked before a contract is
 * suspended or terminated.
 */
import { SETTLE_TIMEOUT_MS } from '../../temporal/test-clock';
import { findContract } from '../../db/contract/contract';
import { waitFor } from '../../dev/waiting';
import { addDays } from '../../domain/base/calendar';
import type { BillingEventNotice } from '../../activities/ports';
import type { ContractCommand } from '../../domain/contract/command';
import { contractWorkflowId, generationJobWorkflowId } from '../../temporal/ids';
import {
  billingEventSignal,
  commandUpdate,
  contractViewQuery,
  wakeContractSignal,
} from '../../workflows/contract-lifecycle';
import type { contractLifecycle } from '../../workflows/contract-lifecycle';
import { backdateSuspension, createBillingSystem, listEventOutcomes, insertInvoiceEvent } from '../harness/billing';
import type { BillingSystem, InvoiceEventFields } from '../harness/billing';
import { auditOf, buildContract, jobOf, requestJob } from '../harness/contract-rows';
import { startCovenantWorker, withOverrides } from '../harness/covenant-worker';
import type { ActivityOverrides, CovenantWorker } from '../harness/covenant-worker';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { gate } from '../harness/gate';
import { expectInvariants } from '../harness/invariants';
import { connectPreparedTemporal } from '../harness/temporal';
import type { TestTemporal } from '../harness/temporal';
import { lastEventsOf, stepsOf } from '../harness/workflow-steps';

/** The events of the test that forces continue-as-new, and how many it sends at the same time. */
const EVENTS = 120;
const EVENTS_AT_ONCE = 4;
const LONG_TEST_MS = 120_000;
/** Temporal repeats a lost workflow task after ten seconds and an activity that failed after one, two and four: more than both. */
const STEP_MS = 40_000;
jest.setTimeout(60_000);

const TODAY = new Date().toISOString().slice(0, 10);
/** Due dates of unpaid invoices: the suspension, or the termination as well, is due at once. */
const SUSPENDS_NOW = addDays(TODAY, -20);
const TERMINATES_NOW = addDays(TODAY, -80);
const PAUSE: ContractCommand = { name: 'pause', input: {} };
const rename = (name: string): ContractCommand => ({ name: 'edit', input: { name } });

let temporal: TestTemporal;
let database: TestDatabase;
let sql: TestDatabase['sql'];
let worker: CovenantWorker;
/** The billing system that the worker asks; reset before each test. */
const billing: BillingSystem = createBillingSystem();
/** The activities that the current test overrides. */
let overrides: ActivityOverrides = () => ({});

beforeAll(async () => {
  temporal = await connectPreparedTemporal();
  database = await createTestDatabase();
  sql = database.sql;
  const { client, nativeConnection } = temporal;
  const wrap = withOverrides(() => overrides);
  worker = await startCovenantWorker({ db: sql, client, nativeConnection, wrap, billingPorts: billing.ports });
});
beforeEach(() =>
  Object.assign(billing, { reachable: true, fetchedInvoiceIds: [], beforeAnswer: async () => undefined }),
);
afterEach(async () => {
  overrides = () => ({});
  await expectInvariants(sql);
});
afterAll(async () => {
  await worker.stop();
  await temporal.close();
  await database.drop();
});

const handleOf = (id: string) => temporal.client.workflow.getHandle<typeof contractLifecycle>(contractWorkflowId(id));
const runOf = async (id: string): Promise<string> => (await handleOf(id).describe()).runId;
const now = (): string => new Date().toISOString();

async function buildContractId(): Promise<string> {
  return (await buildContract(sql)).facts.id;
}

/** Inserts an event into the inbox; the billing system answers the same from then on. */
async function storeInvoiceEvent(id: string, fields: Partial<InvoiceEventFields> = {}): Promise<BillingEventNotice> {
  const invoice_id = fields.invoice_id ?? `in_${id}`;
  const { status = 'OPEN', due = SUSPENDS_NOW, occurred_at = now() } = fields;
  billing.invoices.set(invoice_id, { contract_id: id, status, due, occurred_at });
  const inbox_id = await insertInvoiceEvent(sql, id, {
    ...fields,
    invoice_id,
    status,
    due,
    occurred_at,
    received_at: now(),
  });
  return { inbox_id, details: `evt_${invoice_id} invoice.${status.toLowerCase()}` };
}

/** Inserts an event and signals the contract, as the API does. */
async function receiveInvoiceEvent(id: string, fields: Partial<InvoiceEventFields> = {}): Promise<void> {
  await worker.nudger.signalBillingEvent(id, await storeInvoiceEvent(id, fields));
}

/** The error of a wait that takes too long contains the last events of the workflow. */
async function stateBecomes(id: string, state: string): Promise<void> {
  const what = `the state ${state}`;
  try {
    await waitFor(async () => (await findContract(sql, id))?.state === state, { timeout_ms: STEP_MS, what });
  } catch (error) {
    throw new Error(`${(error as Error).message} The workflow: ${await lastEventsOf(handleOf(id))}`, { cause: error });
  }
}

/** Resolves when no event of the contract is pending. */
async function allDecided(id: string): Promise<void> {
  await waitFor(async () => (await listEventOutcomes(sql, id)).every(({ outcome }) => outcome !== 'PENDING'), {
    timeout_ms: 20_000,
    what: 'every event to be decided',
  });
}

async function actionsOf(id: string): Promise<string[]> {
  return (await auditOf(sql, id)).map(({ action }) => action);
}

test('a contract is suspended after billing was asked, and reinstated when it is paid; every step has a summary', async () => {
  const id = await buildContractId();
  await receiveInvoiceEvent(id);
  await stateBecomes(id, 'SUSPENDED');
  // Once for the event, which has no version, and once before the suspension.
  expect(billing.fetchedInvoiceIds).toEqual([`in_${id}`, `in_${id}`]);
  await receiveInvoiceEvent(id, { status: 'PAID' });
  await stateBecomes(id, 'ACTIVE');
  expect(await actionsOf(id)).toEqual([
    'contract.created',
    'billing.event_received',
    'billing.past_due',
    'contract.suspended',
    'billing.event_received',
    'contract.reinstated',
  ]);
  const steps = await stepsOf(handleOf(id));
  expect(steps).toContain(`apply billing event evt_in_${id} invoice.open`);
  expect(steps).toContain(`apply billing event evt_in_${id} invoice.paid`);
  expect(steps.some((step) => step.startsWith('ask billing before it suspends (due '))).toBe(true);
});

test('each activity may run twice', async () => {
  const id = await buildContractId();
  const twice =
    <Input, Output>(run: (input: Input) => Promise<Output>) =>
    async (input: Input): Promise<Output> => {
      await Promise.all([run(input), run(input)]);
      return run(input);
    };
  overrides = (real) => ({
    settleContract: twice(real.settleContract),
    applyBillingEvents: twice(real.applyBillingEvents),
    verifyBilling: twice(real.verifyBilling),
  });
  await receiveInvoiceEvent(id);
  await stateBecomes(id, 'SUSPENDED');
  await receiveInvoiceEvent(id, { status: 'PAID' });
  await stateBecomes(id, 'ACTIVE');
  expect((await actionsOf(id)).filter((action) => action.startsWith('contract.'))).toEqual([
    'contract.created',
    'contract.suspended',
    'contract.reinstated',
  ]);
});

test.each(['before', 'after'] as const)(
  'an activity that fails %s its commit is retried and leaves nothing half done',
  async (when) => {
    const id = await buildContractId();
    const failed = new Set<string>();
    const failOnce =
      <Input, Output>(name: string, run: (input: Input) => Promise<Output>) =>
      async (input: Input): Promise<Output> => {
        if (failed.has(name)) return run(input);
        failed.add(name);
        if (when === 'after') await run(input);
        throw new Error('the connection was lost');
      };
    overrides = (real) => ({
      applyBillingEvents: failOnce('apply', real.applyBillingEvents),
      verifyBilling: failOnce('verify', real.verifyBilling),
    });
    await receiveInvoiceEvent(id);
    await stateBecomes(id, 'SUSPENDED');
    expect([...failed]).toEqual(['apply', 'verify']);
    expect(await actionsOf(id)).toEqual([
      'contract.created',
      'billing.event_received',
      'billing.past_due',
      'contract.suspended',
    ]);
  },
);

test.each(['cancel', 'terminate'] as const)(
  'when an operator %ss the workflow during billing, no event is lost',
  async (how) => {
    const id = await buildContractId();
    const [applying, verifying] = [gate(), gate()];
    const end = async () => {
      await handleOf(id)[how]();
      await expect(handleOf(id).result()).rejects.toThrow();
    };
    overrides = (real) => ({
      applyBillingEvents: async (input) => (applying.arrive(), await applying.opened, real.applyBillingEvents(input)),
      verifyBilling: async (input) => (verifying.arrive(), await verifying.opened, real.verifyBilling(input)),
    });
    await receiveInvoiceEvent(id);
    await applying.reached;
    // The workflow waits for a cancelled activity only until the activity notices the cancellation.
    const ended = end();
    applying.open();
    await ended;
    await worker.nudger.wakeContracts([id]);
    await verifying.reached;
    const ended_again = end();
    verifying.open();
    await ended_again;
    await worker.nudger.wakeContracts([id]);
    await stateBecomes(id, 'SUSPENDED');
    expect((await actionsOf(id)).filter((action) => action !== 'billing.past_due')).toEqual([
      'contract.created',
      'billing.event_received',
      'contract.suspended',
    ]);
  },
);

test('a signal by hand applies pending events, and invalid signals and updates change nothing', async () => {
  const id = await buildContractId();
  await worker.nudger.wakeContracts([id]);
  const handle = handleOf(id);
  const notice = await storeInvoiceEvent(id);
  await handle.signal(wakeContractSignal);
  await stateBecomes(id, 'SUSPENDED');
  const before = await auditOf(sql, id);

  // An event that is not in the inbox, one that was applied before, and values of other shapes.
  const unknown = { inbox_id: '00000000-0000-7000-8000-00000000dead', details: 'nothing of the kind' };
  const too_long = { inbox_id: notice.inbox_id, details: 'evt_🎈 '.repeat(500) };
  for (const given of [unknown, notice, too_long, {}, null, 'evt_1', 7, [], { details: 7 }]) {
    await handle.signal(billingEventSignal, given as never);
    // The query returns after the signal was handled, so that each signal gets a step of its own.
    await handle.query(contractViewQuery);
  }
  await handle.signal('billingEvent');
  await handle.signal('wake', 'with something');
  await handle.signal('nothing of the kind');
  await expect(handle.executeUpdate(commandUpdate, { args: [undefined as never] })).rejects.toThrow();
  await expect(handle.executeUpdate(commandUpdate, { args: [{ command: 'pause' } as never] })).rejects.toThrow();

  expect(await worker.send(id, PAUSE)).toMatchObject({ refusal: null, changed: true });
  // A new run after continue-as-new has no view before its first step.
  const view = await waitFor(async () => (await handle.query(contractViewQuery)) ?? undefined, {
    timeout_ms: 15_000,
    what: 'the view of the contract',
  });
  expect(view).toMatchObject({ state: 'SUSPENDED', billing_events: 0 });
  expect((await auditOf(sql, id)).slice(0, -1)).toEqual(before);
  expect((await handle.describe()).status.name).toBe('RUNNING');
});

test('an event whose signal was lost is applied after any other signal', async () => {
  const id = await buildContractId();
  await worker.nudger.wakeContracts([id]);
  await waitFor(() => handleOf(id).query(contractViewQuery), { timeout_ms: 15_000, what: 'the first step' });
  await storeInvoiceEvent(id, { due: TODAY });
  expect(await worker.send(id, rename('renamed'))).toMatchObject({ changed: true });
  await allDecided(id);
  expect(await listEventOutcomes(sql, id)).toEqual([{ outcome: 'APPLIED', reason: null }]);
});

test(
  'hundreds of events and commands are each applied once while the workflow continues as new',
  async () => {
    const id = await buildContractId();
    await worker.nudger.wakeContracts([id]);
    const first_run = await runOf(id);
    const waiting = Array.from({ length: EVENTS }, (_, i) => i);
    async function sendWaiting(): Promise<void> {
      for (let i = waiting.shift(); i !== undefined; i = waiting.shift()) {
        await receiveInvoiceEvent(id, { invoice_id: `in_${i}_${id}`, due: TODAY, version: 1 });
        if (i % 10 === 0) await worker.send(id, rename(`name ${i}`));
      }
    }
    await Promise.all(Array.from({ length: EVENTS_AT_ONCE }, sendWaiting));
    await allDecided(id);
    expect(await runOf(id)).not.toBe(first_run);
    expect(await listEventOutcomes(sql, id)).toEqual(Array(EVENTS).fill({ outcome: 'APPLIED', reason: null }));
    const actions = await actionsOf(id);
    expect(actions.filter((action) => action === 'billing.event_received')).toHaveLength(EVENTS);
    expect(actions.filter((action) => action === 'contract.updated')).toHaveLength(EVENTS / 10);
  },
  LONG_TEST_MS,
);

test('while the billing system does not answer, the contract is not suspended and the workflow asks again later', async () => {
  const id = await buildContractId();
  await storeInvoiceEvent(id, { version: 1 });
  billing.reachable = false;
  await worker.nudger.wakeContracts([id]);
  await waitFor(async () => typeof (await findContract(sql, id))?.billing_unreachable_since === 'string', {
    timeout_ms: 15_000,
    what: 'the question to fail',
  });
  const view = await waitFor(
    async () => {
      const found = await handleOf(id).query(contractViewQuery);
      return found?.verification?.due === false ? found : undefined;
    },
    { timeout_ms: 15_000, what: 'the next question to be scheduled' },
  );
  const row = await findContract(sql, id);
  expect(view).toMatchObject({ state: 'PAST_DUE', verification: { kind: 'suspends', at: row?.verify_at } });
  // A wake-up does not make the workflow ask earlier.
  const asked = billing.fetchedInvoiceIds.length;
  await worker.nudger.wakeContracts([id]);
  expect(await worker.send(id, PAUSE)).toMatchObject({ changed: true });
  expect(billing.fetchedInvoiceIds).toHaveLength(asked);
});

describe('the update clockMoved returns when the contract has settled', () => {
  const settled = (id: string) => worker.clocks.notify(id, AbortSignal.timeout(SETTLE_TIMEOUT_MS));

  test('for a contract at rest, and for one that does not exist', async () => {
    const draft = (await buildContract(sql, { status: 'inactive' })).facts.id;
    await settled(draft);
    await Promise.all([settled(draft), settled(draft), worker.send(draft, rename('a draft')), settled(draft)]);
    await settled('00000000-0000-7000-8000-00000000dead');
    expect(await handleOf(draft).result()).toMatchObject({ state: 'DRAFT', at_rest: true });
  });

  test('after all billing events are applied and all questions are answered', async () => {
    const id = await buildContractId();
    await storeInvoiceEvent(id);
    await settled(id);
    expect((await findContract(sql, id))?.state).toBe('SUSPENDED');
    await storeInvoiceEvent(id, { status: 'PAID' });
    await Promise.all([settled(id), settled(id), worker.nudger.wakeContracts([id]), settled(id)]);
    expect((await findContract(sql, id))?.state).toBe('ACTIVE');
  });

  test.each([
    ['at rest', { status: 'inactive' } as const],
    ['that runs', {}],
  ])('also while a command on a contract %s runs', async (_what, options) => {
    const { id } = (await buildContract(sql, options)).facts;
    const command = gate();
    overrides = (real) => ({
      runContractCommand: async (input) => (command.arrive(), await command.opened, real.runContractCommand(input)),
    });
    const sent = worker.send(id, rename('renamed'));
    await command.reached;
    await settled(id);
    await Promise.all([settled(id), settled(id)]);
    command.open();
    expect(await sent).toMatchObject({ changed: true });
    await settled(id);
  });

  test(
    'also while the workflow waits for a command to finish before it continues as new',
    async () => {
      const id = await buildContractId();
      await worker.send(id, rename('first'));
      const first_run = await runOf(id);
      const slow = gate();
      let gated = false;
      overrides = (real) => ({
        runContractCommand: async (input) => {
          const { name } = input.command.input as { name?: string };
          if (name === 'slow' && !gated) {
            gated = true;
            slow.arrive();
            await slow.opened;
          }
          return real.runContractCommand(input);
        },
      });
      const sent = worker.send(id, rename('slow'));
      await slow.reached;
      // Long enough for the server to suggest continue-as-new; the running command delays it.
      const length = async () => (await handleOf(id).describe()).historyLength;
      while ((await length()) < 80) await settled(id);
      expect(await runOf(id)).toBe(first_run);
      await Promise.all([settled(id), settled(id)]);
      slow.open();
      expect(await sent).toMatchObject({ changed: true });
      await waitFor(async () => (await runOf(id)) !== first_run, { timeout_ms: 15_000, what: 'the next run' });
      await settled(id);
    },
    LONG_TEST_MS,
  );
});

describe('a running job', () => {
  /** Runs `action` after the first chunks of a job. */
  function afterFirstChunks(action: () => Promise<unknown>): void {
    let done = false;
    overrides = (real) => ({
      fillChunks: async (input) => {
        if (!done) {
          done = true;
          await real.fillChunks({ ...input, to_chunk: input.from_chunk + 2 });
          await action();
        }
        return real.fillChunks(input);
      },
    });
  }
  const jobBecomes = (job_id: string, state: string) =>
    waitFor(async () => (await jobOf(sql, job_id)).state === state, {
      timeout_ms: 15_000,
      what: `a job that is ${state}`,
    });

  test('stops at its next chunk when its contract is suspended, and continues after the payment', async () => {
    const { id } = (await buildContract(sql, { quota: 2_000 })).facts;
    const job = await requestJob(sql, id, 2_000);
    afterFirstChunks(async () => (await receiveInvoiceEvent(id), await stateBecomes(id, 'SUSPENDED')));
    await worker.nudger.wakeJobs([job.id]);
    await jobBecomes(job.id, 'PAUSED');
    const made = (await jobOf(sql, job.id)).completed;
    expect(made).toBeGreaterThan(0);
    expect(made).toBeLessThan(2_000);
    await receiveInvoiceEvent(id, { status: 'PAID' });
    expect(await temporal.client.workflow.getHandle(generationJobWorkflowId(job.id)).result()).toMatchObject({
      state: 'SUCCEEDED',
      completed: 2_000,
    });
  });

  test('is cancelled and releases its reservation when its contract is terminated, and a late payment changes neither', async () => {
    const { id } = (await buildContract(sql, { quota: 2_000 })).facts;
    const job = await requestJob(sql, id, 2_000);
    afterFirstChunks(async () => {
      await receiveInvoiceEvent(id, { due: TERMINATES_NOW });
      await stateBecomes(id, 'SUSPENDED');
      await backdateSuspension(sql, id, 2);
      await worker.nudger.wakeContracts([id]);
      await stateBecomes(id, 'TERMINATED');
    });
    await worker.nudger.wakeJobs([job.id]);
    await temporal.client.workflow.getHandle(generationJobWorkflowId(job.id)).result();
    const { state, completed } = await jobOf(sql, job.id);
    expect(state).toBe('CANCELLED');
    expect(await findContract(sql, id)).toMatchObject({ quota_claimed: completed, reserved: 0 });
    expect(await handleOf(id).result()).toMatchObject({ state: 'TERMINATED', at_rest: true });

    await receiveInvoiceEvent(id, { status: 'PAID' });
    await allDecided(id);
    expect(await handleOf(id).result()).toMatchObject({ state: 'TERMINATED', at_rest: true });
    expect(await findContract(sql, id)).toMatchObject({ state: 'TERMINATED', warnings: ['PAID_AFTER_TERMINATION'] });
  });
});
