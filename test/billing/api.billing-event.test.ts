/**
 * Billing over HTTP: signed events are stored and signaled, other messages are not stored, and admins see the outcomes.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { FakeBilling, signStandard, signStripe } from '../../demo/fake-billing';
import type { StandardEvent } from '../../demo/fake-billing';
import { waitFor } from '../../dev/waiting';
import { createStripeReceiver } from '../../adapters/billing-stripe';
import type { BillingReceiver, BillingSource } from '../../domain/billing/billing-event';
import { startTestApi } from '../harness/api';
import type { ApiAnswer, TestApi } from '../harness/api';
import { addCatalogue, addContract } from '../harness/catalogue';
import { expectRefusal } from '../harness/expect-refusal';
import { expectInvariants } from '../harness/invariants';
import { walkPages } from '../harness/walk-pages';

const STANDARD = '/billing/standard/events';
const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;
const STRIPE_SECRET = 'whsec_stripe';
const [SECRET, OLDER_SECRET] = [newSecret(), newSecret()];

let api: TestApi;
let contract_id: string;

beforeAll(async () => {
  api = await startTestApi({ worker: true, billing: { billingStandardSecrets: [SECRET, OLDER_SECRET] } });
  contract_id = (await addContract(api, await addCatalogue(api))).id;
});
afterAll(async () => {
  await expectInvariants(api.sql);
  await api.close();
});

function messageOf(changes: Partial<StandardEvent> = {}): StandardEvent {
  return {
    id: `msg_${randomUUID()}`,
    type: 'invoice.paid',
    occurred_at: new Date().toISOString(),
    contract_id,
    invoice: { id: `in_${randomUUID()}`, due_date: '2027-01-31' },
    ...changes,
  };
}

function send(message: unknown, headers?: Record<string, string>): Promise<ApiAnswer> {
  const body = typeof message === 'string' ? message : JSON.stringify(message);
  return api.call('POST', STANDARD, { key: null, body, headers: { ...signStandard(body, SECRET), ...headers } });
}

async function findStored(event_id: string) {
  const [row] = await api.sql`SELECT * FROM billing_inbox WHERE event_id = ${event_id}`;
  return row;
}

/** Stores an event for a contract that does not exist, and returns its id. */
async function sendParkedEvent(): Promise<string> {
  const message = messageOf({ contract_id: randomUUID() });
  expect((await send(message)).body).toEqual({ event_id: message.id, outcome: 'parked' });
  return String((await findStored(message.id))?.['id']);
}

describe('a message', () => {
  test('that is signed is stored unchanged, signaled, and applied once', async () => {
    const message = messageOf();
    const body = `${JSON.stringify({ ...message, more: { of: 'theirs' } }, null, 2)}\n`;
    const first = await send(body, { 'X-Request-Id': 'request-of-billing' });
    expect([first.status, first.body]).toEqual([202, { event_id: message.id, outcome: 'pending' }]);
    expect(await findStored(message.id)).toMatchObject({ raw: body, contract_id, request_id: 'request-of-billing' });

    await waitFor(async () => (await findStored(message.id))?.['outcome'] === 'APPLIED', {
      timeout_ms: 15_000,
      what: 'the event to be applied',
    });
    const again = await send(body);
    expect([again.status, again.body]).toEqual([200, { event_id: message.id, outcome: 'applied' }]);
    const [facts] = await api.sql`SELECT status FROM invoice_facts WHERE invoice_id = ${message.invoice.id}`;
    expect(facts?.['status']).toBe('PAID');
  });

  test('can have any content type, or none', async () => {
    for (const type of ['text/plain', 'application/octet-stream', 'nonsense']) {
      expect((await send(messageOf(), { 'Content-Type': type })).status).toBe(202);
    }
  });

  test('that arrives many times simultaneously is one event', async () => {
    const message = messageOf();
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(message)));
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
    expect(answers.every(({ status }) => status === 200 || status === 202)).toBe(true);
    const [count] = await api.sql`SELECT count(*)::int FROM billing_inbox WHERE event_id = ${message.id}`;
    expect(count?.['count']).toBe(1);
  });

  test('is parked when its contract is unknown, and ignored when it concerns no contract or a deleted one', async () => {
    const outcomeOf = async (message: object) => (await send(message)).body.outcome as string;
    expect(await outcomeOf(messageOf({ contract_id: randomUUID() }))).toBe('parked');
    expect(await outcomeOf(messageOf({ contract_id: 'theirs-7' }))).toBe('parked');
    expect(await outcomeOf({ id: `msg_${randomUUID()}`, type: 'customer.created' })).toBe('ignored');
    const deleted = await addContract(api, await addCatalogue(api), { status: 'inactive' });
    await api.call('DELETE', `/contracts/${deleted.id}`, { body: { confirm_name: deleted.name } });
    expect(await outcomeOf(messageOf({ contract_id: deleted.id }))).toBe('ignored');
  });

  test('about a dispute is pending until its invoice is looked up, in responses and in lists', async () => {
    const receivers = api.api.billingReceivers as Map<BillingSource, BillingReceiver>;
    receivers.set('stripe', createStripeReceiver([STRIPE_SECRET]));
    const event_id = `evt_${randomUUID()}`;
    const data = { object: { payment_intent: 'pi_1' } };
    const body = JSON.stringify({ id: event_id, object: 'event', type: 'charge.dispute.created', created: 1, data });
    const dispute = { key: null, body, headers: signStripe(body, STRIPE_SECRET) };
    try {
      for (const status of [202, 200]) {
        const answer = await api.call('POST', '/billing/stripe/events', dispute);
        expect([answer.status, answer.body]).toEqual([status, { event_id, outcome: 'pending' }]);
      }
    } finally {
      receivers.delete('stripe');
    }
    const listed = async (outcome: string) => {
      const { body: page } = await api.call('GET', `/billing/events?source=stripe&outcome=${outcome}`);
      return (page.data as { event_id: string; outcome: string }[]).map((event) => [event.event_id, event.outcome]);
    };
    expect(await listed('pending')).toEqual([[event_id, 'pending']]);
    expect(await listed('parked')).toEqual([]);
    await api.sql`DELETE FROM billing_inbox WHERE event_id = ${event_id}`;
  });

  test('with a future date counts from now and is marked as future-dated', async () => {
    const message = messageOf({ occurred_at: new Date(Date.now() + 3_600_000).toISOString() });
    await send(message);
    const row = await findStored(message.id);
    expect(row).toMatchObject({ future_dated: true, occurred_at: row?.['received_at'] });
    expect(row?.['observation'].occurred_at).toBe(row?.['received_at']);
    expect(row?.['raw']).toContain(message.occurred_at);
  });

  test('signed with a secret that is being replaced is accepted too', async () => {
    const body = JSON.stringify(messageOf());
    expect((await send(body, signStandard(body, OLDER_SECRET))).status).toBe(202);
  });
});

describe('a refused message, of which nothing is stored,', () => {
  let before: number;
  const count = async () => Number((await api.sql`SELECT count(*)::int FROM billing_inbox`)[0]?.['count']);
  beforeEach(async () => void (before = await count()));
  afterEach(async () => expect(await count()).toBe(before));

  const body = JSON.stringify({ ...messageOf(), contract_id: randomUUID() });
  const valid_headers = signStandard(body, SECRET);

  test.each([
    ['signed with another secret', body, signStandard(body, newSecret())],
    ['changed after signing', body.replace('paid', 'open'), valid_headers],
    ['with another id than was signed', body, { ...valid_headers, 'webhook-id': 'msg_other' }],
    ['signed long ago', body, signStandard(body, SECRET, { at: new Date(Date.now() - 6 * 60_000) })],
    ['signed for another source', body, signStripe(body, SECRET)],
    ['without a body', '', valid_headers],
  ])('%s: 401', async (_what, text, headers) => {
    const answer = await api.call('POST', STANDARD, { key: null, body: text, headers });
    expectRefusal(answer, 401, 'BAD_SIGNATURE');
    expect(answer.text).not.toContain(SECRET);
  });

  test('that is not signed, from any sender: 401', async () => {
    expectRefusal(await api.call('POST', STANDARD, { key: api.keys.super_admin, body }), 401, 'BAD_SIGNATURE');
  });

  test('that is signed but not JSON: 400; of another shape: 422 with the field', async () => {
    expectRefusal(await send('{"id":'), 400, 'MALFORMED_JSON');
    const answer = await send({ ...messageOf(), invoice: { id: 'in_1', due_date: '31.1.2027' } });
    expectRefusal(answer, 422, 'VALIDATION_FAILED');
    expect(answer.body.errors).toEqual([{ path: 'invoice.due_date', message: expect.any(String) }]);
  });

  test('that is compressed: 415; that is too large: 413', async () => {
    const compressed = await api.call('POST', STANDARD, {
      key: null,
      body: gzipSync(body),
      headers: { ...valid_headers, 'Content-Encoding': 'gzip' },
    });
    expectRefusal(compressed, 415, 'UNSUPPORTED_MEDIA_TYPE');
    expectRefusal(await send({ ...messageOf(), padding: 'x'.repeat(1024 * 1024) }), 413, 'BODY_TOO_LARGE');
  });

  test('to an unknown or unconfigured source: 404 with the setting to configure', async () => {
    const unknown = await api.call('POST', '/billing/paypal/events', { key: null, body, headers: valid_headers });
    expectRefusal(unknown, 404, 'NOT_FOUND');
    expect(unknown.body.detail).toContain('standard and stripe');
    const unconfigured = await api.call('POST', '/billing/stripe/events', { key: null, body, headers: valid_headers });
    expectRefusal(unconfigured, 404, 'NOT_FOUND');
    expect(unconfigured.body.detail).toContain('STRIPE_WEBHOOK_SECRET and STRIPE_API_KEY');
  });
});

describe('admins', () => {
  test('list events newest first without their messages, by outcome, source and contract', async () => {
    const other = (await addContract(api, await addCatalogue(api))).id;
    const sent = [];
    for (let n = 0; n < 7; n += 1) sent.unshift(messageOf({ contract_id: other }));
    for (const message of [...sent].reverse()) await send(message);

    const walked = await walkPages(api, `/billing/events?contract_id=${other}&limit=3`, 'event_id');
    expect(walked).toEqual(sent.map(({ id }) => id));
    const listed = async (query: string) =>
      (await api.call('GET', `/billing/events?${query}`, { key: api.keys.operator })).body.data as ApiAnswer['body'][];
    const id = await sendParkedEvent();
    const [newest] = await listed('outcome=parked');
    expect([newest.id, 'raw' in newest]).toEqual([id, false]);
    expect((await listed('outcome=parked&limit=100')).every(({ outcome }) => outcome === 'parked')).toBe(true);
    expect(await listed('source=stripe')).toEqual([]);
    expectRefusal(await api.call('GET', '/billing/events?outcome=PARKED'), 422, 'VALIDATION_FAILED');
  });

  test('read one with its message', async () => {
    const id = await sendParkedEvent();
    const answer = await api.call('GET', `/billing/events/${id}`, { key: api.keys.operator });
    expect(answer.body).toMatchObject({
      id,
      source: 'standard',
      outcome: 'parked',
      reason: 'CONTRACT_UNKNOWN',
      future_dated: false,
      tries: 0,
    });
    expect(JSON.parse(answer.body.raw)).toMatchObject({ id: answer.body.event_id });
  });

  test('replay an event: it is processed again at once, and the audit names the admin', async () => {
    const id = await sendParkedEvent();
    // The message named a wrong contract. The test corrects that directly in the database.
    await api.sql`UPDATE billing_inbox SET contract_id = ${contract_id} WHERE id = ${id}`;
    const answer = await api.call('POST', `/billing/events/${id}/replay`, { key: api.keys.admin });
    expect([answer.status, answer.body.outcome]).toEqual([200, 'pending']);
    await waitFor(async () => (await api.call('GET', `/billing/events/${id}`)).body.outcome === 'applied', {
      timeout_ms: 15_000,
      what: 'the event to be applied',
    });
    const activity = await api.call('GET', `/activity?subject_type=billing_event&subject=${id}`);
    expect(activity.body.data).toEqual([
      expect.objectContaining({
        action: 'billing.replayed',
        actor: expect.objectContaining({ id: api.admins.admin.id }),
        subject: { type: 'billing_event', id },
        contract_id,
        environment: 'production',
        before: { outcome: 'PARKED', reason: 'CONTRACT_UNKNOWN' },
        after: { outcome: 'PENDING', reason: null },
      }),
    ]);
  });

  test('who replay an event that is pending, or concerns no contract, change nothing', async () => {
    const message = { id: `msg_${randomUUID()}`, type: 'customer.created' };
    await send(message);
    const before = await findStored(message.id);
    const answer = await api.call('POST', `/billing/events/${before?.['id']}/replay`);
    expect([answer.status, answer.body.outcome]).toEqual([200, 'ignored']);
    expect(await findStored(message.id)).toEqual(before);
    const audited = await api.sql`SELECT FROM audit_events WHERE subject_id = ${before?.['id']}`;
    expect(audited.count).toBe(0);
  });
});

test('the metrics count waiting events', async () => {
  await sendParkedEvent();
  await api.sql`UPDATE billing_inbox SET received_at = now() - interval '25 hours' WHERE outcome = 'PARKED'`;
  const [row] = await api.sql`SELECT count(*)::int FROM billing_inbox WHERE outcome = 'PARKED'`;
  const { text } = await api.call('GET', '//metrics');
  expect(text).toContain(`covenant_billing_events{outcome="parked"} ${row?.['count']}`);
  expect(text).toMatch(/^covenant_billing_events\{outcome="pending"\} \d+$/m);
  expect(text).toContain(`covenant_billing_events_parked_over_a_day ${row?.['count']}`);
});

test('an event is stored and acknowledged while Temporal cannot be reached', async () => {
  const apiWithoutTemporal = await startTestApi({
    temporalAddress: '127.0.0.1:1',
    billing: { billingStandardSecrets: [SECRET] },
  });
  try {
    const { id } = await addContract(apiWithoutTemporal, await addCatalogue(apiWithoutTemporal), {
      status: 'inactive',
    });
    const body = JSON.stringify(messageOf({ contract_id: id }));
    const answer = await apiWithoutTemporal.call('POST', STANDARD, {
      key: null,
      body,
      headers: signStandard(body, SECRET),
    });
    expect([answer.status, answer.body.outcome]).toEqual([202, 'pending']);
  } finally {
    await apiWithoutTemporal.close();
  }
});

describe('Stripe', () => {
  const ENDPOINT_SECRET = 'whsec_of_the_endpoint';
  let billing: FakeBilling;
  let stripe: TestApi;

  beforeAll(async () => {
    billing = await FakeBilling.start();
    stripe = await startTestApi({
      worker: true,
      billing: { stripeWebhookSecrets: [ENDPOINT_SECRET], stripeApiKey: 'rk_test_1', stripeApiUrl: billing.url },
    });
  });
  afterAll(async () => {
    await stripe.close();
    await billing.stop();
  });

  test('sends an event, and its fetched invoice is applied', async () => {
    const { id } = await addContract(stripe, await addCatalogue(stripe));
    const invoice = { id: 'in_1', contract_id: id, due_date: '2027-01-31', occurred_at: '2027-02-01T10:00:00Z' };
    billing.put({ ...invoice, status: 'OPEN' });
    const stale = billing.stripeEvent('invoice.finalized', 'in_1');
    billing.put({ ...invoice, status: 'PAID' });
    const answer = await billing.sendStripe(stripe.url, ENDPOINT_SECRET, stale);
    expect(answer).toEqual({ status: 202, body: { event_id: (stale as { id: string }).id, outcome: 'pending' } });
    await waitFor(
      async () =>
        (await stripe.sql`SELECT status FROM invoice_facts WHERE contract_id = ${id}`)[0]?.['status'] === 'PAID',
      { timeout_ms: 15_000, what: 'the invoice to be known' },
    );
    expect((await billing.sendStripe(stripe.url, ENDPOINT_SECRET, stale)).status).toBe(200);
    expect((await billing.sendStripe(stripe.url, 'whsec_of_another', stale)).body.code).toBe('BAD_SIGNATURE');
  });
});
