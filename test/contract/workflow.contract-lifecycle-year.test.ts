/**
 * Years of a contract on a server that skips time: timers alone apply every boundary.
 */
import { temporal as proto } from '@temporalio/proto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { findContract } from '../../db/contract/contract';
import { addDays } from '../../domain/base/calendar';
import { instantFromMillis, millisOf } from '../../domain/base/instant';
import { REMINDER_DAYS } from '../../domain/contract/renewal';
import { DEFAULT_RENEWAL } from '../../domain/contract/renewal-policy';
import { billingBatchWorkflowId, contractWorkflowId } from '../../temporal/ids';
import { contractViewQuery } from '../../workflows/contract-lifecycle';
import type { contractLifecycle } from '../../workflows/contract-lifecycle';
import { SEARCH_ATTRIBUTES } from '../../workflows/search-attributes';
import { createBillingSystem, insertInvoiceEvent } from '../harness/billing';
import { auditOf, buildContract } from '../harness/contract-rows';
import { startCovenantWorker } from '../harness/covenant-worker';
import type { CovenantWorker } from '../harness/covenant-worker';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { expectInvariants } from '../harness/invariants';
import { createTimeSkippingEnvironment } from '../harness/temporal';
import { countActions, sumOfActions } from '../harness/temporal-actions';
import { waitFor } from '../../dev/waiting';

/** The first run on a machine downloads the server. */
const FETCH_TIMEOUT_MS = 180_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Contracts of the test that counts actions. Some actions are shared by all contracts that are billed together. */
const CONTRACTS = 5;
const ACTIONS_PER_YEAR_MAX = 45;

let environment: TestWorkflowEnvironment;
let database: TestDatabase;
let worker: CovenantWorker;
const billing = createBillingSystem();

beforeAll(async () => {
  environment = await createTimeSkippingEnvironment();
  await registerAll();
  database = await createTestDatabase();
  const { client, nativeConnection } = environment;
  worker = await startCovenantWorker({ db: database.sql, client, nativeConnection, billingPorts: billing.ports });
}, FETCH_TIMEOUT_MS);

afterAll(async () => {
  await worker.stop();
  await environment.teardown();
  await database.drop();
});

/** This server cannot list its search attributes, which `registerSearchAttributes` needs, but it can add them. */
async function registerAll(): Promise<void> {
  const types = proto.api.enums.v1.IndexedValueType;
  const typeOf = {
    KEYWORD: types.INDEXED_VALUE_TYPE_KEYWORD,
    INT: types.INDEXED_VALUE_TYPE_INT,
    DATETIME: types.INDEXED_VALUE_TYPE_DATETIME,
  };
  const searchAttributes = Object.fromEntries(SEARCH_ATTRIBUTES.map(({ name, type }) => [name, typeOf[type]]));
  await environment.connection.operatorService.addSearchAttributes({
    namespace: environment.namespace ?? 'default',
    searchAttributes,
  });
}

const now = async (): Promise<string> => instantFromMillis(await environment.currentTimeMs());

/** Skips the server's time to an instant. */
async function skipTo(instant: string): Promise<void> {
  await environment.sleep(millisOf(instant) - (await environment.currentTimeMs()));
}

function firstOfMonth(from: string, months: number): string {
  const date = new Date(from);
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1)).toISOString();
}

const handleOf = (id: string) =>
  environment.client.workflow.getHandle<typeof contractLifecycle>(contractWorkflowId(id));

const batchHandle = () => environment.client.workflow.getHandle(billingBatchWorkflowId(worker.queues.contracts));

/** Resolves when the view of the contract's workflow has a state. */
async function stateBecomes(id: string, state: string): Promise<void> {
  await waitFor(async () => (await handleOf(id).query(contractViewQuery))?.state === state, {
    timeout_ms: 10_000,
    what: `the state ${state}`,
  });
}

test('timers start a contract next month, end its pause, start its grace and expire it after a year', async () => {
  const created_at = await now();
  const starts_at = firstOfMonth(created_at, 1);
  const pause_from = firstOfMonth(created_at, 4);
  const resume_at = firstOfMonth(created_at, 7).replace('00:00:00.000', '09:30:00.250');
  const ends_at = firstOfMonth(created_at, 13);
  const expires_at = instantFromMillis(millisOf(ends_at) + 14 * DAY_MS);
  const { facts } = await buildContract(database.sql, {
    now: created_at,
    start_date: starts_at.slice(0, 10),
    term: 'P1Y',
    expiry_grace_days: 14,
  });
  await worker.nudger.wakeContracts([facts.id]);

  await stateBecomes(facts.id, 'SCHEDULED');
  await skipTo(pause_from);
  await stateBecomes(facts.id, 'ACTIVE');
  expect(await worker.send(facts.id, { name: 'pause', input: { resume_at, note: 'stock-taking' } })).toMatchObject({
    changed: true,
  });
  await stateBecomes(facts.id, 'PAUSED');
  expect(await handleOf(facts.id).result()).toMatchObject({ state: 'EXPIRED', at_rest: true });

  const [paused, ...others] = (await auditOf(database.sql, facts.id)).filter(
    ({ action }) => action === 'contract.paused',
  );
  expect(others).toEqual([]);
  expect(paused && paused.at >= pause_from && paused.at < resume_at).toBe(true);
  expect(await auditOf(database.sql, facts.id)).toEqual([
    { action: 'contract.created', at: created_at, actor: 'user', state: 'SCHEDULED' },
    { action: 'contract.term_started', at: starts_at, actor: 'system', state: 'ACTIVE' },
    paused,
    { action: 'contract.resumed', at: resume_at, actor: 'system', state: 'ACTIVE' },
    ...REMINDER_DAYS.map((days) => ({
      action: 'renewal.reminder_due',
      at: instantFromMillis(millisOf(ends_at) - days * DAY_MS),
      actor: 'system',
      state: 'ACTIVE',
    })),
    { action: 'contract.grace_started', at: ends_at, actor: 'system', state: 'EXPIRY_GRACE' },
    { action: 'contract.expired', at: expires_at, actor: 'system', state: 'EXPIRED' },
  ]);
  await expectInvariants(database.sql);
});

test('a contract whose whole term passed before its workflow started is audited at the same instants', async () => {
  const created_at = await now();
  const starts_at = firstOfMonth(created_at, 1);
  const { facts } = await buildContract(database.sql, {
    now: created_at,
    start_date: starts_at.slice(0, 10),
    term: 'P1M',
    renewal: { ...DEFAULT_RENEWAL, mode: 'none' },
  });
  const ends_at = firstOfMonth(created_at, 2);
  await skipTo(firstOfMonth(created_at, 6));
  await worker.nudger.wakeContracts([facts.id]);
  expect(await handleOf(facts.id).result()).toMatchObject({ state: 'EXPIRED' });
  expect((await auditOf(database.sql, facts.id)).slice(1)).toEqual([
    { action: 'contract.term_started', at: starts_at, actor: 'system', state: 'ACTIVE' },
    { action: 'contract.expired', at: ends_at, actor: 'system', state: 'EXPIRED' },
  ]);
});

test('over four years from a leap day, timers apply reminders, renewals, a suspension and the end', async () => {
  const leap = Math.floor(Number((await now()).slice(0, 4)) / 4 + 1) * 4;
  const due = `${leap + 2}-07-01`;
  const renewal = { ...DEFAULT_RENEWAL, mode: 'auto', max_renewals: 3, quota_effect: { add: 10 } } as const;
  const { facts } = await buildContract(database.sql, {
    now: await now(),
    start_date: `${leap}-02-29`,
    term: 'P1Y',
    quota: 100,
    renewal,
  });
  const { id } = facts;
  await worker.nudger.wakeContracts([id]);
  await skipTo(`${leap + 2}-06-01T12:00:00.000Z`);
  await stateBecomes(id, 'ACTIVE');

  const sendInvoice = async (status: 'OPEN' | 'PAID'): Promise<string> => {
    const occurred_at = await now();
    billing.invoices.set('in_1', { contract_id: id, status, due, occurred_at });
    const inbox_id = await insertInvoiceEvent(database.sql, id, { status, due, occurred_at });
    await worker.nudger.signalBillingEvent(id, { inbox_id, details: `in_1 ${status}` });
    return occurred_at;
  };
  const opened_at = await sendInvoice('OPEN');
  await waitFor(async () => (await findContract(database.sql, id))?.invoices.length === 1, {
    timeout_ms: 10_000,
    what: 'the invoice to be known',
  });
  await skipTo(`${leap + 2}-07-20T09:00:00.000Z`);
  await stateBecomes(id, 'SUSPENDED');
  const paid_at = await sendInvoice('PAID');
  await stateBecomes(id, 'ACTIVE');
  expect(await handleOf(id).result()).toMatchObject({ state: 'EXPIRED', at_rest: true });

  const audit = (await auditOf(database.sql, id)).map(({ action, at, state }) => `${at} ${action} ${state}`);
  const at = (date: string, action: string, state = 'ACTIVE') => `${date}T00:00:00.000Z ${action} ${state}`;
  /** The audit of one end of a term. The reminder of the thirtieth day is the one for the last day to opt out. */
  const endOfTerm = (end_date: string, actions: string[]) => [
    at(addDays(end_date, -90), 'renewal.reminder_due'),
    at(addDays(end_date, -60), 'renewal.reminder_due'),
    at(addDays(end_date, -30), 'renewal.notice_due'),
    at(addDays(end_date, -7), 'renewal.reminder_due'),
    ...actions.map((action) => at(end_date, action, action === 'contract.renewed' ? 'ACTIVE' : 'EXPIRED')),
  ];
  const eventSince = (instant: string) => audit.find((row) => row.includes('billing.event_received') && row >= instant);
  expect(audit.slice(1)).toEqual([
    at(`${leap}-02-29`, 'contract.term_started'),
    ...endOfTerm(`${leap + 1}-02-28`, ['contract.renewed']),
    ...endOfTerm(`${leap + 2}-02-28`, ['contract.renewed']),
    eventSince(opened_at),
    at(`${leap + 2}-07-02`, 'billing.past_due', 'PAST_DUE'),
    at(`${leap + 2}-07-15`, 'contract.suspended', 'SUSPENDED'),
    eventSince(paid_at),
    expect.stringMatching(/-07-20T\S+ contract.reinstated ACTIVE$/),
    ...endOfTerm(`${leap + 3}-02-28`, ['contract.renewed']),
    ...endOfTerm(`${leap + 4}-02-29`, ['renewal.blocked', 'contract.expired']),
  ]);
  expect(await findContract(database.sql, id)).toMatchObject({
    term_number: 4,
    end_date: `${leap + 4}-02-29`,
    quota_total: 130,
  });
  await expectInvariants(database.sql);
});

test('an invoice that is not paid makes its contract past due on time, although its event does not wake the workflow', async () => {
  const starts_at = firstOfMonth(await now(), 1);
  const start = { now: await now(), start_date: starts_at.slice(0, 10), term: 'P1Y' };
  const { id } = (await buildContract(database.sql, start)).facts;
  await worker.nudger.wakeContracts([id]);
  await skipTo(firstOfMonth(starts_at, 1));
  await stateBecomes(id, 'ACTIVE');

  const invoice = { status: 'OPEN', due: firstOfMonth(starts_at, 2).slice(0, 10), version: 1 } as const;
  await insertInvoiceEvent(database.sql, id, { ...invoice, occurred_at: await now() });
  const events_before = (await handleOf(id).fetchHistory()).events?.length;
  await worker.nudger.startBillingBatch();
  await waitFor(async () => (await countPending([id])) === 0, { timeout_ms: 10_000, what: 'the event to be applied' });
  expect((await handleOf(id).fetchHistory()).events?.length).toBe(events_before);

  const past_due_at = instantFromMillis(millisOf(firstOfMonth(starts_at, 2)) + DAY_MS);
  await skipTo(instantFromMillis(millisOf(past_due_at) - HOUR_MS / 2));
  await worker.activities.sweepOnce({ epoch: 'unknown', now: await now() });
  await skipTo(past_due_at);
  await stateBecomes(id, 'PAST_DUE');
  const past_due = (await auditOf(database.sql, id)).filter(({ action }) => action === 'billing.past_due');
  expect(past_due).toEqual([{ action: 'billing.past_due', at: past_due_at, actor: 'system', state: 'PAST_DUE' }]);
});

test('a contract that is renewed and billed each month takes at most 45 Temporal actions in a year', async () => {
  const starts_at = firstOfMonth(await now(), 1);
  const start = { now: await now(), start_date: starts_at.slice(0, 10), term: 'P1M' };
  const renewal = { ...DEFAULT_RENEWAL, mode: 'auto' } as const;
  const built = await Promise.all(
    Array.from({ length: CONTRACTS }, () => buildContract(database.sql, { ...start, renewal })),
  );
  const ids = built.map(({ facts }) => facts.id);
  await worker.nudger.wakeContracts(ids);

  const bill = async (month: number, status: 'OPEN' | 'PAID'): Promise<void> => {
    const occurred_at = await now();
    const due = dayOf(month, 16).slice(0, 10);
    const version = status === 'OPEN' ? 1 : 2;
    for (const id of ids) {
      const invoice_id = `in_${id}_${month}`;
      await insertInvoiceEvent(database.sql, id, { invoice_id, status, due, occurred_at, version });
    }
    await worker.nudger.startBillingBatch();
    await waitFor(async () => (await countPending(ids)) === 0, {
      timeout_ms: 10_000,
      what: 'the events to be applied',
    });
  };
  const dayOf = (month: number, day: number, time = '00:00:00') =>
    instantFromMillis(millisOf(firstOfMonth(starts_at, month)) + (day - 1) * DAY_MS).replace('00:00:00', time);
  for (let month = 0; month < 12; month++) {
    await skipTo(dayOf(month, 2, '09:00:00'));
    await bill(month, 'OPEN');
    await skipTo(dayOf(month, 9, '14:00:00'));
    await bill(month, 'PAID');
  }
  await skipTo(dayOf(12, 1, '12:00:00'));

  const renewals = async (): Promise<number[]> =>
    Promise.all(ids.map(async (id) => (await findContract(database.sql, id))?.term_number ?? 0));
  await waitFor(async () => (await renewals()).every((term) => term === 13), {
    timeout_ms: 10_000,
    what: 'every contract to be renewed twelve times',
  });
  const histories = await Promise.all(ids.map((id) => handleOf(id).fetchHistory()));
  const of_contracts = histories.reduce((sum, history) => sum + sumOfActions(countActions(history)), 0);
  // The last of 24 batches; each is alike.
  const of_batches = 24 * sumOfActions(countActions(await batchHandle().fetchHistory()));
  const actions = (of_contracts + of_batches) / CONTRACTS;
  expect(actions).toBeLessThanOrEqual(ACTIONS_PER_YEAR_MAX);
  await expectInvariants(database.sql);
});

async function countPending(contract_ids: string[]): Promise<number> {
  const [row] = await database.sql<[{ count: number }]>`
    SELECT count(*)::int FROM billing_inbox WHERE contract_id = ANY(${contract_ids}) AND outcome = 'PENDING'`;
  return row.count;
}
