/**
 * Billing events: billing systems send them, signed, to `/api/v1/billing/{source}/events`. Admins read their outcomes and can
 * replay an event.
 *
 * An event is committed to the inbox before the billing batch is signaled and before the sender gets a response. So an accepted event
 * is never lost, and an event that is sent twice is applied once (domain.md 1.5, decisions 14).
 */
import {
  BILLING_OUTCOMES,
  BILLING_SOURCES,
  billingEventActions,
  shownOutcome,
} from '../../domain/billing/billing-event';
import type { BillingSource, ReceivedMessage } from '../../domain/billing/billing-event';
import { StandardMessage } from '../../domain/billing/billing-message';
import type { Caller } from '../../domain/access/caller';
import { notFound } from '../../domain/base/refusal';
import { findBillingEvent, listBillingEvents } from '../../db/billing/billing-event';
import type { BillingEventRow } from '../../db/billing/billing-event';
import { replayBillingEvent } from '../../transactions/billing/replay-billing-event';
import type { ReceivedBillingEvent } from '../../transactions/billing/receive-billing-event';
import { actionTable } from '../http/allowed-actions';
import { EXAMPLE_IDS } from '../http/example-ids';
import { PageOf, PageQuery, cursorsById, pageOf } from '../http/paging';
import { ProblemError, protocolProblem, shapeProblem } from '../http/problem';
import { route } from '../http/route';
import type { Route } from '../http/route';
import { Id, IdParams, InstantShape, LocalDateShape } from '../http/shapes';
import { z } from '../http/zod';

const OUTCOMES = BILLING_OUTCOMES.map((outcome) => outcome.toLowerCase()) as Lowercase<
  (typeof BILLING_OUTCOMES)[number]
>[];
const OutcomeShape = z
  .enum(OUTCOMES)
  .describe(
    'pending: waits to be looked up or applied; parked: waits until its contract or invoice is known; applied, ignored: done',
  );
const SourceShape = z.enum(BILLING_SOURCES);

/** The settings that configure each source, named in the refusal of an event for a source that is not configured. */
const CONFIGURED_BY: Record<BillingSource, string> = {
  standard: 'COVENANT_BILLING_STANDARD_SECRET',
  stripe: 'STRIPE_WEBHOOK_SECRET and STRIPE_API_KEY',
};

const SIGNED_BODY = {
  description: [
    'The body is read as the bytes that were signed, with any Content-Type. This schema is the message of the source `standard`.',
    'The source `stripe` accepts snapshot events of Stripe. Unknown fields are accepted.',
  ].join(' '),
  // A new object: schemas that were created before `extendZodWithOpenApi` have no `.openapi()`.
  schema: z.looseObject(StandardMessage.shape).openapi('StandardBillingMessage'),
  examples: {
    'An open invoice, for the source standard': {
      id: 'evt_1042',
      type: 'invoice.open',
      occurred_at: '2028-01-01T08:00:00.000Z',
      contract_id: EXAMPLE_IDS.contract,
      invoice: { id: 'in_1042', due_date: '2028-01-15', version: 1 },
    },
  },
  headers: z.object({
    'webhook-id': z.string().optional().describe('standard: the id of the message, which is signed with the body'),
    'webhook-timestamp': z.string().optional().describe('standard: seconds since 1970, at most five minutes from now'),
    'webhook-signature': z.string().optional().describe('standard: v1,<base64>; several are separated by spaces'),
    'stripe-signature': z.string().optional().describe('stripe: t=<seconds>,v1=<hex>'),
  }),
};

const ReceivedShape = z
  .object({ event_id: z.string().describe('The id that the sender gave the event'), outcome: OutcomeShape })
  .openapi('BillingEventReceived');

const BILLING_EVENT_ACTIONS = actionTable<'replay'>('BillingEventActions', {
  replay: { operation_id: 'replayBillingEvent', description: 'Replay the event' },
});

const BillingEventShape = z
  .object({
    id: Id,
    source: SourceShape,
    event_id: z.string().describe('The id that the sender gave the event. Messages with the same id are one event'),
    type: z.string().describe('The type that the sender gave the event'),
    contract_id: Id.nullable().describe(
      'null: the event names no contract, or an id that is not a contract id of Covenant',
    ),
    invoice_id: z.string().nullable(),
    observation: z
      .object({
        status: z.string(),
        due: z.union([LocalDateShape, InstantShape]).nullable(),
        occurred_at: InstantShape,
        version: z.int().nullable(),
      })
      .nullable()
      .describe('What the event says about the invoice; null: the invoice is fetched'),
    occurred_at: InstantShape,
    received_at: InstantShape,
    future_dated: z
      .boolean()
      .describe('The event was dated more than five minutes ahead, so it counts from received_at'),
    outcome: OutcomeShape,
    reason: z.string().nullable().describe('Why the event is parked, ignored or postponed'),
    tries: z.int().describe('How often the event was postponed'),
    try_at: InstantShape.describe('While the event waits: the first retry, then every minute'),
    decided_at: InstantShape.nullable(),
    allowed_actions: BILLING_EVENT_ACTIONS.shape,
    request_id: z.string().nullable(),
  })
  .openapi('BillingEvent');

const BillingEventWithRaw = BillingEventShape.extend({
  raw: z.string().describe('The signed text of the message'),
}).openapi('BillingEventWithRaw');

const BillingQuery = PageQuery.extend({
  outcome: OutcomeShape.optional(),
  source: SourceShape.optional(),
  contract_id: Id.optional(),
});

const BILLING_EVENT_CURSORS = cursorsById('billing_events');

export const billingRoutes: Route[] = [
  route({
    operation_id: 'receiveBillingEvent',
    method: 'post',
    path: '/api/v1/billing/:source/events',
    tag: 'Billing',
    summary: 'Receive a billing event',
    description: [
      'For billing systems, which authenticate by their signature. A source exists when its secret is configured.',
      'The event is stored first and then applied to its contract. A repeated event gets its current outcome.',
    ].join(' '),
    params: z.object({ source: z.string().openapi({ enum: [...BILLING_SOURCES] }) }),
    raw_body: SIGNED_BODY,
    answers: {
      202: { description: 'Stored', schema: ReceivedShape },
      200: { description: 'The event was stored before', schema: ReceivedShape },
    },
    refusals: ['BAD_SIGNATURE', 'NOT_FOUND', 'MALFORMED_JSON', 'VALIDATION_FAILED'],
    audit: [],
    async handle({ api, params, raw_body, headers, now, request_id }) {
      const receiver = api.billingReceivers.get(params.source as BillingSource);
      if (!receiver) throw new ProblemError(protocolProblem('NOT_FOUND', unknownSourceDetail(params.source)));
      const message = receiver.receive(raw_body, headers, now);
      if (!message.accepted) throw rejectionProblem(message);
      const { event, raw } = message;
      const received = await api.receiveBillingEvent({ event, raw, now, request_id });
      if (received.needs_signal && received.contract_id !== null) {
        const { id: inbox_id, contract_id } = received;
        await api.nudger.startBillingBatch(
          { contract_id, inbox_id, details: `${event.event_id} ${event.type}` },
          request_id,
        );
      }
      return { status: received.repeated ? 200 : 202, body: presentReceived(event.event_id, received) };
    },
  }),
  route({
    operation_id: 'listBillingEvents',
    method: 'get',
    path: '/api/v1/billing/events',
    tag: 'Billing',
    summary: 'List billing events',
    description: 'Newest first. An event that is parked for more than a day needs an operator.',
    query: BillingQuery,
    answers: { 200: { description: 'One page', schema: PageOf(BillingEventShape) } },
    audit: [],
    async handle({ api, query, caller }) {
      const { cursor, limit, outcome, ...filter } = query;
      const after = BILLING_EVENT_CURSORS.read(cursor);
      const stored = BILLING_OUTCOMES.find((name) => name.toLowerCase() === outcome);
      const rows = await api.readList((sql) =>
        listBillingEvents(sql, { ...filter, outcome: stored }, after?.id ?? null, limit + 1),
      );
      return {
        status: 200,
        body: pageOf(rows, limit, (row) => presentBillingEvent(row, caller), BILLING_EVENT_CURSORS),
      };
    },
  }),
  route({
    operation_id: 'getBillingEvent',
    method: 'get',
    path: '/api/v1/billing/events/:id',
    tag: 'Billing',
    summary: 'Read a billing event',
    description: 'Includes the message as it was received.',
    params: IdParams,
    answers: { 200: { description: 'The event', schema: BillingEventWithRaw } },
    audit: [],
    async handle({ api, params, caller }) {
      const row = await findBillingEvent(api.db, params.id);
      return row ? { status: 200, body: presentWithRaw(row, caller) } : notFound('billing event', params.id);
    },
  }),
  route({
    operation_id: 'replayBillingEvent',
    method: 'post',
    path: '/api/v1/billing/events/:id/replay',
    tag: 'Billing',
    summary: 'Replay a billing event',
    description: [
      'The event is processed again at once, as if it had just been received. Use this when its contract or invoice exists now, or after a fault is fixed.',
      'Applying an event twice changes nothing. A pending event, or one of a type that concerns no contract, stays as it is.',
    ].join(' '),
    params: IdParams,
    answers: { 200: { description: 'The event', schema: BillingEventWithRaw } },
    audit: ['billing.replayed'],
    handle: ({ params, write, ...request }) =>
      write(async (tx) => {
        const replayed = await replayBillingEvent(tx, params.id, request);
        if (replayed === undefined) return notFound('billing event', params.id);
        if (replayed === null) {
          const row = await findBillingEvent(tx, params.id);
          return row
            ? { status: 200, body: presentWithRaw(row, request.caller) }
            : notFound('billing event', params.id);
        }
        const { after } = replayed;
        const contract_id = after.outcome === 'PENDING' ? after.contract_id : null;
        return { status: 200, body: presentWithRaw(after, request.caller), nudge: { contract_id, job_ids: [] } };
      }),
  }),
];

function presentReceived(event_id: string, received: ReceivedBillingEvent) {
  return { event_id, outcome: shownOutcome(received).toLowerCase() };
}

function presentBillingEvent(row: BillingEventRow, caller: Caller) {
  return {
    id: row.id,
    source: row.source,
    event_id: row.event_id,
    type: row.type,
    contract_id: row.contract_id,
    invoice_id: row.invoice_id,
    observation: row.observation,
    occurred_at: row.occurred_at,
    received_at: row.received_at,
    future_dated: row.future_dated,
    outcome: shownOutcome(row).toLowerCase(),
    reason: row.reason,
    tries: row.tries,
    try_at: row.try_at,
    decided_at: row.decided_at,
    allowed_actions: BILLING_EVENT_ACTIONS.present(billingEventActions(), caller),
    request_id: row.request_id,
  };
}

function presentWithRaw(row: BillingEventRow & { raw: string }, caller: Caller) {
  return { ...presentBillingEvent(row, caller), raw: row.raw };
}

function rejectionProblem(message: Extract<ReceivedMessage, { accepted: false }>): ProblemError {
  if (message.why !== 'VALIDATION_FAILED') return new ProblemError(protocolProblem(message.why, message.detail));
  return new ProblemError(shapeProblem(message.errors));
}

function unknownSourceDetail(source: string): string {
  const known = BILLING_SOURCES.find((name) => name === source);
  if (known === undefined)
    return `This billing source does not exist. The sources are ${BILLING_SOURCES.join(' and ')}.`;
  return `The billing source ${known} is not configured. Set ${CONFIGURED_BY[known]} and restart the API.`;
}
