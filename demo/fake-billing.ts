/**
 * A small billing system for tests, demo scenarios and benchmarks. It stores invoices, answers both kinds of requests
 * that Covenant sends (`GET /invoices/{id}` and the parts of Stripe's API that the adapter uses), sends signed events,
 * and can simulate failures.
 */
import { randomUUID } from 'node:crypto';
import { createServer, request } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import Stripe from 'stripe';
import type { InvoiceStatus } from '../domain/billing/billing-event';
import type { StandardType } from '../domain/billing/billing-message';

/** Attempts to send a message whose connection ends without an answer. */
const POST_ATTEMPTS_MAX = 3;

/** An invoice of the billing system. */
export interface FakeInvoice {
  id: string;
  contract_id: string | null;
  status: InvoiceStatus | 'DRAFT';
  /** `YYYY-MM-DD`. */
  due_date: string;
  /**
   * The instant of the change to this status, in whole seconds for Stripe. For a dispute, the instant at which it was
   * opened.
   */
  occurred_at: string;
  /** Only sent in the standard format: Stripe has no versions. */
  version?: number;
  /** The status of the dispute as Stripe names it. Default: `needs_response`. */
  dispute_status?: string;
}

/**
 * How requests are answered: correctly, by closing the connection, never, with an error, with a body that is not JSON,
 * or with a refused API key.
 */
export type FakeBehaviour =
  'answers' | 'unreachable' | 'silent' | 'failing' | 'sending an invalid body' | 'refusing the key';

/** A message of the standard source. */
export interface StandardEvent {
  id: string;
  type: StandardType;
  occurred_at: string;
  contract_id: string;
  invoice: { id: string; due_date: string; version?: number };
}

/** The API's answer to a sent message. */
export interface SendResult {
  status: number;
  body: { event_id?: string; outcome?: string; code?: string };
}

const STANDARD_STATUS: Record<InvoiceStatus, string> = {
  OPEN: 'open',
  FAILED: 'payment_failed',
  PAID: 'paid',
  VOID: 'void',
  WRITTEN_OFF: 'written_off',
  DISPUTED: 'disputed',
};

const STANDARD_TYPE: Record<InvoiceStatus, StandardType> = {
  OPEN: 'invoice.open',
  FAILED: 'invoice.payment_failed',
  PAID: 'invoice.paid',
  VOID: 'invoice.voided',
  WRITTEN_OFF: 'invoice.written_off',
  DISPUTED: 'invoice.disputed',
};

/** The billing system. Create one with `start`, end it with `stop`. */
export class FakeBilling {
  /** The received requests, oldest first: `GET /invoices/in_1`. */
  readonly requests: string[] = [];
  behaviour: FakeBehaviour = 'answers';
  private readonly invoices = new Map<string, FakeInvoice>();
  private readonly waiting = new Set<ServerResponse>();

  private constructor(private readonly server: Server) {}

  /** Starts one on a free port of 127.0.0.1. */
  static async start(): Promise<FakeBilling> {
    const server = createServer();
    const billing = new FakeBilling(server);
    server.on('request', (request, response) => billing.answer(request, response));
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
    return billing;
  }

  /** The base URL for both kinds of requests: COVENANT_BILLING_STANDARD_URL and STRIPE_API_URL. */
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Adds an invoice, or replaces the one with this id. */
  put(invoice: FakeInvoice): FakeInvoice {
    this.invoices.set(invoice.id, invoice);
    return invoice;
  }

  remove(invoice_id: string): void {
    this.invoices.delete(invoice_id);
  }

  /**
   * Builds the standard message for the current status of an invoice. Throws when there is no such invoice or it is a
   * draft.
   */
  standardEvent(invoice_id: string, changes: Partial<StandardEvent> = {}): StandardEvent {
    const invoice = this.invoice(invoice_id);
    if (invoice.status === 'DRAFT') throw new Error('no event exists for a draft');
    const { id, due_date, version, occurred_at, contract_id } = invoice;
    return {
      id: `msg_${randomUUID()}`,
      type: STANDARD_TYPE[invoice.status],
      occurred_at,
      contract_id: contract_id ?? '',
      invoice: { id, due_date, ...(version === undefined ? {} : { version }) },
      ...changes,
    };
  }

  /** Builds a Stripe event with the invoice, or for `charge.dispute.…` with its dispute. */
  stripeEvent(type: string, invoice_id: string): object {
    const invoice = this.invoice(invoice_id);
    const object = type.startsWith('charge.dispute.') ? stripeDispute(invoice) : stripeInvoice(invoice);
    return {
      id: `evt_${randomUUID()}`,
      object: 'event',
      type,
      created: seconds(invoice.occurred_at),
      data: { object },
    };
  }

  /** Sends a standard message, signed with the secret (`whsec_…`). */
  async send(api_url: string, secret: string, message: StandardEvent): Promise<SendResult> {
    const body = JSON.stringify(message);
    return post(`${api_url}/api/v1/billing/standard/events`, body, signStandard(body, secret, { id: message.id }));
  }

  /** Sends a Stripe event, signed with the endpoint's secret. */
  async sendStripe(api_url: string, secret: string, event: object): Promise<SendResult> {
    const body = JSON.stringify(event);
    return post(`${api_url}/api/v1/billing/stripe/events`, body, signStripe(body, secret));
  }

  /** Closes all connections and stops listening. */
  async stop(): Promise<void> {
    for (const response of this.waiting) response.destroy();
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private invoice(id: string): FakeInvoice {
    const invoice = this.invoices.get(id);
    if (!invoice) throw new Error(`there is no invoice ${id}`);
    return invoice;
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', this.url);
    this.requests.push(`${request.method} ${url.pathname}`);
    const json = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    switch (this.behaviour) {
      case 'unreachable':
        request.socket.destroy();
        return;
      case 'silent':
        this.waiting.add(response.once('close', () => this.waiting.delete(response)));
        return;
      case 'failing':
        return json(503, { error: { type: 'api_error', message: 'down' } });
      case 'refusing the key': {
        const message = `Invalid API Key provided: ${request.headers.authorization ?? 'none'}`;
        return json(401, { error: { type: 'invalid_request_error', message } });
      }
      case 'sending an invalid body':
        response.writeHead(200, { 'content-type': 'application/json' }).end('<html>welcome</html>');
        return;
      case 'answers': {
        const answer = url.pathname.startsWith('/v1/') ? this.stripeAnswer(url) : this.standardAnswer(url);
        return json(answer.status, answer.body);
      }
    }
  }

  private standardAnswer({ pathname }: URL): { status: number; body: unknown } {
    const id = decodeURIComponent(/^\/invoices\/([^/]+)$/.exec(pathname)?.[1] ?? '');
    const invoice = this.invoices.get(id);
    if (!invoice || invoice.status === 'DRAFT') return { status: 404, body: { error: 'there is no such invoice' } };
    const { status, dispute_status: _dispute, ...fields } = invoice;
    return { status: 200, body: { ...fields, status: STANDARD_STATUS[status] } };
  }

  private stripeAnswer({ pathname, searchParams }: URL): { status: number; body: unknown } {
    const all = [...this.invoices.values()];
    const list = (data: unknown[]) => ({ status: 200, body: { object: 'list', url: pathname, has_more: false, data } });
    if (pathname === '/v1/invoice_payments') {
      const [intent, of] = [searchParams.get('payment[payment_intent]'), searchParams.get('invoice')];
      return list(all.filter(({ id }) => intentOf(id) === intent || id === of).flatMap(stripePayments));
    }
    if (pathname === '/v1/disputes') {
      const intent = searchParams.get('payment_intent');
      return list(all.filter(({ id, status }) => status === 'DISPUTED' && intentOf(id) === intent).map(stripeDispute));
    }
    const id = decodeURIComponent(/^\/v1\/invoices\/([^/]+)$/.exec(pathname)?.[1] ?? '');
    const invoice = this.invoices.get(id);
    if (invoice) return { status: 200, body: stripeInvoice(invoice) };
    const error = { type: 'invalid_request_error', code: 'resource_missing', message: `No such invoice: '${id}'` };
    return { status: 404, body: { error } };
  }
}

/** Returns the headers of a Standard Webhooks message. */
export function signStandard(
  body: string,
  secret: string,
  { id = `msg_${randomUUID()}`, at = new Date() }: { id?: string; at?: Date } = {},
): Record<string, string> {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(id, at, body),
  };
}

/** Returns the headers of a Stripe message. */
export function signStripe(body: string, secret: string, at = new Date()): Record<string, string> {
  const timestamp = Math.floor(at.getTime() / 1000);
  return { 'stripe-signature': Stripe.webhooks.generateTestHeaderString({ payload: body, secret, timestamp }) };
}

/** Posts a message. Like a billing system, it repeats the request when the connection ends without an answer. */
async function post(url: string, body: string, headers: Record<string, string>, attempt = 1): Promise<SendResult> {
  try {
    return await exchange(url, body, { 'content-type': 'application/json', ...headers });
  } catch (error) {
    if (attempt === POST_ATTEMPTS_MAX) throw error;
    return post(url, body, headers, attempt + 1);
  }
}

/** Sends one request over a connection that is kept. It takes less CPU than `fetch`, and tests send thousands. */
function exchange(url: string, body: string, headers: Record<string, string>): Promise<SendResult> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', headers: { ...headers, 'content-length': Buffer.byteLength(body) } });
    sent.on('error', reject).on('response', (response: IncomingMessage) => {
      text(response)
        .then((answer) => {
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(answer) as SendResult['body'] });
        })
        .catch(reject);
    });
    sent.end(body);
  });
}

/**
 * An invoice in Stripe's format. Stripe has no invoice status for a dispute: the invoice is paid, and its payment is
 * disputed.
 */
function stripeInvoice(invoice: FakeInvoice) {
  const at = seconds(invoice.occurred_at);
  const due = seconds(`${invoice.due_date}T00:00:00Z`);
  const status = {
    DRAFT: 'draft',
    OPEN: 'open',
    FAILED: 'open',
    PAID: 'paid',
    VOID: 'void',
    WRITTEN_OFF: 'uncollectible',
  };
  return {
    id: invoice.id,
    object: 'invoice',
    created: due,
    status: invoice.status === 'DISPUTED' ? 'paid' : status[invoice.status],
    attempted: invoice.status === 'FAILED',
    attempt_count: invoice.status === 'FAILED' ? 1 : 0,
    due_date: due,
    effective_at: due,
    metadata: invoice.contract_id === null ? {} : { contract_id: invoice.contract_id },
    parent: null,
    status_transitions: {
      finalized_at: invoice.status === 'DRAFT' ? null : due,
      paid_at: invoice.status === 'PAID' || invoice.status === 'DISPUTED' ? at : null,
      voided_at: invoice.status === 'VOID' ? at : null,
      marked_uncollectible_at: invoice.status === 'WRITTEN_OFF' ? at : null,
    },
    payments: { object: 'list', has_more: false, data: stripePayments(invoice) },
  };
}

function stripePayments({ id, status }: FakeInvoice) {
  if (status !== 'PAID' && status !== 'DISPUTED') return [];
  const payment = { type: 'payment_intent', payment_intent: intentOf(id) };
  return [{ id: `inpay_${id}`, object: 'invoice_payment', invoice: id, status: 'paid', payment }];
}

function stripeDispute({ id, occurred_at, dispute_status }: FakeInvoice) {
  return {
    id: `dp_${id}`,
    object: 'dispute',
    created: seconds(occurred_at),
    status: dispute_status ?? 'needs_response',
    metadata: {},
    payment_intent: intentOf(id),
  };
}

/** Returns the id of the payment intent of an invoice. */
function intentOf(invoice_id: string): string {
  return `pi_${invoice_id}`;
}

function seconds(instant: string): number {
  return Math.floor(Date.parse(instant) / 1000);
}
