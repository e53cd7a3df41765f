/**
 * Payments that have arrived are applied before a decision that depends on them: an event counts from its arrival in the inbox, an
 * invoice belongs to one contract, and nothing irreversible is done while an event waits (domain.md 1.5, 1.6).
 */
import { randomUUID } from 'node:crypto';
import { createBillingActivities } from '../../activities/billing/billing';
import { createContractActivities } from '../../activities/contract/contract';
import { findContract } from '../../db/contract/contract';
import { settleByTime } from '../../transactions/contract/settle-contract';
import { DEFAULT_RENEWAL } from '../../domain/contract/renewal-policy';
import { createBillingSystem, listEventOutcomes, insertInvoiceEvent } from '../harness/billing';
import type { BillingSystem } from '../harness/billing';
import { auditOf, buildContract } from '../harness/contract-rows';
import type { ContractOptions } from '../harness/contract-rows';
import { TEST_ACTOR } from '../harness/contract-facts';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { createRecordingNudger } from '../harness/recording-nudger';
import { expectInvariants } from '../harness/invariants';

/** The end of a one-month term from 1 January. It renews automatically and has no grace, so it renews at this instant or never. */
const CREATED_AT = '2027-01-01T09:00:00.000Z';
const ENDS_AT = '2027-02-01T00:00:00.000Z';
const AFTERWARDS = '2027-02-01T08:00:00.000Z';
const MONTHLY: ContractOptions = { term: 'P1M', renewal: { ...DEFAULT_RENEWAL, mode: 'auto' } };

let database: TestDatabase;
let sql: TestDatabase['sql'];
let billing: BillingSystem;
let invoice_id: string;
let activities: ReturnType<typeof createBillingActivities> & ReturnType<typeof createContractActivities>;
const { nudger } = createRecordingNudger();

beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.sql;
});
beforeEach(() => {
  billing = createBillingSystem();
  invoice_id = `in_${randomUUID()}`;
  const dependencies = { db: sql, nudger, billingPorts: billing.ports };
  activities = { ...createBillingActivities(dependencies), ...createContractActivities(dependencies) };
});
afterEach(() => expectInvariants(sql));
afterAll(() => database.drop());

async function contractId(options: ContractOptions = {}): Promise<string> {
  return (await buildContract(sql, { now: CREATED_AT, ...options })).facts.id;
}

/** A contract that has been past due since the middle of its only month. */
async function pastDueContractId(options: ContractOptions = MONTHLY): Promise<string> {
  const id = await contractId(options);
  await insertEvent(id, 'OPEN', 1, '2027-01-20T10:00:00.000Z');
  await activities.applyBillingEvents({ contract_id: id, now: '2027-01-22T10:00:00.000Z' });
  return id;
}

const insertEvent = (id: string, status: 'OPEN' | 'PAID', version: number, occurred_at: string): Promise<string> =>
  insertInvoiceEvent(sql, id, { invoice_id, status, version, due: '2027-01-20', occurred_at });

async function actionsOf(id: string): Promise<string[]> {
  return (await auditOf(sql, id))
    .map(({ action }) => action)
    .filter((action) => !action.startsWith('renewal.reminder'));
}

async function contractOf(id: string) {
  return findContract(sql, id);
}

describe('a payment that arrived before the end and was applied after it', () => {
  test('lets the contract renew at its end when it is applied first', async () => {
    const id = await pastDueContractId();
    await insertEvent(id, 'PAID', 2, '2027-01-31T12:00:00.000Z');
    await activities.applyBillingEvents({ contract_id: id, now: AFTERWARDS });
    expect(await contractOf(id)).toMatchObject({ state: 'ACTIVE', term_number: 2, renewal_blocked: null });
    const audited = (await auditOf(sql, id)).slice(-3).map(({ action, at }) => [action, at]);
    expect(audited).toEqual([
      ['billing.event_received', '2027-01-31T12:00:00.000Z'],
      ['billing.cleared', '2027-01-31T12:00:00.000Z'],
      ['contract.renewed', ENDS_AT],
    ]);
  });

  test('delays the end of the term until its billing system was asked; a later event waits too', async () => {
    const id = await pastDueContractId();
    const occurred_at = '2027-01-31T12:00:00.000Z';
    billing.invoices.set(invoice_id, { contract_id: id, status: 'PAID', due: '2027-01-20', occurred_at });
    await insertInvoiceEvent(sql, id, { invoice_id, occurred_at, without_observation: true });
    await insertInvoiceEvent(sql, id, {
      invoice_id: `later_${id}`,
      version: 1,
      due: '2027-03-01',
      occurred_at: AFTERWARDS,
    });
    const input = { contract_id: id, now: AFTERWARDS };
    const view = await activities.applyBillingEvents({ ...input, ask: [] });
    expect(view).toMatchObject({ state: 'PAST_DUE', billing_events: 2, billing_questions: ['standard'] });
    expect(billing.fetchedInvoiceIds).toEqual([]);
    await activities.applyBillingEvents({ ...input, ask: ['standard'] });
    expect(await contractOf(id)).toMatchObject({ state: 'ACTIVE', term_number: 2, renewal_blocked: null });
    expect((await listEventOutcomes(sql, id)).map(({ outcome }) => outcome)).toEqual(['APPLIED', 'APPLIED', 'APPLIED']);
  });

  test('also delays the end of the term when the workflow settles the contract', async () => {
    const id = await pastDueContractId();
    await insertEvent(id, 'PAID', 2, '2027-01-31T12:00:00.000Z');
    const view = await activities.settleContract({ contract_id: id, now: AFTERWARDS });
    expect(view).toMatchObject({ state: 'PAST_DUE', billing_events: 1 });
    await activities.applyBillingEvents({ contract_id: id, now: AFTERWARDS });
    expect(await contractOf(id)).toMatchObject({ state: 'ACTIVE', term_number: 2 });
  });

  test('renews the contract later when another transaction applied its end first', async () => {
    const id = await pastDueContractId();
    await insertEvent(id, 'PAID', 2, '2027-01-31T12:00:00.000Z');
    const settling = { id, actor: TEST_ACTOR, now: AFTERWARDS, request_id: null };
    await sql.begin((tx) => settleByTime(tx, settling));
    expect(await contractOf(id)).toMatchObject({ state: 'EXPIRED', renewal_blocked: 'PAST_DUE' });
    await activities.applyBillingEvents({ contract_id: id, now: AFTERWARDS });
    expect(await contractOf(id)).toMatchObject({ state: 'ACTIVE', term_number: 2, renewal_blocked: null });
    expect((await actionsOf(id)).slice(-4)).toEqual([
      'contract.expired',
      'billing.event_received',
      'contract.renewed',
      'billing.cleared',
    ]);
  });
});

test('a payment that arrived after the end does not renew the contract', async () => {
  const id = await pastDueContractId();
  await insertEvent(id, 'PAID', 2, '2027-02-01T07:00:00.000Z');
  await activities.applyBillingEvents({ contract_id: id, now: AFTERWARDS });
  expect(await contractOf(id)).toMatchObject({ state: 'EXPIRED', term_number: 1, renewal_blocked: 'PAST_DUE' });
});

test('nothing is verified while a payment waits to be applied', async () => {
  const id = await pastDueContractId({});
  billing.invoices.set(invoice_id, {
    contract_id: id,
    status: 'OPEN',
    due: '2027-01-20',
    occurred_at: '2027-01-20T10:00:00.000Z',
  });
  const suspends = '2027-02-03T00:00:00.000Z';
  billing.beforeAnswer = () => insertEvent(id, 'PAID', 2, suspends);
  const view = await activities.verifyBilling({ contract_id: id, now: suspends });
  expect(view).toMatchObject({ state: 'PAST_DUE', billing_events: 1 });
  await activities.applyBillingEvents({ contract_id: id, now: suspends });
  expect(await contractOf(id)).toMatchObject({ state: 'ACTIVE', holds: [] });
  expect(await actionsOf(id)).not.toContain('contract.suspended');
});

test('a suspension that other transactions skipped takes effect when it is verified, not when they settled', async () => {
  const id = await pastDueContractId({});
  const occurred_at = '2027-01-20T10:00:00.000Z';
  billing.invoices.set(invoice_id, { contract_id: id, status: 'OPEN', due: '2027-01-20', occurred_at });
  const settling = { id, actor: TEST_ACTOR, now: '2027-02-04T09:00:00.000Z', request_id: null };
  await sql.begin((tx) => settleByTime(tx, settling));
  const verified_at = '2027-02-06T12:00:00.000Z';
  await activities.verifyBilling({ contract_id: id, now: verified_at });
  expect((await auditOf(sql, id)).at(-1)).toMatchObject({ action: 'contract.suspended', at: verified_at });
});

describe('an invoice of another contract', () => {
  test('is removed when the billing system names its contract, and suspends no contract', async () => {
    const [id, other] = [await pastDueContractId({}), await contractId()];
    billing.invoices.set(invoice_id, {
      contract_id: other,
      status: 'OPEN',
      due: '2027-01-20',
      occurred_at: '2027-01-20T10:00:00.000Z',
    });
    await activities.verifyBilling({ contract_id: id, now: '2027-02-03T00:00:00.000Z' });
    expect(await contractOf(id)).toMatchObject({ state: 'ACTIVE', invoices: [] });
    expect(await actionsOf(id)).toEqual(
      expect.arrayContaining(['billing.past_due', 'billing.invoices_fetched', 'billing.cleared']),
    );
  });

  test('is removed when a newer message names the other contract', async () => {
    const [id, other] = [await pastDueContractId({}), await contractId()];
    await insertEvent(other, 'OPEN', 2, '2027-01-21T10:00:00.000Z');
    await activities.applyBillingEvents({ contract_id: other, now: '2027-01-22T11:00:00.000Z' });
    expect(await contractOf(id)).toMatchObject({ state: 'ACTIVE', invoices: [] });
    expect(await contractOf(other)).toMatchObject({ state: 'PAST_DUE', invoices: [{ invoice_id, version: 2 }] });
  });

  test('stays when an older message names another contract', async () => {
    const [id, other] = [await pastDueContractId({}), await contractId()];
    await insertEvent(other, 'OPEN', 0, '2027-01-19T10:00:00.000Z');
    await activities.applyBillingEvents({ contract_id: other, now: '2027-01-22T11:00:00.000Z' });
    expect(await contractOf(id)).toMatchObject({ state: 'PAST_DUE', invoices: [{ invoice_id }] });
  });
});

test('a refund neither reopens a paid invoice nor settles an open one', async () => {
  billing.port.fetches = false;
  const id = await pastDueContractId({});
  const now = '2027-01-23T10:00:00.000Z';
  await insertInvoiceEvent(sql, id, {
    invoice_id,
    status: 'REFUNDED',
    version: 5,
    due: '2027-01-20',
    occurred_at: now,
  });
  await activities.applyBillingEvents({ contract_id: id, now });
  expect(await contractOf(id)).toMatchObject({ state: 'PAST_DUE', invoices: [{ status: 'OPEN' }] });
  expect((await listEventOutcomes(sql, id)).at(-1)).toEqual({ outcome: 'IGNORED', reason: 'REFUND' });
});

test('when a billing system gives no answer once, all its questions are postponed', async () => {
  billing.reachable = false;
  const id = await contractId();
  const now = '2027-01-10T10:00:00.000Z';
  for (let n = 0; n < 30; n++)
    await insertInvoiceEvent(sql, id, { invoice_id: `${invoice_id}-${n}`, occurred_at: now, version: null });
  await activities.applyBillingEvents({ contract_id: id, now });
  expect(billing.fetchedInvoiceIds.length).toBeLessThan(10);
  expect((await listEventOutcomes(sql, id)).every(({ outcome }) => outcome === 'PENDING')).toBe(true);
});
