/**
 * The billing batch, called directly: it applies the queued events of many contracts as their own workflows would, each event once, and
 * leaves to them what it cannot decide, so that no contract delays another.
 */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { createBillingActivities } from '../../activities/billing/billing';
import { createContractActivities } from '../../activities/contract/contract';
import { BURST_EVENTS_MIN, BURST_WAIT_MS, createBillingBatchActivities } from '../../activities/billing/billing-batch';
import type { BillingBatch } from '../../activities/billing/billing-batch';
import type { ClockNotifier } from '../../activities/ports';
import { createSweepActivities } from '../../activities/system/sweep';
import type { Database } from '../../db/base/database';
import { findFirstQueuedEvent } from '../../db/billing/billing-queue';
import { findContract } from '../../db/contract/contract';
import { findOverdueWork } from '../../db/system/health';
import { findStuckRows, STUCK_FROM_ATTEMPTS } from '../../db/system/sweep-attempt';
import { listRowsToWake } from '../../db/system/sweep';
import { LATEST } from '../../domain/base/instant';
import type { SeenStatus } from '../../domain/billing/billing-event';
import { TIME_ZONE_RULES } from '../../transactions/base/time-zone-rules';
import { createBillingSystem, insertInvoiceEvent, listEventOutcomes } from '../harness/billing';
import type { BillingSystem, InvoiceEventFields } from '../harness/billing';
import { auditOf, buildContract } from '../harness/contract-rows';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { gatedDatabase } from '../harness/gated-database';
import { expectInvariants } from '../harness/invariants';
import { lockRows } from '../harness/locked-rows';
import { createRecordingNudger } from '../harness/recording-nudger';

const CREATED_AT = '2027-01-01T09:00:00.000Z';
const NOW = '2027-01-20T10:00:00.000Z';
/** Events with a version are trusted without a question. */
const KNOWN = { occurred_at: NOW, due: '2027-02-01', version: 1 } as const;

let database: TestDatabase;
let sql: TestDatabase['sql'];
let billing: BillingSystem;
/** The contracts that were woken, and those that were signaled about an event that was left to them. */
let woken: string[];
let signaled: string[];

beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.sql;
});
beforeEach(async () => {
  await sql`DELETE FROM billing_inbox`;
  billing = createBillingSystem();
  woken = [];
  signaled = [];
});
afterEach(() => expectInvariants(sql));
afterAll(() => database.drop());

const { nudger: silent } = createRecordingNudger();
const nudger: typeof silent = {
  ...silent,
  wakeContracts: async (ids) => (woken.push(...ids), ids),
  signalBillingEvent: async (id) => (signaled.push(id), [id]),
};
const dependencies = (db: Database = sql) => ({ db, nudger, billingPorts: billing.ports });

function applyBatch(passed_over: string[] = [], db?: Database): Promise<BillingBatch> {
  return createBillingBatchActivities(dependencies(db)).applyBillingBatch({ now: NOW, passed_over });
}

async function newContract(): Promise<string> {
  return (await buildContract(sql, { now: CREATED_AT })).facts.id;
}

const queueEvent = (id: string, fields: Partial<InvoiceEventFields> = {}): Promise<string> =>
  insertInvoiceEvent(sql, id, { invoice_id: `in_${id}`, ...KNOWN, ...fields });
const outcomesOf = async (id: string) => (await listEventOutcomes(sql, id)).map(({ outcome }) => outcome);
const isQueueEmpty = async () => (await findFirstQueuedEvent(sql, NOW)) === undefined;

/** Makes each change of a row of a table fail while `run` runs, if the row belongs to the contract. */
async function whileFailing(table: 'contracts' | 'billing_inbox', id: string, run: () => Promise<void>): Promise<void> {
  const column = table === 'contracts' ? 'id' : 'contract_id';
  await sql.unsafe(`
    CREATE FUNCTION fail_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'failure for this test'; END $$;
    CREATE TRIGGER fail_row BEFORE UPDATE ON ${table} FOR EACH ROW WHEN (NEW.${column} = '${id}') EXECUTE FUNCTION fail_row()`);
  await run().finally(() => sql.unsafe('DROP FUNCTION fail_row CASCADE'));
}

test('applies the events of many contracts, once, and names them in its result', async () => {
  const ids = await Promise.all(Array.from({ length: 12 }, newContract));
  for (const id of ids) {
    await queueEvent(id, { event_id: `evt_open_${id}` });
    await queueEvent(id, { event_id: `evt_paid_${id}`, status: 'PAID', version: 2 });
  }
  const batch = await applyBatch();
  expect(batch).toMatchObject({ events: 24, left: [], passed_over: [], next: null });
  expect(batch.applied[ids[0]!]).toBe(`evt_open_${ids[0]} invoice.open, evt_paid_${ids[0]} invoice.paid`);
  for (const id of ids) expect(await outcomesOf(id)).toEqual(['APPLIED', 'APPLIED']);
  expect(await applyBatch()).toEqual({ applied: {}, events: 0, left: [], passed_over: [], next: null });
  expect([woken, signaled]).toEqual([[], []]);
});

test('ends after a number of contracts and names the first event of the next one', async () => {
  const ids = await Promise.all(Array.from({ length: 5 }, newContract));
  for (const id of ids) await queueEvent(id, { event_id: `evt_${id}` });
  const { applyBillingBatch } = createBillingBatchActivities({ ...dependencies(), contracts_max: 3 });
  const batch = await applyBillingBatch({ now: NOW, passed_over: [] });
  expect(batch).toMatchObject({ events: 3, next: { contract_id: ids[3], details: `evt_${ids[3]} invoice.open` } });
  expect(await applyBillingBatch({ now: NOW, passed_over: [] })).toMatchObject({ events: 2, next: null });
});

test('wakes the workflow of a contract only when its state changes, or its next boundary is earlier and near', async () => {
  // In this time zone the invoice becomes past due at 11:00 UTC, an hour after the batch.
  const near = (await buildContract(sql, { now: CREATED_AT, timezone: 'Pacific/Auckland' })).facts.id;
  const [paid, overdue] = [await newContract(), await newContract()];
  await queueEvent(near, { due: '2027-01-20' });
  await queueEvent(overdue, { due: '2027-01-10' });
  await queueEvent(paid);
  await queueEvent(paid, { status: 'PAID', version: 2 });
  await applyBatch();
  expect(woken.sort()).toEqual([near, overdue].sort());
  // The next boundary moves to a later instant: the workflow notices it by itself.
  woken = [];
  await queueEvent(near, { status: 'PAID', version: 2 });
  await applyBatch();
  expect(woken).toEqual([]);
  expect((await findContract(sql, overdue))?.state).toBe('PAST_DUE');
  await queueEvent(overdue, { status: 'PAID', version: 2 });
  await applyBatch();
  expect(woken).toEqual([overdue]);
});

test('a wake-up that was lost is repeated by the sweep after a minute, until the workflow has looked', async () => {
  const id = await newContract();
  const isLate = async (now: string): Promise<boolean> => {
    const query = { now, epoch: 'epoch-1', limit: 100, time_zone_rules: TIME_ZONE_RULES };
    return (await listRowsToWake(sql, 'late_timer', query)).includes(id);
  };
  await queueEvent(id, { due: '2027-01-10' });
  await applyBatch();
  expect(woken).toEqual([id]);
  expect(await isLate('2027-01-20T10:00:59.999Z')).toBe(false);
  expect(await isLate('2027-01-20T10:01:00.000Z')).toBe(true);
  await createContractActivities(dependencies()).settleContract({ contract_id: id, now: '2027-01-20T10:01:00.000Z' });
  expect(await isLate('2027-01-20T10:02:00.000Z')).toBe(false);
  // The step of a deleted contract records nothing, so the sweep must not wait for it.
  await sql`UPDATE contracts SET unwoken_since = ${NOW}, deleted_at = ${NOW} WHERE id = ${id}`;
  expect(await isLate('2027-01-20T10:02:00.000Z')).toBe(false);
  await sql`UPDATE contracts SET deleted_at = NULL WHERE id = ${id}`;
  expect(await isLate('2027-01-20T10:02:00.000Z')).toBe(true);
});

test('a workflow that waits for a later instant is woken by the sweep an hour before the boundary, unless it was paid', async () => {
  const [unpaid, paid] = [await newContract(), await newContract()];
  const listLate = async (now: string): Promise<string[]> => {
    const query = { now, epoch: 'epoch-1', limit: 100, time_zone_rules: TIME_ZONE_RULES };
    return (await listRowsToWake(sql, 'late_timer', query)).filter((id) => [unpaid, paid].includes(id));
  };
  await queueEvent(unpaid);
  await queueEvent(paid);
  await applyBatch();
  await queueEvent(paid, { status: 'PAID', version: 2 });
  // A second invoice, which is due later, leaves the instant for which the timer waits.
  await queueEvent(unpaid, { invoice_id: `in_later_${unpaid}`, due: '2027-02-15' });
  await applyBatch();
  expect(woken).toEqual([]);
  expect(await findContract(sql, unpaid)).toMatchObject({
    next_boundary_at: '2027-02-02T00:00:00.000Z',
    timer_at: LATEST,
  });

  expect(await listLate('2027-02-01T22:59:59.999Z')).toEqual([]);
  expect(await listLate('2027-02-01T23:00:00.000Z')).toEqual([unpaid]);
  // Its own step sets the timer, and nothing is left for the sweep.
  const { settleContract } = createContractActivities(dependencies());
  await settleContract({ contract_id: unpaid, now: '2027-02-01T23:00:00.000Z' });
  expect(await listLate('2027-02-01T23:30:00.000Z')).toEqual([]);
  expect(await findContract(sql, unpaid)).toMatchObject({ timer_at: null });
});

describe('during a burst', () => {
  /** A batch that counts its pauses; `arrive` runs in each. */
  function createPausingBatch(arrive: (pauses: number) => Promise<unknown>) {
    const counted = { pauses: 0 };
    const pause = () => arrive((counted.pauses += 1));
    const { applyBillingBatch } = createBillingBatchActivities({ ...dependencies(), pause });
    return { counted, run: () => applyBillingBatch({ now: NOW, passed_over: [] }) };
  }

  /** The events of a burst for one contract, inserted by one statement. `waited` is how long ago, as text for an interval. */
  async function queueBurst(contract_id: string, events: number, waited = '0 s'): Promise<void> {
    await queueEvent(contract_id);
    await sql`
      INSERT INTO billing_inbox (id, source, event_id, type, contract_id, invoice_id, observation, raw, occurred_at, received_at,
                                 reported_at, future_dated, outcome, try_at)
      SELECT uuidv7(-${waited}::interval), source, event_id || '_' || ordinal, type, contract_id, invoice_id, observation, raw,
             occurred_at, received_at, reported_at, future_dated, outcome, try_at
      FROM billing_inbox, generate_series(2, ${events}::int) AS ordinal WHERE contract_id = ${contract_id}`;
  }

  test('the batch waits while more events arrive, and applies them together', async () => {
    const [id, other] = [await newContract(), await newContract()];
    await queueBurst(id, BURST_EVENTS_MIN);
    const batch = createPausingBatch(async (pauses) => {
      if (pauses <= 2) await queueEvent(other, { event_id: `evt_${pauses}_${other}`, version: pauses });
    });
    const { applied } = await batch.run();
    expect(batch.counted.pauses).toBe(3);
    expect(applied[other]).toBe(`evt_1_${other} invoice.open, evt_2_${other} invoice.open`);
  });

  test('it does not wait for a few events, nor when the first has waited for long', async () => {
    const [few, late] = [await newContract(), await newContract()];
    const batch = createPausingBatch(async () => undefined);
    await queueBurst(few, BURST_EVENTS_MIN - 1);
    expect(await batch.run()).toMatchObject({ events: BURST_EVENTS_MIN - 1, next: null });
    await queueBurst(late, BURST_EVENTS_MIN, `${BURST_WAIT_MS} ms`);
    expect(await batch.run()).toMatchObject({ events: BURST_EVENTS_MIN, next: null });
    expect(batch.counted.pauses).toBe(0);
  });
});

test('leaves events that need an answer to the workflow of their contract, and applies the others', async () => {
  const [asks, both] = [await newContract(), await newContract()];
  await queueEvent(asks, { version: null });
  await queueEvent(both, { without_observation: true });
  await queueEvent(both, { invoice_id: `in_other_${both}` });
  const batch = await applyBatch();
  expect(batch).toMatchObject({ events: 1, left: [asks, both], next: null });
  expect(signaled).toEqual([asks, both]);
  expect([await outcomesOf(asks), await outcomesOf(both)]).toEqual([['PENDING'], ['PENDING', 'APPLIED']]);
  expect(billing.fetchedInvoiceIds).toEqual([]);
  // They are not offered again, and the workflow of the contract still finds them.
  expect(await applyBatch()).toMatchObject({ left: [], next: null });
  billing.invoices.set(`in_${asks}`, { contract_id: asks, status: 'PAID', due: '2027-02-01', occurred_at: NOW });
  await createBillingActivities(dependencies()).applyBillingEvents({ contract_id: asks, now: NOW });
  expect(await outcomesOf(asks)).toEqual(['APPLIED']);
});

test('a contract that fails for ever stops no other, is left to its workflow, and stays visible as overdue', async () => {
  const [failing, other] = [await newContract(), await newContract()];
  await queueEvent(failing);
  await queueEvent(other);
  await whileFailing('contracts', failing, async () => {
    expect(await applyBatch()).toMatchObject({ events: 1, left: [failing], passed_over: [], next: null });
    await queueEvent(other, { version: 2 });
    expect(await applyBatch()).toMatchObject({ events: 1, left: [] });
  });
  expect(signaled).toEqual([failing]);
  expect([await outcomesOf(failing), await outcomesOf(other)]).toEqual([['PENDING'], ['APPLIED', 'APPLIED']]);
  expect(await findOverdueWork(sql, '2027-01-20T10:04:00.000Z', null)).toMatchObject({ overdue_billing_events: 1 });
});

test('events that are left and fail at every attempt delay no others, and operators see their contract', async () => {
  const [failing, other] = [await newContract(), await newContract()];
  await sql`UPDATE contracts SET workflow_epoch = 'epoch-1'`;
  await queueEvent(failing);
  const own = createBillingActivities(dependencies());
  const { sweepOnce } = createSweepActivities({
    db: sql,
    nudger,
    clocks: {} as ClockNotifier,
    webhookRetentionDays: 30,
    mailRetentionDays: 90,
  });
  await whileFailing('contracts', failing, async () => {
    expect(await applyBatch()).toMatchObject({ events: 0, left: [failing] });
    for (let tries = 1; tries <= STUCK_FROM_ATTEMPTS; tries += 1) {
      await queueEvent(other, { version: tries });
      expect(await applyBatch()).toMatchObject({ events: 1, left: [] });
      const now = new Date(Date.parse(NOW) + tries * 3_600_000).toISOString();
      await sweepOnce({ epoch: 'epoch-1', now });
      await expect(own.applyBillingEvents({ contract_id: failing, now })).rejects.toThrow('failure for this test');
    }
  });
  expect(woken.filter((id) => id === failing)).toHaveLength(STUCK_FROM_ATTEMPTS);
  expect((await findStuckRows(sql)).filter(({ kind }) => kind === 'billing_events')).toEqual([
    { kind: 'billing_events', rows: 1, ids: [failing] },
  ]);
});

test('a contract that another transaction holds is left to its workflow, and the others are applied meanwhile', async () => {
  const [held, free] = [await newContract(), await newContract()];
  await queueEvent(held);
  await queueEvent(free);
  const gate = await lockRows(sql, (tx) => tx`SELECT FROM contracts WHERE id = ${held} FOR UPDATE`);
  expect(await applyBatch()).toMatchObject({ events: 1, left: [held], next: null });
  await gate.release();
  expect(signaled).toEqual([held]);
  expect([await outcomesOf(held), await outcomesOf(free)]).toEqual([['PENDING'], ['APPLIED']]);
});

test('events that can neither be applied nor left are passed over, and do not stop the events behind them', async () => {
  const [stuck, other] = [await newContract(), await newContract()];
  await queueEvent(stuck);
  await queueEvent(other);
  await whileFailing('billing_inbox', stuck, async () => {
    expect(await applyBatch()).toMatchObject({ events: 1, left: [], passed_over: [stuck], next: null });
    await queueEvent(other, { version: 2 });
    expect(await applyBatch([stuck])).toMatchObject({ events: 1, passed_over: [], next: null });
  });
  expect(await isQueueEmpty()).toBe(false);
  expect(await applyBatch()).toMatchObject({ events: 1 });
});

test('two batches that have read the same events apply each of them once', async () => {
  const ids = await Promise.all(Array.from({ length: 8 }, newContract));
  for (const id of ids) await queueEvent(id);
  const [one, two] = [gatedDatabase(sql), gatedDatabase(sql)];
  const batches = [applyBatch([], one.db), applyBatch([], two.db)];
  await Promise.all([one.gate.reached, two.gate.reached]);
  one.gate.open();
  expect(await batches[0]).toMatchObject({ events: 8 });
  two.gate.open();
  expect(await batches[1]).toMatchObject({ events: 0, left: [], passed_over: [], next: null });
  for (const id of ids) {
    const received = (await auditOf(sql, id)).filter(({ action }) => action === 'billing.event_received');
    expect(received).toHaveLength(1);
  }
});

test('events in any order and in any batches leave the contract as when each is applied alone', async () => {
  const statuses: SeenStatus[] = ['OPEN', 'FAILED', 'PAID', 'VOID', 'DISPUTED'];
  const event = fc.record({
    invoice: fc.constantFrom('a', 'b'),
    status: fc.constantFrom(...statuses),
    version: fc.integer({ min: 1, max: 6 }),
    due: fc.constantFrom('2027-01-05', '2027-01-18', '2027-02-01'),
    minutes: fc.integer({ min: 0, max: 90 }),
    /** Whether a batch runs after it. */
    is_last: fc.boolean(),
  });
  const one_invoice_version = (events: { invoice: string; version: number }[]) =>
    new Set(events.map(({ invoice, version }) => `${invoice} ${version}`)).size === events.length;
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 2, maxLength: 7 }).filter(one_invoice_version), async (events) => {
      const [alone, together] = [await newContract(), await newContract()];
      const insert = (id: string, { invoice, minutes, ...fields }: (typeof events)[number]) =>
        queueEvent(id, {
          ...fields,
          invoice_id: `in_${invoice}_${id}`,
          event_id: `evt_${randomUUID()}`,
          occurred_at: new Date(Date.parse(NOW) - minutes * 60_000).toISOString(),
          received_at: NOW,
        });
      const own = createBillingActivities(dependencies());
      for (const one of events) {
        await insert(alone, one);
        await own.applyBillingEvents({ contract_id: alone, now: NOW });
      }
      for (const one of [...events].reverse()) {
        await insert(together, one);
        if (one.is_last) await applyBatch();
      }
      await applyBatch();
      expect(await isQueueEmpty()).toBe(true);
      expect(await summaryOf(together)).toEqual(await summaryOf(alone));
    }),
    { numRuns: 15 },
  );
});

/** What the events made of a contract, without its id. */
async function summaryOf(id: string) {
  const row = await findContract(sql, id);
  if (!row) throw new Error(`there is no contract ${id}`);
  const invoices = row.invoices.map((invoice) => ({ ...invoice, invoice_id: invoice.invoice_id.replace(id, '') }));
  const { state, past_due_since, next_boundary_at, next_boundary_kind, verify_at } = row;
  return { state, past_due_since, next_boundary_at, next_boundary_kind, verify_at, invoices };
}
