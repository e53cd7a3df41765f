/**
 * Billing by Stripe. A message only indicates that an invoice changed; the invoice is then fetched. Stripe neither orders its
 * messages nor numbers the versions of an invoice, so only a fetched invoice is reliable.
 *
 * `metadata.contract_id` of the invoice, of its subscription, or of a dispute names the contract.
 */
import Stripe from 'stripe';
import { z } from 'zod';
import { BillingUnreachable, contractIdOf } from '../domain/billing/billing-event';
import type {
  BillingEvent,
  BillingPort,
  BillingReceiver,
  FetchedInvoice,
  IdentifiedBilling,
  InvoiceObservation,
  ReceivedMessage,
} from '../domain/billing/billing-event';
import { ForeignId, ForeignType } from '../domain/billing/billing-message';
import { fieldMessage } from '../domain/base/field-message';
import { instantFromMillis, millisOf } from '../domain/base/instant';
import type { Instant } from '../domain/base/instant';
import { rejectNonText, rejectShape, rejectSignature, rejectTime, readJson, textOf } from './signed-text';

/** How long one request may take. The package itself retries once. */
const REQUEST_TIMEOUT_MS = 5_000;
const RETRIES_MAX = 1;
/** The number of payments of one invoice, and of disputes of one payment, that are read: the largest page of Stripe. */
const ROWS_MAX = 100;

/** Messages that can change the status of an invoice. A draft is not due, so `invoice.created` is not included. */
const INVOICE_TYPES: readonly string[] = [
  'invoice.finalized',
  'invoice.marked_uncollectible',
  'invoice.overdue',
  'invoice.overpaid',
  'invoice.paid',
  'invoice.payment_action_required',
  'invoice.payment_attempt_required',
  'invoice.payment_failed',
  'invoice.payment_succeeded',
  'invoice.sent',
  'invoice.updated',
  'invoice.voided',
];
const DISPUTE_TYPES: readonly string[] = [
  'charge.dispute.closed',
  'charge.dispute.created',
  'charge.dispute.funds_reinstated',
  'charge.dispute.funds_withdrawn',
  'charge.dispute.updated',
];

/**
 * Statuses of disputes that have withdrawn the money, or still can. An inquiry (`warning_…`) withdraws no money, a won dispute
 * returned it, and a prevented dispute never started.
 */
const UNRESOLVED_DISPUTES: readonly string[] = [
  'needs_response',
  'under_review',
  'appeal_needs_response',
  'appeal_under_review',
  'lost',
];

const Seconds = z.int().nonnegative().max(32_472_144_000);
const Metadata = z.looseObject({ contract_id: z.string().optional() }).nullish();
const Subscription = z.looseObject({ metadata: Metadata }).nullish();

/** The paths of the numbers of a message that are read. They must be exact. */
const EXACT_NUMBERS = [['created']];

/** The path of the resource that a message describes. */
const OBJECT_PATH = ['data', 'object'];

/** The fields of every message of Stripe. */
const StripeEvent = z.looseObject({
  id: ForeignId,
  object: z.literal('event', 'must be a snapshot event: choose the payload style "snapshot" for the webhook endpoint'),
  type: ForeignType,
  created: Seconds,
  data: z.looseObject({ object: z.looseObject({}) }),
});

/** The fields of an invoice that can name its contract. API versions of Stripe before 2025 have no `parent`. */
const NamingInvoice = z.looseObject({
  id: ForeignId,
  status: z.string().nullish(),
  metadata: Metadata,
  parent: z.looseObject({ subscription_details: Subscription }).nullish(),
  subscription_details: Subscription,
});

const Reference = z.union([ForeignId, z.looseObject({ id: ForeignId })]).nullish();

const Dispute = z.looseObject({ metadata: Metadata, payment_intent: Reference });

const Payment = z.looseObject({
  status: z.string(),
  payment: z.looseObject({ payment_intent: Reference, charge: Reference }),
});

const FetchedInvoiceBody = NamingInvoice.extend({
  status: z.enum(['draft', 'open', 'paid', 'uncollectible', 'void']),
  created: Seconds,
  attempted: z.boolean(),
  attempt_count: z.int(),
  due_date: Seconds.nullish(),
  effective_at: Seconds.nullish(),
  status_transitions: z.looseObject({
    finalized_at: Seconds.nullish(),
    marked_uncollectible_at: Seconds.nullish(),
    paid_at: Seconds.nullish(),
    voided_at: Seconds.nullish(),
  }),
  payments: z.looseObject({ data: z.array(Payment), has_more: z.boolean() }).nullish(),
});
type FetchedInvoiceBody = z.infer<typeof FetchedInvoiceBody>;

const FetchedPayments = z.array(Payment.extend({ invoice: Reference }));
const FetchedDisputes = z.array(z.looseObject({ status: z.string(), created: Seconds }));

/** Receives messages that are signed with any of the secrets of the endpoint. There are several during a rotation. */
export function createStripeReceiver(secrets: readonly string[]): BillingReceiver {
  return {
    source: 'stripe',
    receive(body, headers, now) {
      const raw = textOf(body);
      if (raw === null) return rejectNonText();
      const problem = findStripeSignatureProblem(secrets, raw, headers['stripe-signature'], now);
      if (problem === null) return readMessage(raw);
      return isTimeProblem(problem) ? rejectTime(problem) : rejectSignature(problem);
    },
  };
}

/** How to reach the API of Stripe. */
export interface StripeAccess {
  api_key: string;
  /** The origin. */
  url: string;
  /** How long one request may take; five seconds by default. */
  timeout_ms?: number;
}

/** Queries Stripe with an API key. A restricted key needs permission to read invoices, invoice payments and disputes. */
export function createStripePort({ api_key, url, timeout_ms = REQUEST_TIMEOUT_MS }: StripeAccess): BillingPort {
  const { protocol, hostname, port } = new URL(url);
  const scheme = protocol === 'http:' ? 'http' : 'https';
  const stripe = new Stripe(api_key, {
    protocol: scheme,
    host: hostname,
    port: port === '' ? (scheme === 'http' ? 80 : 443) : Number(port),
    timeout: timeout_ms,
    maxNetworkRetries: RETRIES_MAX,
    telemetry: false,
  });
  return {
    source: 'stripe',
    fetches: true,
    fetchInvoice: ({ invoice_id }) => fetchInvoice(stripe, invoice_id),
    identify: (raw) => identify(stripe, raw),
  };
}

/** Null when one of the secrets signed the message, else the reason, as a sentence without its full stop. */
function findStripeSignatureProblem(
  secrets: readonly string[],
  raw: string,
  signature: string | undefined,
  now: Instant,
): string | null {
  if (!signature) return 'The Stripe-Signature header is missing';
  let problem = 'No secret is configured to verify the signature';
  for (const secret of secrets) {
    try {
      const tolerance = Stripe.webhooks.DEFAULT_TOLERANCE;
      if (Stripe.webhooks.signature?.verifyHeader(raw, signature, secret, tolerance, undefined, millisOf(now)) === true)
        return null;
    } catch (error) {
      // For a header that is not a signature, the package throws errors of any type.
      const message = error instanceof Stripe.errors.StripeSignatureVerificationError ? error.message : null;
      problem = message === null ? 'The Stripe-Signature header cannot be read' : firstSentence(message);
      // The signature with this secret is valid. Another secret would only hide that.
      if (isTimeProblem(problem)) return problem;
    }
  }
  return problem;
}

/** Whether the package accepted the signature and refused only its time. Only the text of the error shows this. */
function isTimeProblem(problem: string): boolean {
  return /^Timestamp outside the tolerance zone/.test(problem);
}

function readMessage(raw: string): ReceivedMessage {
  const read = readJson(raw, EXACT_NUMBERS);
  if (!('json' in read)) return read;
  const parsed = StripeEvent.safeParse(read.json, { error: fieldMessage });
  if (!parsed.success) return rejectShape(parsed.error);
  const { id, type, created, data } = parsed.data;
  const event: BillingEvent = {
    source: 'stripe',
    event_id: id,
    type,
    occurred_at: instantOf(created),
    contract_id: null,
    invoice_id: null,
    observation: null,
    relevant: false,
  };
  if (DISPUTE_TYPES.includes(type)) {
    const dispute = Dispute.safeParse(data.object, { error: fieldMessage });
    if (!dispute.success) return rejectShape(dispute.error, OBJECT_PATH);
    const contract_id = contractIdOf(dispute.data.metadata?.contract_id);
    return { accepted: true, raw, event: { ...event, contract_id, relevant: true } };
  }
  if (!INVOICE_TYPES.includes(type)) return { accepted: true, raw, event };
  const invoice = NamingInvoice.safeParse(data.object, { error: fieldMessage });
  if (!invoice.success) return rejectShape(invoice.error, OBJECT_PATH);
  const { contract_id } = contractNamedBy(invoice.data);
  const named = { contract_id, invoice_id: invoice.data.id };
  return { accepted: true, raw, event: { ...event, ...named, relevant: invoice.data.status !== 'draft' } };
}

async function fetchInvoice(stripe: Stripe, invoice_id: string): Promise<FetchedInvoice> {
  const invoice = await fetchShape(FetchedInvoiceBody, () =>
    stripe.invoices.retrieve(invoice_id, { expand: ['payments'] }),
  );
  if (invoice === 'missing') return { found: false };
  if (invoice.id !== invoice_id) throw new BillingUnreachable('Stripe responded with another invoice');
  return {
    found: true,
    contract_id: contractNamedBy(invoice).contract_id,
    observation: (await disputeObservation(stripe, invoice)) ?? invoiceObservation(invoice),
  };
}

/** The observation of the invoice itself, without disputes; null for a draft. */
function invoiceObservation(invoice: FetchedInvoiceBody): InvoiceObservation | null {
  const { status, created, status_transitions: at } = invoice;
  const finalized_at = at.finalized_at ?? created;
  const observe = (
    observed_status: InvoiceObservation['status'],
    happened_at: number | null | undefined,
  ): InvoiceObservation => ({
    status: observed_status,
    due: instantOf(invoice.due_date ?? invoice.effective_at ?? finalized_at),
    occurred_at: instantOf(happened_at ?? finalized_at),
    version: null,
  });
  switch (status) {
    case 'draft':
      return null;
    case 'open':
      // Stripe does not say when an attempt failed, only that one was made.
      return observe(invoice.attempted && invoice.attempt_count > 0 ? 'FAILED' : 'OPEN', finalized_at);
    case 'paid':
      return observe('PAID', at.paid_at);
    case 'void':
      return observe('VOID', at.voided_at);
    case 'uncollectible':
      return observe('WRITTEN_OFF', at.marked_uncollectible_at);
  }
}

/** A paid invoice with a disputed payment counts as unpaid from the first dispute on; null without a dispute. */
async function disputeObservation(stripe: Stripe, invoice: FetchedInvoiceBody): Promise<InvoiceObservation | null> {
  if (invoice.status !== 'paid') return null;
  const disputes: number[] = [];
  for (const { status, payment } of await paymentsOf(stripe, invoice)) {
    if (status !== 'paid') continue;
    const [payment_intent, charge] = [idOf(payment.payment_intent), idOf(payment.charge)];
    if (payment_intent === null && charge === null) continue;
    const of = payment_intent === null ? { charge: charge as string } : { payment_intent };
    const found = await fetchShape(
      FetchedDisputes,
      async () => (await stripe.disputes.list({ ...of, limit: ROWS_MAX })).data,
    );
    if (found === 'missing') continue;
    disputes.push(
      ...found.filter((dispute) => UNRESOLVED_DISPUTES.includes(dispute.status)).map(({ created }) => created),
    );
  }
  const observation = invoiceObservation(invoice);
  if (disputes.length === 0 || observation === null) return null;
  return { ...observation, status: 'DISPUTED', occurred_at: instantOf(Math.min(...disputes)) };
}

/** The payments in the fetched invoice, or all payments when these are only the first page. */
async function paymentsOf(stripe: Stripe, { id, payments }: FetchedInvoiceBody): Promise<z.infer<typeof Payment>[]> {
  if (!payments?.has_more) return payments?.data ?? [];
  const all = await fetchShape(
    FetchedPayments,
    async () => (await stripe.invoicePayments.list({ invoice: id, status: 'paid', limit: ROWS_MAX })).data,
  );
  return all === 'missing' ? [] : all;
}

/** Finds what a message does not contain: the invoice of a disputed payment, and the contract of an invoice. */
async function identify(stripe: Stripe, raw: string): Promise<IdentifiedBilling> {
  const { type, data } = StripeEvent.parse(JSON.parse(raw));
  if (!DISPUTE_TYPES.includes(type)) {
    const { id } = NamingInvoice.parse(data.object);
    return { invoice_id: id, ...(await contractOfInvoice(stripe, id)) };
  }
  const dispute = Dispute.parse(data.object);
  const named_by_dispute = contractNamedIn(dispute.metadata?.contract_id);
  const { contract_id } = named_by_dispute;
  const payment_intent = idOf(dispute.payment_intent);
  if (payment_intent === null) return { invoice_id: null, ...named_by_dispute };
  const payments = await fetchShape(
    FetchedPayments,
    async () =>
      (await stripe.invoicePayments.list({ payment: { type: 'payment_intent', payment_intent }, limit: ROWS_MAX }))
        .data,
  );
  const invoices = payments === 'missing' ? [] : payments.flatMap(({ invoice }) => idOf(invoice) ?? []);
  // A payment can belong to several invoices. The invoice that names a contract is the one to use.
  let { names_contract } = named_by_dispute;
  for (const invoice_id of invoices) {
    const named = await contractOfInvoice(stripe, invoice_id);
    if (named.contract_id !== null && (contract_id === null || named.contract_id === contract_id))
      return { invoice_id, ...named };
    names_contract ||= named.names_contract;
  }
  return { invoice_id: invoices[0] ?? null, contract_id, names_contract };
}

async function contractOfInvoice(stripe: Stripe, invoice_id: string): Promise<NamedContract> {
  const invoice = await fetchShape(NamingInvoice, () => stripe.invoices.retrieve(invoice_id));
  return invoice === 'missing' ? contractNamedIn() : contractNamedBy(invoice);
}

/** Fetches a resource of Stripe and parses it; `missing` when it does not exist. Throws BillingUnreachable. */
async function fetchShape<T>(shape: z.ZodType<T>, fetchResource: () => Promise<unknown>): Promise<T | 'missing'> {
  let resource: unknown;
  try {
    resource = await fetchResource();
  } catch (error) {
    if (error instanceof Stripe.errors.StripeError && error.code === 'resource_missing') return 'missing';
    throw new BillingUnreachable(unreachableText(error));
  }
  const parsed = shape.safeParse(resource);
  if (!parsed.success) throw new BillingUnreachable('Stripe responded in an unknown form');
  return parsed.data;
}

/** Describes the failure without the message of the error, because Stripe repeats a part of the API key in it. */
function unreachableText(error: unknown): string {
  if (!(error instanceof Stripe.errors.StripeError)) return 'Stripe gave no readable response';
  return error.statusCode === undefined
    ? 'Stripe did not respond'
    : `Stripe responded with status ${error.statusCode} (${error.type})`;
}

type NamedContract = Pick<IdentifiedBilling, 'contract_id' | 'names_contract'>;

function contractNamedBy(invoice: z.infer<typeof NamingInvoice>): NamedContract {
  const subscription = invoice.parent?.subscription_details ?? invoice.subscription_details;
  return contractNamedIn(invoice.metadata?.contract_id, subscription?.metadata?.contract_id);
}

/** The first text that is a contract id of Covenant, and whether any text is set at all. The texts are `contract_id` in metadata. */
function contractNamedIn(...texts: unknown[]): NamedContract {
  return {
    contract_id: texts.map(contractIdOf).find((id) => id !== null) ?? null,
    names_contract: texts.some((text) => typeof text === 'string' && text.trim() !== ''),
  };
}

function idOf(reference: z.infer<typeof Reference>): string | null {
  return typeof reference === 'string' ? reference : (reference?.id ?? null);
}

function instantOf(seconds: number): Instant {
  return instantFromMillis(seconds * 1000);
}

function firstSentence(message: string): string {
  return (message.split(/\.\s|\n/)[0] ?? message).replace(/\.$/, '');
}
