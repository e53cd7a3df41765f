/**
 * Parked billing events are found out about by asking whoever sent them; a system that is silent is asked again later, and
 * nothing is guessed in its place.
 */
import { randomUUID } from 'node:crypto';
import { createBillingInboxActivities } from '../activities/billing-inbox';
import { createBillingPorts } from '../adapters/billing';
import type { BillingSettings } from '../adapters/billing';
import { findBillingEvent, insertBillingEvent } from '../db/billing-inbox';
import { FakeBilling } from '../dev/fake-billing';
import type { BillingEvent } from '../domain/billing-event';
import { buildContract } from './harness/contract-rows';
import { createTestDatabase } from './harness/database';
import type { TestDatabase } from './harness/database';

const NOW = '2027-03-01T00:00:00.000Z';

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

/** A disputed payment of an invoice, of which the message says neither invoice nor contract. */
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
  return (await insertBillingEvent(sql, { event, raw, now: NOW, request_id: null })).id;
}

function identify(changes: Partial<BillingSettings> = {}): Promise<string[]> {
  const billingPorts = createBillingPorts({ ...settings, ...changes });
  return createBillingInboxActivities({ db: sql, billingPorts }).identifyParkedEvents({ now: NOW });
}

test('a dispute is found to concern the invoice that was paid, and its contract is to be woken once', async () => {
  const ids = [await park('in_1'), await park('in_2', { contract_id })];
  expect(await identify()).toEqual([contract_id]);
  const found = await Promise.all(ids.map((id) => findBillingEvent(sql, id)));
  expect(found).toMatchObject([
    { outcome: 'PENDING', contract_id, invoice_id: 'in_1' },
    { outcome: 'PENDING', contract_id, invoice_id: 'in_2' },
  ]);
  expect(await identify()).toEqual([]);
});

test('a silent billing system is asked once in a sweep, and others all the same', async () => {
  const [first, second] = [await park('in_1'), await park('in_2')];
  const standard = await park('in_3', { source: 'standard', invoice_id: 'in_3', type: 'invoice.paid' });
  billing.behaviour = 'refuses the key';
  expect(await identify()).toEqual([]);
  expect(billing.asked).toHaveLength(1);
  expect(await findBillingEvent(sql, first)).toMatchObject({ outcome: 'PARKED', tries: 1 });
  expect(await findBillingEvent(sql, second)).toMatchObject({ outcome: 'PARKED', tries: 0, try_at: NOW });
  expect(await findBillingEvent(sql, standard)).toMatchObject({ outcome: 'PARKED', tries: 1 });

  // The one that was not asked about comes first now.
  billing.behaviour = 'answers';
  expect(await identify()).toEqual([contract_id]);
  expect(await findBillingEvent(sql, second)).toMatchObject({ outcome: 'PENDING' });
  expect(await findBillingEvent(sql, first)).toMatchObject({ outcome: 'PARKED' });
});

test('events of a source that is configured no more stay parked', async () => {
  const id = await park('in_1');
  expect(await identify({ stripeApiKey: undefined })).toEqual([]);
  expect(await findBillingEvent(sql, id)).toMatchObject({ outcome: 'PARKED', tries: 1 });
});

test('an error that nobody foresaw is not taken for silence', async () => {
  await park('in_1');
  const broken = { source: 'stripe', fetches: true, identify: () => Promise.reject(new Error('broken')) } as never;
  const activities = createBillingInboxActivities({ db: sql, billingPorts: new Map([['stripe', broken]]) });
  await expect(activities.identifyParkedEvents({ now: NOW })).rejects.toThrow('broken');
});
