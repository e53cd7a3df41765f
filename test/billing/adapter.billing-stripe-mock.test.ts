/**
 * The requests of the adapter to Stripe, and what it reads from the responses, in the form of Stripe's own API description.
 *
 * `test/fixtures/stripe/` has responses of `stripe-mock` (github.com/stripe/stripe-mock), which rejects unknown parameters and
 * generates its responses from Stripe's OpenAPI description. It has no state, so our own sequences test how disputes change an invoice
 * (adapter.billing-stripe, activity.billing). `test/external/stripe-mock.test.ts` compares the files with the responses of the
 * program. To update a file, store in it the response to its entry of `STRIPE_REQUESTS`.
 */
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createStripePort } from '../../adapters/billing-stripe';
import type { BillingPort } from '../../domain/billing/billing-event';
import { STRIPE_REQUESTS } from '../harness/stripe-requests';

const FIXTURES = join(__dirname, '..', 'fixtures', 'stripe');

type Recorded = Record<string, unknown>;

let server: Server;
let port: BillingPort;
let requests: string[];
/** What a test changes in a recorded response, by file. */
let changes: Record<string, (answer: Recorded) => Recorded>;

beforeAll(async () => {
  server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '');
    requests.push(path);
    const file = STRIPE_REQUESTS[path];
    const answer = file === undefined ? {} : (JSON.parse(readFileSync(join(FIXTURES, file), 'utf8')) as Recorded);
    response.writeHead(file === undefined ? 400 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(changes[file ?? '']?.(answer) ?? answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  port = createStripePort({ api_key: 'sk_test_123', url });
});
beforeEach(() => {
  requests = [];
  changes = {};
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

test('an invoice is fetched and read as Stripe describes it: a draft is not due', async () => {
  expect(await port.fetchInvoice({ invoice_id: 'in_1' })).toEqual({
    found: true,
    contract_id: null,
    observation: null,
  });
  expect(requests).toEqual(['/v1/invoices/in_1?expand[0]=payments']);
});

test('the disputes of a paid invoice are fetched and read as Stripe describes them', async () => {
  const payment = { status: 'paid', payment: { type: 'payment_intent', payment_intent: 'pi_1' } };
  changes['invoice.json'] = (invoice) => ({
    ...invoice,
    status: 'paid',
    payments: { object: 'list', has_more: true, data: [] },
  });
  changes['disputes.json'] = (list) => ({
    ...list,
    data: (list.data as Recorded[]).map((dispute) => ({ ...dispute, status: 'needs_response' })),
  });
  changes['invoice-payments.json'] = (list) => ({ ...list, data: [{ ...(list.data as Recorded[])[0], ...payment }] });
  expect(await port.fetchInvoice({ invoice_id: 'in_1' })).toMatchObject({
    found: true,
    observation: { status: 'DISPUTED', occurred_at: '2009-02-13T23:31:30.000Z' },
  });
  expect(requests).toEqual([
    '/v1/invoices/in_1?expand[0]=payments',
    '/v1/invoice_payments?invoice=in_1&status=paid&limit=100',
    '/v1/disputes?payment_intent=pi_1&limit=100',
  ]);
});

test('the invoice of a disputed payment is fetched and read as Stripe describes it', async () => {
  const object = { ...(recorded('disputes.json').data as Recorded[])[0], payment_intent: 'pi_1' };
  const event = { id: 'evt_1', object: 'event', type: 'charge.dispute.created', created: 1, data: { object } };
  expect(await port.identify(JSON.stringify(event))).toEqual({
    invoice_id: 'invoice',
    contract_id: null,
    names_contract: false,
  });
  expect(requests).toEqual([
    '/v1/invoice_payments?payment[type]=payment_intent&payment[payment_intent]=pi_1&limit=100',
    '/v1/invoices/invoice',
  ]);
});

function recorded(file: string): Recorded {
  return JSON.parse(readFileSync(join(FIXTURES, file), 'utf8')) as Recorded;
}
