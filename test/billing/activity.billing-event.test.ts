/**
 * Parked billing events are identified by asking the billing system that sent them. A system that gives no answer is asked again later,
 * and its events stay parked.
 */
import { receiveBillingEvent } from '../../transactions/billing/receive-billing-event';
import { randomUUID } from 'node:crypto';
import { createBillingInboxActivities } from '../../activities/billing/billing-event';
import { createBillingPorts } from '../../adapters/billing';
import type { BillingSettings } from '../../adapters/billing';
import { countWaitingBillingEvents, findBillingEvent } from '../../db/billing/billing-event';
import { FakeBilling } from '../../demo/fake-billing';
import { waitFor } from '../../dev/waiting';
import type { BillingEvent, BillingPort, IdentifiedBilling } from '../../domain/billing/billing-event';
import { buildContract } from '../harness/contract-rows';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { createRecordingNudger } from '../harness/recording-nudger';

const NOW = '2027-03-01T00:00:00.000Z';

const { nudger } = createRecordingNudger();

let database: TestDatabase;
let sql: TestDatabase['sql'];
let billing: FakeBilling;
let contract_id: string;
let settings: BillingSettings;

beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.sql;
});
beforeEach(async () => {
  await sql`DELETE FROM billing_inbox`;
  contract_id = (await buildContract(sql)).facts.id;
  billing = await FakeBilling.start();
  settings = {
    billingStandardSecrets: [`whsec_${Buffer.alloc(32).toString('base64')}`],
    billingStandardUrl: billing.url,
    stripeWebhookSecrets: ['whsec_1'],
    stripeApiKey: 'rk_test_1',
    stripeApiUrl: billing.url,
  };
});
afterEach(() => billing.stop());
afterAll(() => database.drop());

/** A disputed payment of an invoice. The message names neither invoice nor contract. */
async function park(invoice_id: string, more: Partial<BillingEvent> = {}): Promise<string> {
  billing.put({ id: invoice_id, contract_id, status: 'DISPUTED', due_date: '2027-01-31', occurred_at: NOW });
  const event: BillingEvent = {
    source: 'stripe',
    event_id: `evt_${randomUUID()}`,
    type: 'charge.dispute.created',
    occurred_at: NOW,
    contract_id: null,
    invoice_id: null,
    observation: null,
    relevant: true,
    ...more,
  };
  const raw = JSON.stringify(billing.stripeEvent('charge.dispute.created', invoice_id));
  return (await receiveBillingEvent(sql, { event, raw, now: NOW, request_id: null })).id;
}

function identify(changes: Partial<BillingSettings> = {}): Promise<string[]> {
  const billingPorts = createBillingPorts({ ...settings, ...changes });
  return createBillingInboxActivities({ db: sql, nudger, billingPorts }).identifyParkedEvents({ now: NOW });
}

test('a dispute is identified by the invoice of its payment, and its contract is woken once', async () => {
  const ids = [await park('in_1'), await park('in_2', { contract_id })];
  expect(await identify()).toEqual([contract_id]);
  const found = await Promise.all(ids.map((id) => findBillingEvent(sql, id)));
  expect(found).toMatchObject([
    { outcome: 'PENDING', contract_id, invoice_id: 'in_1' },
    { outcome: 'PENDING', contract_id, invoice_id: 'in_2' },
  ]);
  expect(await identify()).toEqual([]);
});

test('an invoice that names no contract is ignored after Stripe confirms it, and waits while Stripe gives no answer', async () => {
  const invoice = { id: 'in_foreign', contract_id: null, due_date: '2027-01-31', occurred_at: NOW } as const;
  const [paid, disputed] = [await park('in_foreign'), await park('in_foreign')];
  billing.put({ ...invoice, status: 'PAID' });
  const raw = JSON.stringify(billing.stripeEvent('invoice.paid', 'in_foreign'));
  await sql`UPDATE billing_inbox SET invoice_id = 'in_foreign', raw = ${raw} WHERE id = ${paid}`;
  billing.behaviour = 'failing';
  expect(await identify()).toEqual([]);
  expect(await findBillingEvent(sql, paid)).toMatchObject({ outcome: 'PARKED', tries: 1 });

  await sql`UPDATE billing_inbox SET try_at = ${NOW}`;
  billing.behaviour = 'answers';
  expect(await identify()).toEqual([]);
  for (const id of [paid, disputed])
    expect(await findBillingEvent(sql, id)).toMatchObject({
      outcome: 'IGNORED',
      reason: 'NO_CONTRACT',
      contract_id: null,
      invoice_id: 'in_foreign',
      decided_at: NOW,
    });
  expect(await countWaitingBillingEvents(sql)).toEqual({ PENDING: 0, PARKED: 0 });
});

test('a message in the standard form that names no contract stays parked, because there is no billing system to ask', async () => {
  const id = await park('in_1', { source: 'standard', invoice_id: 'in_1', type: 'invoice.paid' });
  expect(await identify()).toEqual([]);
  expect(await findBillingEvent(sql, id)).toMatchObject({ outcome: 'PARKED', tries: 1 });
});

test('a billing system that gives no answer is asked once in a sweep, and other systems are still asked', async () => {
  const [first, second] = [await park('in_1'), await park('in_2')];
  const standard = await park('in_3', { source: 'standard', invoice_id: 'in_3', type: 'invoice.paid' });
  billing.behaviour = 'refusing the key';
  expect(await identify()).toEqual([]);
  expect(billing.requests).toHaveLength(1);
  expect(await findBillingEvent(sql, first)).toMatchObject({ outcome: 'PARKED', tries: 1 });
  expect(await findBillingEvent(sql, second)).toMatchObject({ outcome: 'PARKED', tries: 0, try_at: NOW });
  expect(await findBillingEvent(sql, standard)).toMatchObject({ outcome: 'PARKED', tries: 1 });

  // The event that was not tried yet now comes first.
  billing.behaviour = 'answers';
  expect(await identify()).toEqual([contract_id]);
  expect(await findBillingEvent(sql, second)).toMatchObject({ outcome: 'PENDING' });
  expect(await findBillingEvent(sql, first)).toMatchObject({ outcome: 'PARKED' });
});

test('events of a source that is no longer configured stay parked', async () => {
  const id = await park('in_1');
  expect(await identify({ stripeApiKey: undefined })).toEqual([]);
  expect(await findBillingEvent(sql, id)).toMatchObject({ outcome: 'PARKED', tries: 1 });
});

/** Replaces a configured billing system by one of the test. */
function identifyBy(source: 'standard' | 'stripe', answer: (raw: string) => Promise<IdentifiedBilling>) {
  const port = { source, fetches: true, identify: answer } as BillingPort;
  const billingPorts = new Map([...createBillingPorts(settings), [source, port]]);
  return createBillingInboxActivities({ db: sql, nudger, billingPorts }).identifyParkedEvents({ now: NOW });
}

test('an event that fails for an unknown reason is tried later, delays no other, and its error is thrown', async () => {
  const broken = await park('in_1');
  await sql`UPDATE billing_inbox SET raw = 'broken'`;
  const sound = await park('in_2');
  const identifying = identifyBy('stripe', (raw) => {
    if (raw === 'broken') throw new Error('no such form');
    return Promise.resolve({ invoice_id: 'in_2', contract_id, names_contract: true });
  });
  await expect(identifying).rejects.toThrow('no such form');
  expect(await findBillingEvent(sql, broken)).toMatchObject({ outcome: 'PARKED', tries: 1 });
  expect(await findBillingEvent(sql, sound)).toMatchObject({ outcome: 'PENDING', invoice_id: 'in_2' });
});

test('a system that does not answer delays no other, even when many of its events wait', async () => {
  const waiting = await park('in_1', { source: 'standard' });
  await sql`
    INSERT INTO billing_inbox (source, event_id, type, observation, raw, occurred_at, received_at, reported_at, future_dated,
                               outcome, try_at)
    SELECT source, 'evt_' || n, type, observation, raw, occurred_at, received_at, reported_at, future_dated, outcome, try_at
    FROM billing_inbox CROSS JOIN generate_series(1, 200) AS n (n) WHERE id = ${waiting}`;
  const asked = await park('in_2');
  await sql`UPDATE billing_inbox SET try_at = ${NOW}::timestamptz - interval '1 hour' WHERE source = 'standard'`;
  let answer: (found: IdentifiedBilling) => void = () => undefined;
  const silent = new Promise<IdentifiedBilling>((resolve) => (answer = resolve));
  const identifying = identifyBy('standard', () => silent);
  await waitFor(async () => (await findBillingEvent(sql, asked))?.outcome === 'PENDING', {
    timeout_ms: 10_000,
    what: 'the event of the other system to be identified',
  });
  answer({ invoice_id: null, contract_id: null, names_contract: false });
  expect(await identifying).toEqual([contract_id]);
});
