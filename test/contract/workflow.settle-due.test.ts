/** `settleDue` with a real server: it settles what is due together, waits for a moment, and can be cancelled. */
import { Context } from '@temporalio/activity';
import { withHeartbeat } from '../../activities/base/heartbeat';
import { BATCHES_IN_FLIGHT, BATCH_CONTRACTS } from '../../activities/contract/contract-batch';
import { createDueBatchActivities } from '../../activities/contract/due-batch';
import { waitFor } from '../../dev/waiting';
import { instantFromMillis } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { BATCH_CONTRACTS_MIN } from '../../domain/contract/due-batch';
import { contractWorkflowId } from '../../temporal/ids';
import { dueBatchStart } from '../../temporal/start';
import { contractViewQuery } from '../../workflows/contract-lifecycle';
import type { contractLifecycle } from '../../workflows/contract-lifecycle';
import { dueSignal, settleDue } from '../../workflows/settle-due';
import { createBillingSystem, insertInvoiceEvent } from '../harness/billing';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { auditOf, buildContract, listAuditActions } from '../harness/contract-rows';
import { startCovenantWorker, withOverrides } from '../harness/covenant-worker';
import type { ActivityOverrides, CovenantWorker } from '../harness/covenant-worker';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { gate } from '../harness/gate';
import { gatedDatabase } from '../harness/gated-database';
import { expectInvariants } from '../harness/invariants';
import { buildPausedContracts } from '../harness/paused-contracts';
import { connectPreparedTemporal, uniqueTaskQueue } from '../harness/temporal';
import type { TestTemporal } from '../harness/temporal';

const WAIT_MS = 20_000;
const PAST = '2026-01-01T00:00:00.000Z';

let temporal: TestTemporal;
let database: TestDatabase;
let sql: TestDatabase['sql'];
let worker: CovenantWorker;
const billing = createBillingSystem();
let around: ActivityOverrides = () => ({});

beforeAll(async () => {
  temporal = await connectPreparedTemporal();
  database = await createTestDatabase();
  sql = database.sql;
  const { client, nativeConnection } = temporal;
  const wrap = withOverrides(() => around);
  worker = await startCovenantWorker({ db: sql, client, nativeConnection, wrap, billingPorts: billing.ports });
});
afterEach(async () => {
  around = () => ({});
  await expectInvariants(sql);
});
afterAll(async () => {
  await worker.stop();
  await temporal.close();
  await database.drop();
});

const instantIn = (ms: number): Instant => instantFromMillis(Date.now() + ms);

const buildPaused = (count: number, resume_at: Instant): Promise<string[]> =>
  buildPausedContracts(sql, count, { paused_at: PAST, resume_at });

async function countPaused(ids: string[]): Promise<number> {
  const { count } = await sql`SELECT FROM contracts WHERE id = ANY(${ids}) AND state = 'PAUSED'`;
  return count;
}

/** Starts a batch of this test, which waits for an instant. */
function startBatch(at: Instant) {
  const workflowId = uniqueTaskQueue('due-batch');
  const start = { ...dueBatchStart(worker.queues, {}), workflowId };
  return temporal.client.workflow.signalWithStart(settleDue, { ...start, signal: dueSignal, signalArgs: [at] });
}

test('it waits for a moment, settles earlier when it is asked to, and ends when few are due', async () => {
  const at = instantIn(1_500);
  const later = await buildPaused(1, at);
  const handle = await startBatch(at);
  const due = await buildPaused(BATCH_CONTRACTS_MIN, instantIn(-1_000));
  await handle.signal(dueSignal, 'by hand');
  await waitFor(async () => (await countPaused(due)) === 0, { timeout_ms: WAIT_MS, what: 'what is due to be settled' });
  // The earlier pass does not replace the one at the moment.
  expect(await handle.result()).toEqual({ settled: BATCH_CONTRACTS_MIN + 1, left: 0 });
  expect(await countPaused(later)).toBe(0);
});

test('of two moments, neither is forgotten, in whatever order they are asked for', async () => {
  const [first, second, third] = [instantIn(500), instantIn(1_000), instantIn(1_500)];
  const ids = (await Promise.all([first, second, third].map((at) => buildPaused(1, at)))).flat();
  const handle = await startBatch(second);
  await handle.signal(dueSignal, third);
  await handle.signal(dueSignal, first);
  expect(await handle.result()).toEqual({ settled: 3, left: 0 });
  expect(await countPaused(ids)).toBe(0);
});

test('a batch can be cancelled in the middle of a pass', async () => {
  const begun = gate();
  around = () => ({
    settleDueContracts() {
      begun.arrive();
      return withHeartbeat(Context.current().cancelled);
    },
  });
  const handle = await startBatch(instantIn(0));
  await begun.reached;
  await handle.cancel();
  await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
});

test('commands in the middle of a pass are answered: to a contract it has locked, and to one it has not reached', async () => {
  const at = instantIn(-1_000);
  // The pass runs three transactions at the same time, and then a fourth one.
  const ids = await buildPaused(BATCHES_IN_FLIGHT * BATCH_CONTRACTS + 5, at);
  const [locked, later] = [ids[0], ids.at(-1)] as [string, string];
  const { db, gate: pass } = gatedDatabase(sql, { at: 'commit', transactions: BATCHES_IN_FLIGHT });
  const sent = gate();
  around = (real) => ({
    ...createDueBatchActivities({ db, nudger: worker.nudger }),
    runContractCommand(input) {
      if (input.contract_id === locked) sent.arrive();
      return real.runContractCommand(input);
    },
  });
  const handle = await startBatch(instantIn(0));
  await pass.reached;
  expect(await countPaused(ids)).toBe(ids.length);
  expect(await worker.send(later, { name: 'pause', input: {} })).toMatchObject({ refusal: null, changed: true });
  const outcome = worker.send(locked, { name: 'pause', input: {} });
  await sent.reached;
  await waitUntilBlocked(sql);
  pass.open();
  expect(await outcome).toMatchObject({ refusal: null, changed: true });
  await handle.result();
  await waitFor(async () => (await countPaused(ids)) === 2, { timeout_ms: WAIT_MS, what: 'the others to be settled' });
  const applied = ['contract.created', 'contract.paused', 'contract.resumed'];
  for (const id of [locked, later]) expect(await listAuditActions(sql, id)).toEqual([...applied, 'contract.paused']);
  for (const id of ids.slice(1, -1)) expect(await listAuditActions(sql, id)).toEqual(applied);
});

test('contracts that must be verified are verified by their own workflows, while the batch settles the others', async () => {
  const day = (days: number): string => instantIn(days * 86_400_000).slice(0, 10);
  const others = await buildPaused(BATCH_CONTRACTS_MIN, instantIn(-1_000));
  const buildOwing = async (status: 'OPEN' | 'PAID'): Promise<string> => {
    const [due, occurred_at] = [day(-20), `${day(-30)}T00:00:00.000Z`];
    const { id } = (await buildContract(sql, { now: occurred_at })).facts;
    billing.invoices.set(`in_${id}`, { contract_id: id, status, due, occurred_at });
    await insertInvoiceEvent(sql, id, { invoice_id: `in_${id}`, due, occurred_at, version: 1 });
    await worker.activities.applyBillingEvents({ contract_id: id, now: occurred_at });
    return id;
  };
  const [owing, paid] = [await buildOwing('OPEN'), await buildOwing('PAID')];
  const handle = await startBatch(instantIn(0));
  expect(await handle.result()).toMatchObject({ settled: others.length });
  expect(await countPaused(others)).toBe(0);
  expect(billing.fetchedInvoiceIds).toEqual([]);

  await worker.nudger.wakeContracts([owing, paid]);
  /** What time and the answer of the billing system changed. */
  const changesOf = async (id: string) => (await auditOf(sql, id)).filter(({ actor }) => actor === 'system').slice(1);
  const becomes = async (id: string, last: string) =>
    waitFor(
      async () => {
        const rows = await changesOf(id);
        return rows.at(-1)?.action === last && rows.map(({ action }) => action);
      },
      { timeout_ms: WAIT_MS, what: `${last} of ${id}` },
    );
  expect(await becomes(owing, 'contract.suspended')).toEqual(['billing.past_due', 'contract.suspended']);
  expect(await becomes(paid, 'billing.cleared')).toEqual([
    'billing.past_due',
    'billing.invoices_fetched',
    'billing.cleared',
  ]);
  for (const id of [owing, paid]) expect((await changesOf(id))[0]?.at).toBe(`${day(-19)}T00:00:00.000Z`);
  expect(billing.fetchedInvoiceIds.sort()).toEqual([`in_${owing}`, `in_${paid}`].sort());
});

test('the timers of contracts that wait for the same moment as many others are late', async () => {
  const at = instantIn(3_600_000);
  const ids = await buildPaused(BATCH_CONTRACTS_MIN, at);
  const [first] = ids as [string];
  await worker.nudger.wakeContracts([first]);
  const handle = temporal.client.workflow.getHandle<typeof contractLifecycle>(contractWorkflowId(first));
  await waitFor(async () => (await handle.query(contractViewQuery))?.is_in_batch, {
    timeout_ms: WAIT_MS,
    what: 'the contract to wait',
  });
  const { events } = await handle.fetchHistory();
  const timer = events?.find((event) => event.timerStartedEventAttributes)?.timerStartedEventAttributes;
  expect(Number(timer?.startToFireTimeout?.seconds)).toBeGreaterThan(3_600 + 25);
});

test('a step that finds a busy moment near starts the batch for it, so that no contract waits for the sweep', async () => {
  const at = instantIn(2_000);
  const ids = await buildPaused(BATCH_CONTRACTS_MIN, at);
  await worker.nudger.wakeContracts(ids);
  await waitFor(async () => (await countPaused(ids)) === 0, {
    timeout_ms: WAIT_MS,
    what: 'every contract to be resumed',
  });
  const rows = await sql`
    SELECT FROM audit_events WHERE action = 'contract.resumed' AND at = ${at} AND contract_id = ANY(${ids})`;
  expect(rows.count).toBe(ids.length);
});
