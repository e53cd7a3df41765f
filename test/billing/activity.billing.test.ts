/**
 * The activities that apply billing events and verify unpaid invoices, called one by one: an event is applied once, and no contract is
 * suspended or terminated before its billing system was asked.
 */
import { runCommand } from '../../transactions/contract/run-command';
import { settleByTime } from '../../transactions/contract/settle-contract';
import { randomUUID } from 'node:crypto';
import { createBillingActivities } from '../../activities/billing/billing';
import { EVENTS_APPLIED_MAX } from '../../transactions/contract/apply-billing-events';
import { createContractActivities } from '../../activities/contract/contract';
import type { ContractView } from '../../activities/contract/contract-view';
import { countPendingBillingEvents, findBillingEvent } from '../../db/billing/billing-event';
import { findContract } from '../../db/contract/contract';
import type { ContractCommand } from '../../domain/contract/command';
import { addDays } from '../../domain/base/calendar';
import type { Instant } from '../../domain/base/instant';
import { isRefusal } from '../../domain/base/refusal';
import { DEFAULT_RENEWAL } from '../../domain/contract/renewal-policy';
import { createBillingSystem, listEventOutcomes, insertInvoiceEvent } from '../harness/billing';
import type { BillingSystem, InvoiceEventFields } from '../harness/billing';
import { auditOf, buildContract, jobOf, requestJob } from '../harness/contract-rows';
import type { ContractOptions } from '../harness/contract-rows';
import { TEST_ACTOR } from '../harness/contract-facts';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { createRecordingNudger } from '../harness/recording-nudger';
import { expectInvariants } from '../harness/invariants';

/** The due date of the invoice of the tests. The dunning schedule is the default of 1, 14 and 60 days. */
const DUE = '2027-02-01';
const CREATED_AT = '2027-01-01T09:00:00.000Z';
const REPORTED_AT = '2027-01-20T10:00:00.000Z';
const PAST_DUE_AT = dayOf(1);
const SUSPENDS_AT = dayOf(14);
const TERMINATES_AT = dayOf(60);

let database: TestDatabase;
let sql: TestDatabase['sql'];
let billing: BillingSystem;
/** Each test has its own invoice, because an invoice belongs to one contract. */
let invoice_id: string;
let activities: ReturnType<typeof createBillingActivities> & ReturnType<typeof createContractActivities>;
const { nudger, jobs: woken } = createRecordingNudger();

beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.sql;
});
beforeEach(() => {
  woken.splice(0);
  billing = createBillingSystem();
  invoice_id = `in_${randomUUID()}`;
  const dependencies = { db: sql, nudger, billingPorts: billing.ports };
  activities = { ...createBillingActivities(dependencies), ...createContractActivities(dependencies) };
});
afterEach(() => expectInvariants(sql));
afterAll(() => database.drop());

/** Shortly after the start of the day that is so many days after the due date. */
function dayOf(days: number, time = '00:00:00.000'): Instant {
  return `${addDays(DUE, days)}T${time}Z`;
}

async function contractId(options: ContractOptions = {}): Promise<string> {
  return (await buildContract(sql, { now: CREATED_AT, ...options })).facts.id;
}

const insertEvent = (id: string, fields: InvoiceEventFields): Promise<string> =>
  insertInvoiceEvent(sql, id, { invoice_id, ...fields });
const apply = (contract_id: string, now: Instant) => activities.applyBillingEvents({ contract_id, now });
const verify = (contract_id: string, now: Instant) => activities.verifyBilling({ contract_id, now });
const settle = (contract_id: string, now: Instant) => activities.settleContract({ contract_id, now });

/** A contract with an unpaid invoice that both the billing system and the contract know. */
async function owingContractId(options: ContractOptions = {}): Promise<string> {
  const id = await contractId(options);
  billing.invoices.set(invoice_id, { contract_id: id, status: 'OPEN', due: DUE, occurred_at: REPORTED_AT });
  await insertEvent(id, { due: DUE, occurred_at: REPORTED_AT });
  await apply(id, REPORTED_AT);
  return id;
}

/** Marks the invoice as paid in the billing system. */
function pay(occurred_at: Instant): void {
  const invoice = billing.invoices.get(invoice_id);
  if (invoice) billing.invoices.set(invoice_id, { ...invoice, status: 'PAID', occurred_at });
}

/** Marks the invoice as paid in the billing system, and applies the event of it. */
async function payAndApply(id: string, occurred_at: Instant, received_at = occurred_at): Promise<ContractView> {
  pay(occurred_at);
  await insertEvent(id, { status: 'PAID', due: DUE, occurred_at, received_at });
  return apply(id, received_at);
}

/** Settles the contract, or runs a command, in another transaction that does not ask the billing system. */
async function settleElsewhere(id: string, now: Instant, command?: ContractCommand): Promise<void> {
  const request = { id, actor: TEST_ACTOR, now, request_id: null };
  const outcome = await sql.begin((tx) => (command ? runCommand(tx, request, command) : settleByTime(tx, request)));
  if (isRefusal(outcome) || outcome.refusal) throw new Error('it was refused');
}

async function contractOf(id: string) {
  const row = await findContract(sql, id);
  if (!row) throw new Error(`there is no contract ${id}`);
  return row;
}

/** The audit rows of a contract after its creation: the action and its instant. */
async function auditRowsOf(id: string): Promise<[string, Instant][]> {
  return (await auditOf(sql, id)).slice(1).map(({ action, at }) => [action, at]);
}

async function actionsOf(id: string): Promise<string[]> {
  return (await auditRowsOf(id)).map(([action]) => action);
}

describe('a billing event', () => {
  test('is applied once by any number of calls, also at the same time', async () => {
    const id = await contractId();
    billing.invoices.set(invoice_id, { contract_id: id, status: 'OPEN', due: DUE, occurred_at: REPORTED_AT });
    await insertEvent(id, { due: DUE, occurred_at: REPORTED_AT });
    const views = await Promise.all(Array.from({ length: 8 }, () => apply(id, REPORTED_AT)));
    views.push(await apply(id, REPORTED_AT));
    for (const view of views) expect(view).toMatchObject({ state: 'ACTIVE', billing_events: 0 });
    expect(await listEventOutcomes(sql, id)).toEqual([{ outcome: 'APPLIED', reason: null }]);
    expect(await auditRowsOf(id)).toEqual([['billing.event_received', REPORTED_AT]]);
    expect((await contractOf(id)).invoices).toMatchObject([{ invoice_id, status: 'OPEN', due_date: DUE }]);
    expect((await contractOf(id)).revision).toBe(1);
  });

  test('is applied in the order of occurrence, and an outdated event changes nothing', async () => {
    billing.port.fetches = false;
    const id = await contractId();
    const fields = { due: DUE, received_at: REPORTED_AT };
    await insertEvent(id, { ...fields, status: 'PAID', occurred_at: '2027-01-12T00:00:00.000Z' });
    await insertEvent(id, { ...fields, status: 'FAILED', occurred_at: '2027-01-13T00:00:00.000Z' });
    await insertEvent(id, { ...fields, status: 'OPEN', occurred_at: '2027-01-11T00:00:00.000Z' });
    await apply(id, REPORTED_AT);
    expect(await listEventOutcomes(sql, id)).toEqual([
      { outcome: 'APPLIED', reason: null },
      { outcome: 'IGNORED', reason: 'STALE' },
      { outcome: 'APPLIED', reason: null },
    ]);
    const rows = await sql`
      SELECT action, after ->> 'type' AS type, reason FROM audit_events WHERE contract_id = ${id} AND action LIKE 'billing.%' ORDER BY id`;
    expect([...rows]).toEqual([
      { action: 'billing.event_received', type: 'invoice.open', reason: null },
      { action: 'billing.event_received', type: 'invoice.paid', reason: null },
      { action: 'billing.event_ignored', type: 'invoice.failed', reason: 'STALE' },
    ]);
    expect((await contractOf(id)).invoices).toMatchObject([{ status: 'PAID' }]);
  });

  test('is applied in pages, and the view says how many events are left', async () => {
    const id = await contractId();
    const count = EVENTS_APPLIED_MAX + 30;
    for (let n = 0; n < count; n++) {
      const fields = { invoice_id: `${invoice_id}_${n}`, version: 1, due: '2028-01-01', occurred_at: REPORTED_AT };
      await insertEvent(id, fields);
    }
    expect(await apply(id, REPORTED_AT)).toMatchObject({ billing_events: 30 });
    expect(await apply(id, REPORTED_AT)).toMatchObject({ billing_events: 0 });
    expect((await contractOf(id)).invoices).toHaveLength(count);
  });

  test('without a version is looked up once for each invoice, while the contract is not locked', async () => {
    const id = await contractId();
    billing.invoices.set(invoice_id, { contract_id: id, status: 'PAID', due: DUE, occurred_at: REPORTED_AT });
    for (let n = 0; n < 3; n++)
      await insertEvent(id, { due: DUE, occurred_at: REPORTED_AT, without_observation: n === 0 });
    billing.beforeAnswer = () => sql.begin((tx) => tx`SELECT FROM contracts WHERE id = ${id} FOR NO KEY UPDATE NOWAIT`);
    await apply(id, REPORTED_AT);
    expect(billing.fetchedInvoiceIds).toEqual([invoice_id]);
    expect((await contractOf(id)).invoices).toMatchObject([{ status: 'PAID', fetched_at: REPORTED_AT }]);
    expect((await listEventOutcomes(sql, id)).map(({ outcome }) => outcome)).toEqual(['APPLIED', 'IGNORED', 'IGNORED']);
  });

  test('with a version is applied without asking the billing system', async () => {
    const id = await contractId();
    await insertEvent(id, { due: DUE, occurred_at: REPORTED_AT, version: 3 });
    await apply(id, REPORTED_AT);
    expect(billing.fetchedInvoiceIds).toEqual([]);
    expect((await contractOf(id)).invoices).toMatchObject([{ status: 'OPEN', version: 3, fetched_at: null }]);
  });

  test('waits at growing intervals while the billing system gives no answer, and is neither audited nor lost', async () => {
    const id = await contractId();
    billing.reachable = false;
    const event = await insertEvent(id, { due: DUE, occurred_at: REPORTED_AT, without_observation: true });
    const versioned = await insertEvent(id, {
      invoice_id: `${invoice_id}_2`,
      due: DUE,
      occurred_at: REPORTED_AT,
      version: 1,
    });
    expect(await apply(id, REPORTED_AT)).toMatchObject({ billing_events: 0 });
    expect(await findBillingEvent(sql, event)).toMatchObject({ outcome: 'PENDING', reason: 'BILLING_UNREACHABLE' });
    expect(await findBillingEvent(sql, versioned)).toMatchObject({ outcome: 'APPLIED' });

    const pauses_ms: number[] = [];
    for (let tries = 1; tries <= 4; tries++) {
      const row = await findBillingEvent(sql, event);
      expect(row).toMatchObject({ outcome: 'PENDING', tries });
      const now = row?.try_at ?? '';
      await apply(id, now);
      const again = await findBillingEvent(sql, event);
      pauses_ms.push(Date.parse(again?.try_at ?? '') - Date.parse(now));
    }
    expect(pauses_ms).toEqual([60_000, 120_000, 240_000, 480_000]);
    // After one request without an answer, the system is not asked about its other events.
    for (let n = 0; n < 20; n++)
      await insertEvent(id, { invoice_id: `${invoice_id}_${n}`, due: DUE, occurred_at: REPORTED_AT });
    billing.fetchedInvoiceIds = [];
    await apply(id, REPORTED_AT);
    expect(billing.fetchedInvoiceIds.length).toBeLessThan(10);
    expect(await countPendingBillingEvents(sql, id, REPORTED_AT)).toBe(0);
    await sql`DELETE FROM billing_inbox WHERE contract_id = ${id} AND invoice_id <> ${invoice_id} AND outcome = 'PENDING'`;
    expect(await actionsOf(id)).toEqual(['billing.event_received']);

    billing.reachable = true;
    billing.invoices.set(invoice_id, { contract_id: id, status: 'OPEN', due: DUE, occurred_at: REPORTED_AT });
    await apply(id, '2027-01-21T00:00:00.000Z');
    expect(await findBillingEvent(sql, event)).toMatchObject({ outcome: 'APPLIED', reason: null });
  });

  test('of an invoice that the billing system does not know is parked, tried again, and audited once', async () => {
    const id = await contractId();
    const event = await insertEvent(id, { due: DUE, occurred_at: REPORTED_AT });
    for (const now of [REPORTED_AT, '2027-01-21T00:00:00.000Z', '2027-01-22T00:00:00.000Z']) {
      await sql`UPDATE billing_inbox SET outcome = 'PENDING', try_at = ${now} WHERE id = ${event}`;
      await apply(id, now);
      expect(await findBillingEvent(sql, event)).toMatchObject({ outcome: 'PARKED', reason: 'INVOICE_UNKNOWN' });
    }
    expect(await auditRowsOf(id)).toEqual([['billing.parked', REPORTED_AT]]);
  });

  test.each([
    ['of an invoice of another contract', 'OPEN', 'another', 'OTHER_CONTRACT'],
    ['of an invoice that is still a draft', 'DRAFT', 'its own', 'NOTHING_OWED'],
  ] as const)('%s is ignored and audited', async (_what, status, whose, reason) => {
    const [id, other] = [await contractId(), await contractId()];
    const contract_id = whose === 'another' ? other : id;
    billing.invoices.set(invoice_id, { contract_id, status, due: DUE, occurred_at: REPORTED_AT });
    await insertEvent(id, { due: DUE, occurred_at: REPORTED_AT, without_observation: true });
    await apply(id, REPORTED_AT);
    expect(await listEventOutcomes(sql, id)).toEqual([{ outcome: 'IGNORED', reason }]);
    expect(await auditRowsOf(id)).toEqual([['billing.event_ignored', REPORTED_AT]]);
    expect((await contractOf(id)).invoices).toEqual([]);
  });

  test('of a refund reopens nothing and is audited', async () => {
    const id = await contractId();
    billing.port.fetches = false;
    await insertEvent(id, { status: 'PAID', due: DUE, occurred_at: REPORTED_AT });
    await insertEvent(id, { status: 'REFUNDED', due: DUE, occurred_at: dayOf(3) });
    await apply(id, dayOf(3));
    expect((await listEventOutcomes(sql, id)).at(-1)).toEqual({ outcome: 'IGNORED', reason: 'REFUND' });
    expect((await contractOf(id)).invoices).toMatchObject([{ status: 'PAID' }]);
  });

  test('of an invoice that is stored for another contract removes it there', async () => {
    billing.port.fetches = false;
    const [before, after] = [await contractId(), await contractId()];
    await insertEvent(before, { due: DUE, occurred_at: REPORTED_AT });
    await apply(before, REPORTED_AT);
    expect(await settle(before, dayOf(5))).toMatchObject({ state: 'PAST_DUE' });
    const moved_at = dayOf(6);
    await insertEvent(after, { status: 'FAILED', due: DUE, occurred_at: moved_at });
    await apply(after, moved_at);
    expect((await contractOf(after)).invoices).toMatchObject([{ invoice_id, status: 'FAILED' }]);
    expect(await contractOf(before)).toMatchObject({ invoices: [], state: 'ACTIVE', past_due_since: null });
    // An event that is older than what the other contract knows changes nothing.
    const third = await contractId();
    await insertEvent(third, { due: DUE, occurred_at: REPORTED_AT, received_at: dayOf(7) });
    await apply(third, dayOf(7));
    expect((await contractOf(after)).invoices).toMatchObject([{ status: 'FAILED' }]);
  });

  test('counts from its arrival, even if it is applied late: no later boundary is applied before it', async () => {
    const renewal = { ...DEFAULT_RENEWAL, mode: 'auto' } as const;
    const id = await owingContractId({ term: 'P1M', start_date: addDays(DUE, -20), renewal });
    const [paid_at, ends_at] = [dayOf(7, '23:00:00.000'), dayOf(11)];
    pay(paid_at);
    await insertEvent(id, { status: 'PAID', due: DUE, occurred_at: paid_at });
    // Neither settling nor verifying continues past a waiting event.
    const now = dayOf(30);
    const before = await auditRowsOf(id);
    expect(await settle(id, now)).toMatchObject({ state: 'ACTIVE', billing_events: 1 });
    expect(await verify(id, now)).toMatchObject({ billing_events: 1 });
    expect(await auditRowsOf(id)).toEqual(before);

    await apply(id, now);
    await settle(id, now);
    const since = (await auditRowsOf(id)).slice(before.length);
    expect(since.filter(([action]) => !action.startsWith('renewal.'))).toEqual([
      ['billing.past_due', PAST_DUE_AT],
      ['billing.event_received', paid_at],
      ['billing.cleared', paid_at],
      ['contract.renewed', ends_at],
    ]);
  });

  test('that arrived in time makes up for a renewal that was blocked because it was not applied', async () => {
    const renewal = { ...DEFAULT_RENEWAL, mode: 'auto' } as const;
    const id = await owingContractId({ term: 'P1M', start_date: addDays(DUE, -20), renewal });
    const paid_at = dayOf(7);
    pay(paid_at);
    billing.reachable = false;
    await insertEvent(id, { status: 'PAID', due: DUE, occurred_at: paid_at });
    await apply(id, paid_at);
    // The system gives no answer, and another transaction applies the end.
    await settleElsewhere(id, dayOf(13));
    expect(await contractOf(id)).toMatchObject({ state: 'EXPIRED', renewal_blocked: 'PAST_DUE' });
    billing.reachable = true;
    expect(await apply(id, dayOf(14))).toMatchObject({ state: 'ACTIVE' });
    expect(await contractOf(id)).toMatchObject({ term_number: 2, renewal_blocked: null });
  });

  test('is parked when it has no observation and its source cannot be asked', async () => {
    const id = await contractId();
    await insertEvent(id, { source: 'stripe', due: DUE, occurred_at: REPORTED_AT, without_observation: true });
    await apply(id, REPORTED_AT);
    expect(await listEventOutcomes(sql, id)).toEqual([{ outcome: 'PARKED', reason: 'NOT_FETCHABLE' }]);
  });

  test('of a contract that was deleted meanwhile is ignored', async () => {
    const id = await contractId({ status: 'inactive' });
    await insertEvent(id, { due: DUE, occurred_at: REPORTED_AT, version: 1 });
    const { name } = await contractOf(id);
    await settleElsewhere(id, REPORTED_AT, { name: 'delete', input: { confirm_name: name } });
    expect(await apply(id, REPORTED_AT)).toMatchObject({ state: 'GONE', at_rest: true });
    expect(await listEventOutcomes(sql, id)).toEqual([{ outcome: 'IGNORED', reason: 'CONTRACT_DELETED' }]);
  });

  test('stays pending without any effect when it cannot be written or the request fails', async () => {
    const id = await contractId();
    const event = await insertEvent(id, { due: DUE, occurred_at: REPORTED_AT });
    billing.beforeAnswer = () => Promise.reject(new Error('a fault of ours'));
    await expect(apply(id, REPORTED_AT)).rejects.toThrow('a fault of ours');
    billing.beforeAnswer = async () => undefined;
    billing.invoices.set(invoice_id, { contract_id: id, status: 'OPEN', due: DUE, occurred_at: REPORTED_AT });
    // The latest possible failure: at the commit of the transaction.
    await sql.unsafe(`
      CREATE FUNCTION test_forbidden() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'forbidden by the test'; END $$;
      CREATE CONSTRAINT TRIGGER test_forbidden AFTER INSERT ON audit_events DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION test_forbidden()`);
    await expect(apply(id, REPORTED_AT)).rejects.toThrow('forbidden by the test');
    await sql`DROP TRIGGER test_forbidden ON audit_events`;
    expect(await findBillingEvent(sql, event)).toMatchObject({ outcome: 'PENDING', tries: 0 });
    expect(await auditRowsOf(id)).toEqual([]);
    expect((await contractOf(id)).invoices).toEqual([]);
    await apply(id, REPORTED_AT);
    expect(await listEventOutcomes(sql, id)).toEqual([{ outcome: 'APPLIED', reason: null }]);
  });
});

describe('suspension', () => {
  test('takes effect at its own instant, even if it is verified late', async () => {
    const id = await owingContractId();
    const now = dayOf(16, '08:00:00.000');
    expect(await settle(id, now)).toMatchObject({
      state: 'PAST_DUE',
      verification: { kind: 'suspends', at: SUSPENDS_AT, due: true },
    });
    expect(await actionsOf(id)).not.toContain('contract.suspended');
    expect(await verify(id, now)).toMatchObject({ state: 'SUSPENDED', verification: null });
    expect(await auditRowsOf(id)).toEqual([
      ['billing.event_received', REPORTED_AT],
      ['billing.past_due', PAST_DUE_AT],
      ['contract.suspended', SUSPENDS_AT],
    ]);
    expect((await contractOf(id)).holds).toMatchObject([{ code: 'BILLING_SUSPENDED', placed_at: SUSPENDS_AT }]);
    // Actions that only concern operators have no domain event.
    const events =
      await sql`SELECT type, data ->> 'reason' AS reason FROM domain_events WHERE contract_id = ${id} ORDER BY id`;
    expect([...events]).toEqual([
      { type: 'contract.created', reason: null },
      { type: 'billing.past_due', reason: null },
      { type: 'contract.suspended', reason: 'billing' },
    ]);
  });

  test('is made once by any number of calls, also at the same time', async () => {
    const id = await owingContractId();
    const now = dayOf(15);
    const views = await Promise.all(Array.from({ length: 6 }, () => verify(id, now)));
    views.push(await verify(id, now), await settle(id, now));
    for (const view of views) expect(view).toMatchObject({ state: 'SUSPENDED' });
    expect(await actionsOf(id)).toEqual(['billing.event_received', 'billing.past_due', 'contract.suspended']);
  });

  test('waits for its verification also when another boundary is at the same instant', async () => {
    // A reminder is due exactly thirty days before the end.
    const id = await owingContractId({ end_date: addDays(DUE, 44) });
    const view = await settle(id, SUSPENDS_AT);
    expect(view).toMatchObject({ next_boundary: { kind: 'reminder', at: SUSPENDS_AT } });
    expect(view.verification).toEqual({ kind: 'suspends', at: SUSPENDS_AT, due: true, source: 'standard' });
    await verify(id, SUSPENDS_AT);
    expect((await auditRowsOf(id)).slice(-2)).toEqual([
      ['renewal.reminder_due', SUSPENDS_AT],
      ['contract.suspended', SUSPENDS_AT],
    ]);
  });

  test('stays due with a warning while only other transactions settle; licenses are generated until it is verified', async () => {
    const id = await owingContractId();
    const looked_at = dayOf(15, '12:00:00.000');
    await settleElsewhere(id, looked_at);
    expect(await contractOf(id)).toMatchObject({
      state: 'PAST_DUE',
      may_generate: true,
      warnings: ['BILLING_PAST_DUE', 'SUSPENSION_DUE'],
      verify_at: looked_at,
    });
    const generated_at = dayOf(15, '13:00:00.000');
    await requestJob(sql, id, 5, { now: generated_at });

    const view = await settle(id, dayOf(15, '14:00:00.000'));
    expect(view.verification).toMatchObject({ kind: 'suspends', due: true });
    await verify(id, dayOf(15, '14:00:00.000'));
    const suspended_at = (await auditRowsOf(id)).find(([action]) => action === 'contract.suspended')?.[1] ?? '';
    expect(suspended_at >= looked_at && suspended_at <= dayOf(15, '14:00:00.000')).toBe(true);
    expect(await contractOf(id)).toMatchObject({ state: 'SUSPENDED', may_generate: false, warnings: [] });
    await expect(requestJob(sql, id, 5, { now: dayOf(15, '15:00:00.000') })).rejects.toThrow('invoices are unpaid');
  });

  test('is not made when the invoice turns out to be paid', async () => {
    const id = await owingContractId();
    pay(dayOf(10));
    const now = dayOf(16);
    await settle(id, now);
    expect(await verify(id, now)).toMatchObject({ state: 'ACTIVE', verification: null });
    expect((await auditRowsOf(id)).slice(1)).toEqual([
      ['billing.past_due', PAST_DUE_AT],
      ['billing.invoices_fetched', now],
      ['billing.cleared', now],
    ]);
    const [row] = await sql`
      SELECT after -> 'invoices' AS invoices FROM audit_events WHERE contract_id = ${id} AND action = 'billing.invoices_fetched'`;
    expect(row?.['invoices']).toEqual([{ source: 'standard', invoice_id, was: 'OPEN', is: 'PAID', due_date: DUE }]);
  });

  test('is not made for an invoice that turns out to be another contract’s', async () => {
    const [id, other] = [await owingContractId(), await contractId()];
    billing.invoices.set(invoice_id, { contract_id: other, status: 'OPEN', due: DUE, occurred_at: REPORTED_AT });
    expect(await verify(id, SUSPENDS_AT)).toMatchObject({ state: 'ACTIVE', verification: null });
    expect(await contractOf(id)).toMatchObject({ invoices: [], past_due_since: null });
    const [row] = await sql`
      SELECT after -> 'invoices' AS invoices FROM audit_events WHERE contract_id = ${id} AND action = 'billing.invoices_fetched'`;
    expect(row?.['invoices']).toEqual([{ source: 'standard', invoice_id, was: 'OPEN', is: 'OTHER_CONTRACT' }]);
  });

  test('ends with the payment, and the paused jobs are woken', async () => {
    const id = await owingContractId();
    const job = await requestJob(sql, id, 300, { now: REPORTED_AT });
    await verify(id, SUSPENDS_AT);
    await sql`UPDATE generation_jobs SET state = 'PAUSED' WHERE id = ${job.id}`;
    const paid_at = dayOf(20, '10:00:00.000');
    expect(await payAndApply(id, paid_at)).toMatchObject({ state: 'ACTIVE', verification: null });
    expect(woken).toEqual([job.id]);
    expect((await auditRowsOf(id)).slice(-2)).toEqual([
      ['billing.event_received', paid_at],
      ['contract.reinstated', paid_at],
    ]);
    expect(await contractOf(id)).toMatchObject({ holds: [], past_due_since: null, warnings: [] });
  });

  test('that a payment in time would have prevented is audited as such, and stays in the history', async () => {
    const id = await owingContractId();
    await verify(id, SUSPENDS_AT);
    const reported_at = dayOf(20);
    await payAndApply(id, dayOf(13), reported_at);
    const rows = await sql`
      SELECT action, after -> 'should_not_have_been_suspended_from' AS from, after -> 'should_not_have_been_suspended_to' AS to
      FROM audit_events WHERE contract_id = ${id} AND action IN ('contract.suspended', 'contract.reinstated') ORDER BY id`;
    expect([...rows]).toEqual([
      { action: 'contract.suspended', from: null, to: null },
      { action: 'contract.reinstated', from: SUSPENDS_AT, to: reported_at },
    ]);
  });

  test('stays while another invoice is unpaid or the contract has a compliance hold', async () => {
    const id = await owingContractId();
    await insertEvent(id, {
      invoice_id: `${invoice_id}_2`,
      due: addDays(DUE, 2),
      occurred_at: REPORTED_AT,
      version: 1,
    });
    billing.invoices.set(`${invoice_id}_2`, {
      contract_id: id,
      status: 'OPEN',
      due: addDays(DUE, 2),
      occurred_at: REPORTED_AT,
    });
    await apply(id, REPORTED_AT);
    await verify(id, SUSPENDS_AT);
    await settleElsewhere(id, dayOf(15), { name: 'compliance-hold', input: { note: 'on a list' } });
    expect(await payAndApply(id, dayOf(20))).toMatchObject({ state: 'SUSPENDED' });
    expect((await contractOf(id)).holds.map(({ source }) => source).sort()).toEqual(['billing', 'compliance']);
    await insertEvent(id, { invoice_id: `${invoice_id}_2`, status: 'PAID', occurred_at: dayOf(21), version: 2 });
    expect(await apply(id, dayOf(21))).toMatchObject({ state: 'SUSPENDED' });
    expect((await contractOf(id)).holds.map(({ source }) => source)).toEqual(['compliance']);
  });

  test('is made from events alone when the source only sends events and cannot be asked', async () => {
    const id = await owingContractId();
    billing.port.fetches = false;
    billing.fetchedInvoiceIds = [];
    await verify(id, SUSPENDS_AT);
    expect([(await contractOf(id)).state, billing.fetchedInvoiceIds]).toEqual(['SUSPENDED', []]);
  });

  test('is not due for a contract that is exempt from dunning, and ends when the contract becomes exempt', async () => {
    const exempt = await owingContractId({ dunning_exempt: true });
    expect(await settle(exempt, dayOf(90))).toMatchObject({ state: 'ACTIVE', verification: null });
    const id = await owingContractId();
    await verify(id, SUSPENDS_AT);
    await settleElsewhere(id, dayOf(15), { name: 'edit', input: { dunning_exempt: true } });
    expect(await contractOf(id)).toMatchObject({ state: 'ACTIVE', holds: [] });
  });
});

describe('a billing system that gives no answer', () => {
  test('is asked again at growing intervals and audited once, and the contract does not change', async () => {
    const id = await owingContractId();
    billing.reachable = false;
    let view = await verify(id, SUSPENDS_AT);
    const pauses_ms: number[] = [];
    for (let now: Instant = SUSPENDS_AT, tries = 0; tries < 5; tries++) {
      expect(view).toMatchObject({ state: 'PAST_DUE', verification: { kind: 'suspends', due: false } });
      const { at } = view.verification as { at: Instant };
      pauses_ms.push(Date.parse(at) - Date.parse(now));
      now = at;
      expect(await settle(id, now)).toMatchObject({ verification: { due: true } });
      view = await verify(id, now);
    }
    expect(pauses_ms).toEqual([5, 5, 10, 20, 40].map((minutes) => minutes * 60_000));
    expect(await contractOf(id)).toMatchObject({
      may_generate: true,
      warnings: ['BILLING_PAST_DUE', 'SUSPENSION_DUE', 'BILLING_UNREACHABLE'],
    });
    expect((await actionsOf(id)).filter((action) => action === 'billing.unreachable')).toHaveLength(1);

    billing.reachable = true;
    expect(await verify(id, dayOf(15))).toMatchObject({ state: 'SUSPENDED' });
    expect(await contractOf(id)).toMatchObject({ billing_unreachable_since: null, verify_after: null, warnings: [] });
  });

  test('terminates nothing: a contract long after its last dunning step stays suspended until the answer arrives', async () => {
    const id = await owingContractId();
    await verify(id, SUSPENDS_AT);
    billing.reachable = false;
    expect(await settle(id, dayOf(61))).toMatchObject({ verification: { kind: 'terminates', due: true } });
    expect(await verify(id, dayOf(61))).toMatchObject({ state: 'SUSPENDED', verification: { due: false } });
    expect(await verify(id, dayOf(100))).toMatchObject({ state: 'SUSPENDED' });
    expect(await actionsOf(id)).not.toContain('contract.terminated');
    billing.reachable = true;
    pay(dayOf(59));
    expect(await verify(id, dayOf(101))).toMatchObject({ state: 'ACTIVE' });
    expect((await actionsOf(id)).slice(-2)).toEqual(['billing.invoices_fetched', 'contract.reinstated']);
  });

  test('includes one that no longer knows the invoice, and one whose settings were removed', async () => {
    const id = await owingContractId();
    billing.invoices.clear();
    expect(await verify(id, SUSPENDS_AT)).toMatchObject({ state: 'PAST_DUE', verification: { due: false } });
    const unconfigured = createBillingActivities({ db: sql, nudger, billingPorts: new Map() });
    expect(await unconfigured.verifyBilling({ contract_id: id, now: dayOf(15) })).toMatchObject({ state: 'PAST_DUE' });
  });
});

describe('termination', () => {
  test('follows from the fetched invoices, cancels the jobs and releases their reservations', async () => {
    const id = await owingContractId();
    const job = await requestJob(sql, id, 300, { now: REPORTED_AT });
    await verify(id, SUSPENDS_AT);
    const changes = { activation_limit: 9 };
    const amend = { amendment_id: '01900000-0000-7000-8000-00000000000a', effective_date: '2027-12-01', note: null };
    await settleElsewhere(id, dayOf(15), { name: 'edit', input: { dunning_exempt: true } });
    await settleElsewhere(id, dayOf(15), { name: 'amend', input: { ...amend, changes } });
    await settleElsewhere(id, dayOf(15), { name: 'edit', input: { dunning_exempt: false } });
    billing.fetchedInvoiceIds = [];
    const now = dayOf(60, '07:00:00.000');
    await verify(id, dayOf(15));
    expect(await settle(id, now)).toMatchObject({ verification: { kind: 'terminates', at: TERMINATES_AT, due: true } });
    expect(await verify(id, now)).toMatchObject({ state: 'TERMINATED', at_rest: true, next_boundary: null });
    expect(billing.fetchedInvoiceIds).toEqual([invoice_id, invoice_id]);
    expect(await contractOf(id)).toMatchObject({
      terminated_at: TERMINATES_AT,
      termination_code: 'BILLING',
      may_generate: false,
      amendments: [],
    });
    expect((await jobOf(sql, job.id)).state).toBe('CANCELLING');
    expect(woken).toContain(job.id);
    const actions = (await auditOf(sql, id)).map(({ action }) => action);
    expect(actions.filter((action) => action === 'job.cancel_requested')).toHaveLength(1);
  });

  test('is not made when the fetched invoice is paid', async () => {
    const id = await owingContractId();
    await verify(id, SUSPENDS_AT);
    pay(dayOf(30));
    expect(await verify(id, TERMINATES_AT)).toMatchObject({ state: 'ACTIVE' });
    expect(await actionsOf(id)).not.toContain('contract.terminated');
  });

  test('is made together with a suspension that was not verified before, each at its own instant', async () => {
    const id = await owingContractId();
    expect(await verify(id, dayOf(70))).toMatchObject({ state: 'TERMINATED' });
    expect((await auditRowsOf(id)).slice(-2)).toEqual([
      ['contract.suspended', SUSPENDS_AT],
      ['contract.terminated', TERMINATES_AT],
    ]);
  });

  test('is made only on a day after that of the suspension', async () => {
    const id = await contractId();
    const reported_at = dayOf(70, '10:00:00.000');
    billing.invoices.set(invoice_id, { contract_id: id, status: 'OPEN', due: DUE, occurred_at: REPORTED_AT });
    await insertEvent(id, { due: DUE, occurred_at: REPORTED_AT, received_at: reported_at });
    await apply(id, reported_at);
    expect(await verify(id, reported_at)).toMatchObject({
      state: 'SUSPENDED',
      verification: null,
      next_boundary: { kind: 'terminates', at: dayOf(71) },
    });
    expect(await verify(id, dayOf(71))).toMatchObject({ state: 'TERMINATED' });
  });

  test('is not undone by a payment, which is stored and needs a decision of an operator', async () => {
    const id = await owingContractId();
    await verify(id, SUSPENDS_AT);
    await verify(id, TERMINATES_AT);
    const paid_at = dayOf(65);
    expect(await payAndApply(id, paid_at)).toMatchObject({ state: 'TERMINATED', at_rest: true, billing_events: 0 });
    expect(await contractOf(id)).toMatchObject({
      state: 'TERMINATED',
      warnings: ['PAID_AFTER_TERMINATION'],
      invoices: [{ status: 'PAID' }],
    });
    expect((await auditRowsOf(id)).at(-1)).toEqual(['billing.event_received', paid_at]);
    // Now an operator can undo it.
    await settleElsewhere(id, dayOf(66), { name: 'reinstate', input: {} });
    expect(await contractOf(id)).toMatchObject({ state: 'ACTIVE', warnings: [], holds: [] });
  });

  test('is never made when the dunning schedule has no last step', async () => {
    const id = await owingContractId({ dunning: { past_due_days: 1, suspend_days: 14, terminate_days: null } });
    await verify(id, SUSPENDS_AT);
    expect(await settle(id, dayOf(2_000))).toMatchObject({
      state: 'SUSPENDED',
      verification: null,
      next_boundary: null,
    });
  });
});
