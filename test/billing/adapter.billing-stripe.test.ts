/**
 * Stripe: messages are accepted by their signature and only indicate a change. The API of Stripe has the state of an invoice. When it
 * does not respond, nothing is assumed and no secret is exposed.
 */
import { createStripePort, createStripeReceiver } from '../../adapters/billing-stripe';
import { FakeBilling, signStripe } from '../../demo/fake-billing';
import type { FakeBehaviour, FakeInvoice } from '../../demo/fake-billing';
import { BillingUnreachable } from '../../domain/billing/billing-event';
import type { ReceivedMessage } from '../../domain/billing/billing-event';

const CONTRACT_ID = '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f';
const OTHER_CONTRACT_ID = '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e70';
const NOW = new Date().toISOString();
const [secret, previous_secret, other_secret] = ['whsec_new', 'whsec_old', 'whsec_foreign'];
/** Long enough for a server on this machine. The test waits for the silent one. */
const TIMEOUT_MS = 1_000;
const API_KEY = 'rk_test_0123456789';
const receiver = createStripeReceiver([secret, previous_secret]);

const INVOICE: FakeInvoice = {
  id: 'in_1',
  contract_id: CONTRACT_ID,
  status: 'PAID',
  due_date: '2027-01-31',
  occurred_at: '2027-02-01T10:00:00Z',
};

let billing: FakeBilling;
beforeEach(async () => (billing = await FakeBilling.start()));
afterEach(() => billing.stop());

function receive(body: string, headers: Record<string, string | undefined>): ReceivedMessage {
  return receiver.receive(Buffer.from(body), headers, NOW);
}

function receiveSigned(event: object): ReceivedMessage {
  const body = JSON.stringify(event);
  return receive(body, signStripe(body, secret));
}

describe('a message', () => {
  test.each(['invoice.finalized', 'invoice.payment_failed', 'invoice.paid', 'invoice.voided', 'invoice.updated'])(
    '%s names its invoice and contract, and has no observation',
    (type) => {
      billing.put(INVOICE);
      const event = billing.stripeEvent(type, 'in_1');
      expect(receiveSigned(event)).toEqual({
        accepted: true,
        raw: JSON.stringify(event),
        event: {
          source: 'stripe',
          event_id: (event as { id: string }).id,
          type,
          occurred_at: '2027-02-01T10:00:00.000Z',
          contract_id: CONTRACT_ID,
          invoice_id: 'in_1',
          observation: null,
          relevant: true,
        },
      });
    },
  );

  test.each([
    [
      'the subscription of a new API version',
      { parent: { subscription_details: { metadata: { contract_id: CONTRACT_ID } } } },
    ],
    ['the subscription of an old API version', { subscription_details: { metadata: { contract_id: CONTRACT_ID } } }],
    [
      'the invoice before its subscription',
      {
        metadata: { contract_id: CONTRACT_ID },
        parent: { subscription_details: { metadata: { contract_id: OTHER_CONTRACT_ID } } },
      },
    ],
  ])('finds its contract at %s', (_where, object) => {
    const event = {
      id: 'evt_1',
      object: 'event',
      type: 'invoice.paid',
      created: 1,
      data: { object: { id: 'in_1', ...object } },
    };
    expect(receiveSigned(event)).toMatchObject({ accepted: true, event: { contract_id: CONTRACT_ID } });
  });

  test('of a dispute is relevant, although it names no invoice', () => {
    billing.put({ ...INVOICE, status: 'DISPUTED' });
    expect(receiveSigned(billing.stripeEvent('charge.dispute.created', 'in_1'))).toMatchObject({
      accepted: true,
      event: { relevant: true, contract_id: null, invoice_id: null, observation: null },
    });
  });

  test.each(['charge.refunded', 'refund.created', 'customer.created', 'invoice.upcoming', 'invoice.created'])(
    '%s concerns no contract',
    (type) => {
      const event = { id: 'evt_1', object: 'event', type, created: 1, data: { object: { object: 'whatever' } } };
      expect(receiveSigned(event)).toMatchObject({ accepted: true, event: { relevant: false } });
    },
  );

  test('about a draft invoice concerns no contract yet', () => {
    billing.put({ ...INVOICE, status: 'DRAFT' });
    expect(receiveSigned(billing.stripeEvent('invoice.updated', 'in_1'))).toMatchObject({ event: { relevant: false } });
  });

  test.each([
    ['U+0000', '\u0000'],
    ['an unpaired surrogate', '\ud800'],
    ['a line break', '\n'],
  ])('with %s in a stored text is refused with the name of the field', (_what, text) => {
    const event = { id: 'evt_1', object: 'event', type: 'invoice.paid', created: 1, data: { object: { id: 'in_1' } } };
    const dispute = { ...event, type: 'charge.dispute.created', data: { object: { payment_intent: `pi${text}` } } };
    const refused = (path: string) => ({ accepted: false, why: 'VALIDATION_FAILED', errors: [{ path }] });
    expect(receiveSigned({ ...event, id: `evt${text}` })).toMatchObject(refused('id'));
    expect(receiveSigned({ ...event, type: `invoice.paid${text}` })).toMatchObject(refused('type'));
    expect(receiveSigned({ ...event, data: { object: { id: `in${text}` } } })).toMatchObject(refused('data.object.id'));
    expect(receiveSigned(dispute)).toMatchObject(refused('data.object.payment_intent'));
  });

  test('that is signed but not an event is refused because of its shape', () => {
    expect(receiveSigned({ id: 'evt_1' })).toMatchObject({ accepted: false, why: 'VALIDATION_FAILED' });
    const thin = { id: 'evt_1', object: 'v2.core.event', type: 'x', created: 1, data: { object: {} } };
    expect(receiveSigned(thin)).toMatchObject({
      accepted: false,
      why: 'VALIDATION_FAILED',
      errors: [{ path: 'object' }],
    });
    expect(receive('{', signStripe('{', secret))).toMatchObject({ accepted: false, why: 'MALFORMED_JSON' });
  });
});

describe('a signature', () => {
  const body = JSON.stringify({ id: 'evt_1', object: 'event', type: 'x', created: 1, data: { object: {} } });

  test('of either secret is valid during a rotation', () => {
    for (const valid_secret of [secret, previous_secret])
      expect(receive(body, signStripe(body, valid_secret))).toMatchObject({ accepted: true });
  });

  test.each([
    ['of another secret', body, signStripe(body, other_secret)],
    ['over another body', `${body} `, signStripe(body, secret)],
    ['of long ago', body, signStripe(body, secret, new Date(Date.now() - 600_000))],
    ['that is missing', body, {}],
    ['that is empty', body, { 'stripe-signature': '' }],
    ['that is malformed', body, { 'stripe-signature': 't=,v1' }],
    ['over nothing', '', signStripe('', secret)],
  ])('%s is not valid', (_what, text, headers) => {
    const received = receive(text, headers);
    expect(received).toMatchObject({ accepted: false, why: 'BAD_SIGNATURE' });
    expect(JSON.stringify(received)).not.toContain(secret);
  });

  test('is verified at the given time, not at the time of the process', () => {
    const at = new Date(Date.now() - 86_400_000);
    const signed_headers = signStripe(body, secret, at);
    const receivedAt = (offset_s: number) =>
      receiver.receive(Buffer.from(body), signed_headers, new Date(at.getTime() + offset_s * 1_000).toISOString());
    expect(receivedAt(299)).toMatchObject({ accepted: true });
    const detail =
      'Timestamp outside the tolerance zone. Check the clock of the sender, and send a message as soon as it is signed.';
    expect(receivedAt(301)).toEqual({ accepted: false, why: 'BAD_SIGNATURE', detail });
  });
});

describe('an invoice', () => {
  const port = () => createStripePort({ api_key: API_KEY, url: billing.url, timeout_ms: TIMEOUT_MS });
  const fetched = async (changes: Partial<FakeInvoice>) => {
    billing.put({ ...INVOICE, ...changes });
    return port().fetchInvoice({ invoice_id: 'in_1' });
  };
  const DUE = '2027-01-31T00:00:00.000Z';
  const THEN = '2027-02-01T10:00:00.000Z';

  test.each([
    ['OPEN', 'OPEN', DUE],
    ['FAILED', 'FAILED', DUE],
    ['PAID', 'PAID', THEN],
    ['VOID', 'VOID', THEN],
    ['WRITTEN_OFF', 'WRITTEN_OFF', THEN],
    ['DISPUTED', 'DISPUTED', THEN],
  ] as const)('that is %s is observed as %s', async (status, observed, occurred_at) => {
    expect(await fetched({ status })).toEqual({
      found: true,
      contract_id: CONTRACT_ID,
      observation: { status: observed, due: DUE, occurred_at, version: null },
    });
  });

  test('that is a draft exists, and is not due yet', async () => {
    expect(await fetched({ status: 'DRAFT' })).toEqual({ found: true, contract_id: CONTRACT_ID, observation: null });
  });

  test.each([
    ['needs_response', 'DISPUTED'],
    ['under_review', 'DISPUTED'],
    ['appeal_under_review', 'DISPUTED'],
    ['lost', 'DISPUTED'],
    ['won', 'PAID'],
    ['prevented', 'PAID'],
    ['warning_needs_response', 'PAID'],
    ['warning_under_review', 'PAID'],
    ['warning_closed', 'PAID'],
  ])('with a dispute that is %s is %s', async (dispute_status, status) => {
    expect(await fetched({ status: 'DISPUTED', dispute_status })).toMatchObject({ observation: { status } });
  });

  test('that Stripe does not know is not found', async () => {
    expect(await port().fetchInvoice({ invoice_id: 'in_unknown' })).toEqual({ found: false });
  });

  test('is fetched at its own path, for any id', async () => {
    await port().fetchInvoice({ invoice_id: 'in_1/pay?x=../..' });
    expect(billing.requests).toEqual(['GET /v1/invoices/in_1%2Fpay%3Fx%3D..%2F..']);
  });

  test.each<FakeBehaviour>(['unreachable', 'silent', 'failing', 'refusing the key', 'sending an invalid body'])(
    'is not assumed when Stripe is %s, and no key is exposed',
    async (behaviour) => {
      billing.put(INVOICE);
      billing.behaviour = behaviour;
      const asking = port().fetchInvoice({ invoice_id: 'in_1' });
      await expect(asking).rejects.toThrow(BillingUnreachable);
      const error = (await asking.catch((thrown: unknown) => thrown)) as Error;
      expect(`${error.message} ${error.stack} ${JSON.stringify(error)}`).not.toContain(API_KEY);
      expect(error.cause).toBeUndefined();
    },
  );

  test('of a disputed payment is found, with its contract', async () => {
    billing.put({ ...INVOICE, status: 'DISPUTED' });
    const event = billing.stripeEvent('charge.dispute.created', 'in_1');
    expect(await port().identify(JSON.stringify(event))).toEqual({
      invoice_id: 'in_1',
      contract_id: CONTRACT_ID,
      names_contract: true,
    });
  });

  test('that gets its contract later names it then', async () => {
    billing.put({ ...INVOICE, contract_id: null });
    const event = billing.stripeEvent('invoice.paid', 'in_1');
    expect(await port().identify(JSON.stringify(event))).toEqual({
      invoice_id: 'in_1',
      contract_id: null,
      names_contract: false,
    });
    billing.put(INVOICE);
    expect(await port().identify(JSON.stringify(event))).toEqual({
      invoice_id: 'in_1',
      contract_id: CONTRACT_ID,
      names_contract: true,
    });
  });

  test('is not invented for a payment without an invoice', async () => {
    billing.put({ ...INVOICE, status: 'DISPUTED' });
    const event = billing.stripeEvent('charge.dispute.created', 'in_1');
    billing.remove('in_1');
    expect(await port().identify(JSON.stringify(event))).toEqual({
      invoice_id: null,
      contract_id: null,
      names_contract: false,
    });
  });

  test('with a text that is not a contract id of Covenant still names a contract, and spaces do not count', async () => {
    billing.put(INVOICE);
    const event = billing.stripeEvent('invoice.paid', 'in_1');
    const named = async (contract_id: string) => {
      billing.put({ ...INVOICE, contract_id });
      return port().identify(JSON.stringify(event));
    };
    expect(await named('contract:1')).toEqual({ invoice_id: 'in_1', contract_id: null, names_contract: true });
    expect(await named(' ')).toEqual({ invoice_id: 'in_1', contract_id: null, names_contract: false });
    expect(await named(` ${CONTRACT_ID}\n`)).toMatchObject({ contract_id: CONTRACT_ID });
  });
});
