/**
 * Disputes at Stripe, from the message to the contract. Messages may come in any order, and Stripe may be asked often or late: the
 * invoice always ends with the status that it has at Stripe.
 *
 * `fixtures/stripe/dispute-sequences.json` describes disputes at Stripe: the events in their order, and the status of the dispute after
 * each. Invoice, payment and dispute are recorded answers of stripe-mock, so they have the form of Stripe's OpenAPI description.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type Stripe from 'stripe';
import { createBillingActivities } from '../../activities/billing/billing';
import { createBillingInboxActivities } from '../../activities/billing/billing-event';
import { createStripePort, createStripeReceiver } from '../../adapters/billing-stripe';
import { receiveBillingEvent } from '../../transactions/billing/receive-billing-event';
import { findContract } from '../../db/contract/contract';
import { signStripe } from '../../demo/fake-billing';
import { applyEvents } from '../../domain/contract/billing-event';
import type { LookedUpBillingEvent } from '../../domain/contract/billing-event';
import { BillingUnreachable } from '../../domain/billing/billing-event';
import type { BillingPort, BillingSource, InvoiceObservation } from '../../domain/billing/billing-event';
import { instantFromMillis, millisOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import type { Invoice } from '../../domain/billing/invoice';
import { buildContext, buildFacts } from '../harness/contract-facts';
import { buildContract } from '../harness/contract-rows';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { createRecordingNudger } from '../harness/recording-nudger';
import { expectInvariants } from '../harness/invariants';
import { buildContractOnClock, buildTestClock } from '../harness/test-clocks';

interface Step {
  type: string;
  /** The status of the dispute after this step. */
  status: Stripe.Dispute.Status;
  at: Instant;
}
interface Sequence {
  name: string;
  /** The status of the invoice after all steps. */
  ends: 'PAID' | 'DISPUTED';
  steps: Step[];
}
type Recorded = Record<string, unknown>;

const FIXTURES = join(__dirname, '..', 'fixtures', 'stripe');
const recorded = (file: string): unknown => JSON.parse(readFileSync(join(FIXTURES, file), 'utf8'));
const SEQUENCES = recorded('dispute-sequences.json') as Sequence[];
const INVOICE = recorded('invoice.json') as Recorded;
const [PAYMENT] = (recorded('invoice-payments.json') as { data: Recorded[] }).data;
const [DISPUTE] = (recorded('disputes.json') as { data: Recorded[] }).data;

const SECRET = 'whsec_1';
const PAID_AT = '2027-03-01T08:00:00.000Z';
const DISPUTED_ON = '2027-04-10';
const AFTERWARDS = '2027-05-31T00:00:00.000Z';
const MINUTE_MS = 60_000;
const LATER_MS = 24 * 60 * MINUTE_MS;

let server: Server;
let database: TestDatabase;
let sql: TestDatabase['sql'];
let stripe: BillingPort;
/** The state at Stripe: how many steps of the sequence have happened. */
let happened: Step[];
let contract_id: string;
let invoice_id: string;

beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.sql;
  server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://stripe');
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answerTo(pathname)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  stripe = createStripePort({ api_key: 'sk_test_123', url });
});
beforeEach(() => {
  invoice_id = `in_${randomUUID()}`;
  contract_id = randomUUID();
  happened = [];
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await database.drop();
});

const seconds = (at: Instant): number => millisOf(at) / 1000;
const later = (at: Instant, by_ms: number): Instant => instantFromMillis(millisOf(at) + by_ms);

/** Stripe's answers about the invoice and its dispute. */
function answerTo(pathname: string): Recorded {
  const payment = {
    ...PAYMENT,
    invoice: invoice_id,
    status: 'paid',
    payment: { type: 'payment_intent', payment_intent: 'pi_1' },
  };
  const list = (data: unknown[]): Recorded => ({ object: 'list', url: pathname, has_more: false, data });
  if (pathname === '/v1/disputes') return list(happened.length === 0 ? [] : [disputeOf(happened)]);
  if (pathname === '/v1/invoice_payments') return list([payment]);
  return {
    ...INVOICE,
    id: invoice_id,
    status: 'paid',
    metadata: { contract_id },
    due_date: seconds(PAID_AT),
    status_transitions: {
      ...(INVOICE['status_transitions'] as Recorded),
      finalized_at: seconds(PAID_AT),
      paid_at: seconds(PAID_AT),
    },
    payments: list([payment]),
  };
}

function disputeOf(steps: Step[]): Recorded {
  const [{ at }] = steps as [Step];
  return { ...DISPUTE, id: 'dp_1', created: seconds(at), status: steps.at(-1)?.status, payment_intent: 'pi_1' };
}

/** The message that Stripe sends about a step: the dispute at that time. */
function messageOf(steps: Step[], upto: number): string {
  const { type, at } = steps[upto] as Step;
  const object = disputeOf(steps.slice(0, upto + 1));
  return JSON.stringify({
    id: `evt_${invoice_id}_${upto}`,
    object: 'event',
    type,
    created: seconds(at),
    data: { object },
  });
}

/** All permutations of the numbers below `count`. */
function ordersOf(count: number): number[][] {
  if (count === 0) return [[]];
  return ordersOf(count - 1).flatMap((order) =>
    Array.from({ length: count }, (_, place) => [...order.slice(0, place), count - 1, ...order.slice(place)]),
  );
}

/**
 * All possible states of Stripe at each look-up, for events that arrive in an order: an event has happened before it arrives, the number
 * of steps never decreases, and when the last event arrives all steps have happened.
 */
function statesSeen(order: number[], from = 0): number[][] {
  const [first, ...rest] = order;
  if (first === undefined) return [[]];
  const least = Math.max(from, first + 1);
  const total = Math.max(from, ...order.map((step) => step + 1));
  return Array.from({ length: total - least + 1 }, (_, more) => least + more).flatMap((state) =>
    statesSeen(rest, state).map((states) => [state, ...states]),
  );
}

test('the sequences contain every dispute event that the adapter handles, and every status that Stripe has', () => {
  const statuses: Record<Stripe.Dispute.Status, true> = {
    warning_needs_response: true,
    warning_under_review: true,
    warning_closed: true,
    needs_response: true,
    under_review: true,
    lost: true,
    won: true,
    prevented: true,
    appeal_needs_response: true,
    appeal_under_review: true,
  };
  const steps = SEQUENCES.flatMap((sequence) => sequence.steps);
  expect(new Set(steps.map(({ status }) => status))).toEqual(new Set(Object.keys(statuses)));
  expect([...new Set(steps.map(({ type }) => type.replace('charge.dispute.', '')))].sort()).toEqual([
    'closed',
    'created',
    'funds_reinstated',
    'funds_withdrawn',
    'updated',
  ]);
});

describe.each(SEQUENCES)('$name', ({ steps, ends }) => {
  /** What the adapter reads of the invoice when so many steps have happened. */
  async function observationAfter(count: number): Promise<InvoiceObservation> {
    happened = steps.slice(0, count);
    const found = await stripe.fetchInvoice({ invoice_id });
    if (!found.found || found.observation === null) throw new Error('the invoice is not known');
    return found.observation;
  }

  test('ends with the status at Stripe in every order of events, for every state at each look-up, and with any answer late', async () => {
    const seen: InvoiceObservation[] = [];
    for (let count = 0; count <= steps.length; count++) seen.push(await observationAfter(count));
    const paid: Invoice = afterLook(undefined, eventOf(0, seen[0] as InvoiceObservation, -1));
    let played = 0;
    for (const order of ordersOf(steps.length))
      for (const states of statesSeen(order)) {
        const looks = order.map((step, place) =>
          eventOf(step, seen[states[place] as number] as InvoiceObservation, place),
        );
        for (const late of [null, ...looks.slice(0, -1)]) {
          // A late answer is applied after all others, which are then applied again.
          const applied = late === null ? looks : [...looks.filter((look) => look !== late), late, ...looks];
          const invoice = applied.reduce((known, look) => afterLook(known, look), paid);
          expect(invoice).toMatchObject({ status: ends, disputed_on: ends === 'DISPUTED' ? DISPUTED_ON : null });
          played += 1;
        }
      }
    expect(played).toBeGreaterThan(steps.length);
  });

  /** The look-up of an event, a minute after the previous one. */
  function eventOf(step: number, observation: InvoiceObservation, place: number): LookedUpBillingEvent {
    const { type } = steps[step] as Step;
    const fetched_at = later(AFTERWARDS, place * MINUTE_MS);
    const look = { at: 'source', fetched_at, observation } as const;
    const event = { id: `${step}`, source: 'stripe', event_id: `evt_${step}`, type, invoice_id } as const;
    return { ...event, future_dated: false, tries: 0, reported_at: AFTERWARDS, look };
  }

  function afterLook(known: Invoice | undefined, look: LookedUpBillingEvent): Invoice {
    const facts = buildFacts({ invoices: known === undefined ? [] : [known], timezone: 'UTC' });
    const { changes } = applyEvents(facts, [look], buildContext());
    return changes.at(-1)?.facts.invoices[0] as Invoice;
  }

  describe('through the interface and the worker', () => {
    let reachable: boolean;
    let now: Instant;
    const { nudger } = createRecordingNudger();

    beforeEach(() => {
      reachable = true;
      now = AFTERWARDS;
    });
    afterEach(() => expectInvariants(sql));

    const inReach = <Answer>(ask: () => Promise<Answer>): Promise<Answer> =>
      reachable ? ask() : Promise.reject(new BillingUnreachable('as the test asked'));
    const billingPorts = new Map<BillingSource, BillingPort>([
      [
        'stripe',
        {
          source: 'stripe',
          fetches: true,
          fetchInvoice: (reference) => inReach(() => stripe.fetchInvoice(reference)),
          identify: (raw) => inReach(() => stripe.identify(raw)),
        },
      ],
    ]);

    /** Receives the message of a step like the interface, when so many steps have happened. */
    async function deliver(step: number, count: number): Promise<void> {
      happened = steps.slice(0, count);
      const raw = messageOf(steps, step);
      const received = createStripeReceiver([SECRET]).receive(
        Buffer.from(raw),
        signStripe(raw, SECRET, new Date(now)),
        now,
      );
      if (!received.accepted) throw new Error('the message was refused');
      await receiveBillingEvent(sql, { event: received.event, raw, now, request_id: null });
    }

    /** The next actions of sweep and workflow: they identify the events and apply them. */
    async function work(): Promise<void> {
      now = later(now, MINUTE_MS);
      const dependencies = { db: sql, nudger, billingPorts };
      await createBillingInboxActivities(dependencies).identifyParkedEvents({ now });
      await createBillingActivities(dependencies).applyBillingEvents({ contract_id, now });
    }

    async function expectEnd(): Promise<void> {
      const contract = await findContract(sql, contract_id);
      expect(contract?.invoices).toMatchObject([
        { invoice_id, status: ends, disputed_on: ends === 'DISPUTED' ? DISPUTED_ON : null },
      ]);
      const open =
        await sql`SELECT FROM billing_inbox WHERE contract_id = ${contract_id} AND outcome IN ('PENDING', 'PARKED')`;
      expect(open).toHaveLength(0);
    }

    const inOrder = steps.map((_, step) => step);
    const contractId = async (): Promise<string> => (await buildContract(sql, { now: PAID_AT })).facts.id;

    test.each([
      ['in order', inOrder],
      ['in the opposite order', [...inOrder].reverse()],
      ['twice each', inOrder.flatMap((step) => [step, step])],
    ])('ends as Stripe does when its messages come %s', async (_how, order) => {
      contract_id = await contractId();
      let count = 0;
      for (const step of order) {
        count = Math.max(count, step + 1);
        await deliver(step, count);
        await work();
      }
      await expectEnd();
    });

    test('ends with the status at Stripe when Stripe answers only after all steps', async () => {
      contract_id = await contractId();
      reachable = false;
      for (const step of inOrder) {
        await deliver(step, step + 1);
        await work();
      }
      reachable = true;
      now = later(now, LATER_MS);
      await work();
      now = later(now, LATER_MS);
      await work();
      await expectEnd();
    });

    test('ends with the status at Stripe on a test clock that does not move', async () => {
      const clock = await buildTestClock(sql, AFTERWARDS);
      contract_id = await buildContractOnClock(sql, clock, {});
      for (const step of inOrder) {
        await deliver(step, step + 1);
        await work();
      }
      await expectEnd();
    });
  });
});
