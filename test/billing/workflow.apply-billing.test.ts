/**
 * `applyBilling`: an event that arrives is applied without a step of its contract's workflow, no event is lost between two readings of the
 * queue, and a batch holds up no command.
 */
import type { WorkflowHandle } from '@temporalio/client';
import { createBillingBatchActivities } from '../../activities/billing/billing-batch';
import { waitFor } from '../../dev/waiting';
import { listStoredEvents } from '../../db/billing/billing-event';
import { billingBatchWorkflowId, contractWorkflowId } from '../../temporal/ids';
import { receiveBillingEvent } from '../../transactions/billing/receive-billing-event';
import type { applyBilling } from '../../workflows/apply-billing';
import { createBillingSystem, listEventOutcomes } from '../harness/billing';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { auditOf, buildContract, listAuditActions } from '../harness/contract-rows';
import { startCovenantWorker, withOverrides } from '../harness/covenant-worker';
import type { ActivityOverrides, CovenantWorker } from '../harness/covenant-worker';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { gate } from '../harness/gate';
import { gatedDatabase } from '../harness/gated-database';
import { expectInvariants } from '../harness/invariants';
import { connectPreparedTemporal } from '../harness/temporal';
import type { TestTemporal } from '../harness/temporal';
import { stepsOf } from '../harness/workflow-steps';

let temporal: TestTemporal;
let database: TestDatabase;
let sql: TestDatabase['sql'];
let worker: CovenantWorker;
const billing = createBillingSystem();
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
afterEach(async () => {
  overrides = () => ({});
  await batch()
    .result()
    .catch(() => undefined);
  await expectInvariants(sql);
});
afterAll(async () => {
  await worker.stop();
  await temporal.close();
  await database.drop();
});

/** The latest run of the batch. */
const batch = (): WorkflowHandle<typeof applyBilling> =>
  temporal.client.workflow.getHandle(billingBatchWorkflowId(worker.queues.contracts));

async function newContract(): Promise<string> {
  return (await buildContract(sql)).facts.id;
}

/** Receives an event as the API does; resolves to whether the batch was signaled. */
async function receive(
  contract_id: string,
  event_id: string,
  version: number | null = 1,
  due = '2099-01-01',
): Promise<boolean> {
  const now = new Date().toISOString();
  const observation = { status: 'OPEN', due, occurred_at: now, version } as const;
  const event = { source: 'standard', event_id, type: 'invoice.open', occurred_at: now, contract_id } as const;
  const invoice = { invoice_id: `in_${contract_id}`, observation, relevant: true };
  const { id, needs_signal } = await receiveBillingEvent(sql, {
    event: { ...event, ...invoice },
    raw: '{}',
    now,
    request_id: null,
  });
  const notice = { contract_id, inbox_id: id, details: `${event_id} invoice.open` };
  if (needs_signal) await worker.nudger.startBillingBatch(notice, 'request-of-billing');
  return needs_signal;
}

const isApplied = async (event_id: string): Promise<boolean> =>
  (await listStoredEvents(sql, [{ source: 'standard', event_id }]))[0]?.outcome === 'APPLIED';

async function becomesApplied(event_id: string): Promise<void> {
  await waitFor(() => isApplied(event_id), { timeout_ms: 15_000, what: `the event ${event_id} to be applied` });
}

test('an event is applied by a step that names it and its contract, and the run ends when nothing is due', async () => {
  const id = await newContract();
  expect(await receive(id, 'evt_first')).toBe(true);
  await becomesApplied('evt_first');
  expect(await batch().result()).toEqual({ events: 1, contracts: 1, left: 0 });
  const steps = await stepsOf(batch());
  expect(steps.join('\n')).toContain(`apply evt_first invoice.open of contract ${id} and what else is due`);
  const { memo } = await batch().describe();
  expect(memo).toEqual({ request_id: 'request-of-billing' });
});

test('an event that arrives after a batch has found the queue empty is applied by another step', async () => {
  const [one, other] = [await newContract(), await newContract()];
  const emptied = gate();
  overrides = (real) => ({
    async applyBillingBatch(input) {
      const done = await real.applyBillingBatch(input);
      emptied.arrive();
      await emptied.opened;
      return done;
    },
  });
  await receive(one, 'evt_before');
  await emptied.reached;
  // The batch has found the queue empty, and its run has not ended.
  expect(await isApplied('evt_before')).toBe(true);
  expect(await receive(other, 'evt_after')).toBe(true);
  emptied.open();
  await becomesApplied('evt_after');
  expect(await batch().result()).toMatchObject({ events: 2 });
});

test('an event that finds the queue not empty needs no signal, because the batch reads the queue again', async () => {
  const [one, other] = [await newContract(), await newContract()];
  const begun = gate();
  overrides = (real) => ({
    async applyBillingBatch(input) {
      begun.arrive();
      await begun.opened;
      return real.applyBillingBatch(input);
    },
  });
  await receive(one, 'evt_waits');
  await begun.reached;
  expect(await receive(other, 'evt_silent')).toBe(false);
  begun.open();
  await becomesApplied('evt_silent');
});

test('events behind one that cannot be taken out of the queue are applied although they do not signal', async () => {
  const [stuck, other] = [await newContract(), await newContract()];
  await sql.unsafe(`
    CREATE FUNCTION fail_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'failure for this test'; END $$;
    CREATE TRIGGER fail_row BEFORE UPDATE ON billing_inbox FOR EACH ROW WHEN (NEW.contract_id = '${stuck}')
    EXECUTE FUNCTION fail_row()`);
  try {
    await receive(stuck, 'evt_stuck');
    const waits = async () => (await batch().fetchHistory()).events?.some((event) => event.timerStartedEventAttributes);
    await waitFor(waits, { timeout_ms: 15_000, what: 'the batch to pass over the contract' });
    expect(await receive(other, 'evt_behind')).toBe(false);
    await becomesApplied('evt_behind');
    expect(await isApplied('evt_stuck')).toBe(false);
  } finally {
    await sql`DROP FUNCTION fail_row CASCADE`;
  }
  await becomesApplied('evt_stuck');
  await batch().result();
});

test('commands in the middle of a batch are answered: to a contract it has locked, and to one it has not reached', async () => {
  const [locked, later] = [await newContract(), await newContract()];
  const { db, gate: held } = gatedDatabase(sql, { at: 'commit' });
  const sent = gate();
  overrides = (real) => ({
    ...createBillingBatchActivities({ db, nudger: worker.nudger, billingPorts: billing.ports }),
    runContractCommand(input) {
      if (input.contract_id === locked) sent.arrive();
      return real.runContractCommand(input);
    },
  });
  await receive(locked, 'evt_held');
  await held.reached;
  await receive(later, 'evt_later');
  // The event may be applied meanwhile: by the workflow of the contract, which the command starts.
  expect(await worker.send(later, { name: 'pause', input: {} })).toMatchObject({ refusal: null, changed: true });
  const outcome = worker.send(locked, { name: 'pause', input: {} });
  await sent.reached;
  await waitUntilBlocked(sql);
  expect((await batch().describe()).status.name).toBe('RUNNING');
  held.open();
  expect(await outcome).toMatchObject({ refusal: null, changed: true });
  for (const [id, event_id] of [
    [locked, 'evt_held'],
    [later, 'evt_later'],
  ] as const) {
    await becomesApplied(event_id);
    const actions = (await listAuditActions(sql, id)).filter((action) => action !== 'contract.created');
    expect(actions.sort()).toEqual(['billing.event_received', 'contract.paused']);
  }
});

test('a batch that runs twice, as after a lost answer, applies each event once', async () => {
  const id = await newContract();
  overrides = (real) => ({
    async applyBillingBatch(input) {
      await real.applyBillingBatch(input);
      return real.applyBillingBatch(input);
    },
  });
  await receive(id, 'evt_twice');
  await becomesApplied('evt_twice');
  await batch().result();
  const received = (await auditOf(sql, id)).filter(({ action }) => action === 'billing.event_received');
  expect(received).toHaveLength(1);
});

test('a batch that fails is tried again, and one that an operator cancels is started by the next event', async () => {
  const id = await newContract();
  let failures = 2;
  overrides = (real) => ({
    async applyBillingBatch(input) {
      failures -= 1;
      if (failures >= 0) throw new Error('failure for this test');
      return real.applyBillingBatch(input);
    },
  });
  await receive(id, 'evt_retried');
  await becomesApplied('evt_retried');
  await batch().result();

  const held = gate();
  overrides = () => ({
    applyBillingBatch: async () => (held.arrive(), await held.opened, Promise.reject(new Error())),
  });
  await receive(id, 'evt_cancelled', 2);
  await held.reached;
  await batch().cancel();
  held.open();
  await expect(batch().result()).rejects.toThrow();
  overrides = () => ({});
  // The first event still waits, as after a lost signal; the sweep signals the batch in the same way.
  await worker.nudger.startBillingBatch();
  await becomesApplied('evt_cancelled');
});

test('an event that needs an answer is left to the workflow of its contract, which asks', async () => {
  const id = await newContract();
  const occurred_at = new Date().toISOString();
  billing.invoices.set(`in_${id}`, { contract_id: id, status: 'OPEN', due: '2099-01-01', occurred_at });
  await receive(id, 'evt_asks', null);
  await becomesApplied('evt_asks');
  expect(billing.fetchedInvoiceIds).toContain(`in_${id}`);
  expect(await listEventOutcomes(sql, id)).toEqual([{ outcome: 'APPLIED', reason: null }]);
  const steps = await stepsOf(temporal.client.workflow.getHandle(contractWorkflowId(id)));
  expect(steps.join('\n')).toContain('evt_asks');
});

test('the workflow of a contract is woken when an event changes its state', async () => {
  const id = await newContract();
  await receive(id, 'evt_overdue', 1, '2020-01-01');
  await becomesApplied('evt_overdue');
  const handle = temporal.client.workflow.getHandle(contractWorkflowId(id));
  await waitFor(async () => (await handle.describe().catch(() => undefined)) !== undefined, {
    timeout_ms: 15_000,
    what: 'the workflow of the contract to be woken',
  });
});
