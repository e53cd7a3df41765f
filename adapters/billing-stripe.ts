/**
 * Billing by Stripe. Its messages are taken as a hint that an invoice changed, and the invoice is then fetched: Stripe
 * neither orders its messages nor counts the changes of an invoice, so only what it answers now can be believed.
 *
 * The contract is named by `metadata.contract_id` of the invoice, of its subscription, or of a dispute.
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
import { instantFromMillis, millisOf } from '../domain/base/instant';
import type { Instant } from '../domain/base/instant';
import { rejectSignature, rejectShape, rejectNonText, readJson, textOf } from './signed-text';

/** How long one question may take; a second try is the package's own. */
const ASK_TIMEOUT_MS = 5_000;
const RETRIES_MAX = 1;
/** Payments of one invoice, and disputes of one payment, that are looked at. Stripe gives no more in one answer. */
const ROWS_MAX = 100;

/** Messages after which an invoice may stand otherwise than before. Drafts are owed by nobody, so their making is not among them. */
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
 * Disputes that took the money back, or may still keep it. An inquiry (`warning_…`) takes none, a won dispute gave it
 * back, a prevented one never was.
 */
const STANDING_DISPUTES: readonly string[] = [
  'needs_response',
  'under_review',
  'appeal_needs_response',
  'appeal_under_review',
  'lost',
];

const Seconds = z.int().nonnegative().max(32_472_144_000);
const Metadata = z.looseObject({ contract_id: z.string().optional() }).nullish();
const Subscription = z.looseObject({ metadata: Metadata }).nullish();

/** The numbers of a message that are read. */
const EXACT_NUMBERS = [['created']];

/** Where a message holds what it is about. */
const OBJECT_PATH = ['data', 'object'];

/** What every message of Stripe has. */
const StripeEvent = z.looseObject({
  id: ForeignId,
  object: z.literal('event', 'must be a snapshot event: set the endpoint up with the payload style "snapshot"'),
  type: ForeignType,
  created: Seconds,
  data: z.looseObject({ object: z.looseObject({}) }),
});

/** Where an invoice names its contract; interfaces of Stripe before 2025 have no `parent`. */
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

const AnsweredInvoice = NamingInvoice.extend({
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
type AnsweredInvoice = z.infer<typeof AnsweredInvoice>;

const AnsweredPayments = z.array(Payment.extend({ invoice: Reference }));
const AnsweredDisputes = z.array(z.looseObject({ status: z.string(), created: Seconds }));

/** Receives messages signed with any of the endpoint's secrets; there is more than one while they are rolled. */
export function createStripeReceiver(secrets: readonly string[]): BillingReceiver {
  return {
    source: 'stripe',
    receive(body, headers, now) {
      const raw = textOf(body);
      if (raw === null) return rejectNonText();
      const problem = findStripeSignatureProblem(secrets, raw, headers['stripe-signature'], now);
      return problem === null ? messageOf(raw) : rejectSignature(problem);
    },
  };
}

/** How to ask Stripe. */
export interface StripeAccess {
  api_key: string;
  /** An origin. */
  url: string;
  /** How long one question may take; five seconds unless given. */
  timeout_ms?: number;
}

/** Asks Stripe with an API key. Restricted keys need to read invoices, invoice payments and disputes. */
export function createStripePort({ api_key, url, timeout_ms = ASK_TIMEOUT_MS }: StripeAccess): BillingPort {
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

/** Null when one of the secrets signed the message, else what the package says is wrong. */
function findStripeSignatureProblem(
  secrets: readonly string[],
  raw: string,
  signature: string | undefined,
  now: Instant,
): string | null {
  if (!signature) return 'There is no Stripe-Signature header';
  let problem = 'There is no secret to check it with';
  for (const secret of secrets) {
    try {
      const tolerance = Stripe.webhooks.DEFAULT_TOLERANCE;
      if (Stripe.webhooks.signature?.verifyHeader(raw, signature, secret, tolerance, undefined, millisOf(now)) === true)
        return null;
    } catch (error) {
      // A header that is no signature at all is met with errors of any kind.
      const told = error instanceof Stripe.errors.StripeSignatureVerificationError ? error.message : null;
      problem = told === null ? 'The Stripe-Signature header cannot be read' : firstSentence(told);
    }
  }
  return problem;
}

function messageOf(raw: string): ReceivedMessage {
  const read = readJson(raw, EXACT_NUMBERS);
  if (!('json' in read)) return read;
  const parsed = StripeEvent.safeParse(read.json);
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
    const dispute = Dispute.safeParse(data.object);
    if (!dispute.success) return rejectShape(dispute.error, OBJECT_PATH);
    const contract_id = contractIdOf(dispute.data.metadata?.contract_id);
    return { accepted: true, raw, event: { ...event, contract_id, relevant: true } };
  }
  if (!INVOICE_TYPES.includes(type)) return { accepted: true, raw, event };
  const invoice = NamingInvoice.safeParse(data.object);
  if (!invoice.success) return rejectShape(invoice.error, OBJECT_PATH);
  const { contract_id } = contractNamedBy(invoice.data);
  const named = { contract_id, invoice_id: invoice.data.id };
  return { accepted: true, raw, event: { ...event, ...named, relevant: invoice.data.status !== 'draft' } };
}

async function fetchInvoice(stripe: Stripe, invoice_id: string): Promise<FetchedInvoice> {
  const invoice = await answered(AnsweredInvoice, () => stripe.invoices.retrieve(invoice_id, { expand: ['payments'] }));
  if (invoice === 'missing') return { found: false };
  if (invoice.id !== invoice_id) throw new BillingUnreachable('Stripe answered with another invoice');
  return {
    found: true,
    contract_id: contractNamedBy(invoice).contract_id,
    observation: (await disputeOf(stripe, invoice)) ?? observationOf(invoice),
  };
}

/** What Stripe says of an invoice itself; null while it is a draft. */
function observationOf(invoice: AnsweredInvoice): InvoiceObservation | null {
  const { status, created, status_transitions: at } = invoice;
  const finalized_at = at.finalized_at ?? created;
  const seen = (
    observed: InvoiceObservation['status'],
    happened_at: number | null | undefined,
  ): InvoiceObservation => ({
    status: observed,
    due: instantOf(invoice.due_date ?? invoice.effective_at ?? finalized_at),
    occurred_at: instantOf(happened_at ?? finalized_at),
    version: null,
  });
  switch (status) {
    case 'draft':
      return null;
    case 'open':
      // Stripe does not say when an attempt failed, only that one was made.
      return seen(invoice.attempted && invoice.attempt_count > 0 ? 'FAILED' : 'OPEN', finalized_at);
    case 'paid':
      return seen('PAID', at.paid_at);
    case 'void':
      return seen('VOID', at.voided_at);
    case 'uncollectible':
      return seen('WRITTEN_OFF', at.marked_uncollectible_at);
  }
}

/** A paid invoice of which a payment is disputed counts as unpaid from the day of the first such dispute. */
async function disputeOf(stripe: Stripe, invoice: AnsweredInvoice): Promise<InvoiceObservation | null> {
  if (invoice.status !== 'paid') return null;
  const disputes: number[] = [];
  for (const { status, payment } of await paymentsOf(stripe, invoice)) {
    if (status !== 'paid') continue;
    const [payment_intent, charge] = [idOf(payment.payment_intent), idOf(payment.charge)];
    if (payment_intent === null && charge === null) continue;
    const of = payment_intent === null ? { charge: charge as string } : { payment_intent };
    const found = await answered(
      AnsweredDisputes,
      async () => (await stripe.disputes.list({ ...of, limit: ROWS_MAX })).data,
    );
    if (found === 'missing') continue;
    disputes.push(
      ...found.filter((dispute) => STANDING_DISPUTES.includes(dispute.status)).map(({ created }) => created),
    );
  }
  const observation = observationOf(invoice);
  if (disputes.length === 0 || observation === null) return null;
  return { ...observation, status: 'DISPUTED', occurred_at: instantOf(Math.min(...disputes)) };
}

/** The payments that came with the invoice, or all of them when those were only the first. */
async function paymentsOf(stripe: Stripe, { id, payments }: AnsweredInvoice): Promise<z.infer<typeof Payment>[]> {
  if (!payments?.has_more) return payments?.data ?? [];
  const all = await answered(
    AnsweredPayments,
    async () => (await stripe.invoicePayments.list({ invoice: id, status: 'paid', limit: ROWS_MAX })).data,
  );
  return all === 'missing' ? [] : all;
}

/** What a message concerns that did not say so: the invoice behind a disputed payment, and the contract behind an invoice. */
async function identify(stripe: Stripe, raw: string): Promise<IdentifiedBilling> {
  const { type, data } = StripeEvent.parse(JSON.parse(raw));
  if (!DISPUTE_TYPES.includes(type)) {
    const { id } = NamingInvoice.parse(data.object);
    return { invoice_id: id, ...(await contractOfInvoice(stripe, id)) };
  }
  const dispute = Dispute.parse(data.object);
  const of_dispute = contractNamedIn(dispute.metadata?.contract_id);
  const { contract_id } = of_dispute;
  const payment_intent = idOf(dispute.payment_intent);
  if (payment_intent === null) return { invoice_id: null, ...of_dispute };
  const payments = await answered(
    AnsweredPayments,
    async () =>
      (await stripe.invoicePayments.list({ payment: { type: 'payment_intent', payment_intent }, limit: ROWS_MAX }))
        .data,
  );
  const invoices = payments === 'missing' ? [] : payments.flatMap(({ invoice }) => idOf(invoice) ?? []);
  // A payment can be for several invoices; ours is the one that names a contract.
  let { names_contract } = of_dispute;
  for (const invoice_id of invoices) {
    const named = await contractOfInvoice(stripe, invoice_id);
    if (named.contract_id !== null && (contract_id === null || named.contract_id === contract_id))
      return { invoice_id, ...named };
    names_contract ||= named.names_contract;
  }
  return { invoice_id: invoices[0] ?? null, contract_id, names_contract };
}

async function contractOfInvoice(stripe: Stripe, invoice_id: string): Promise<NamedContract> {
  const invoice = await answered(NamingInvoice, () => stripe.invoices.retrieve(invoice_id));
  return invoice === 'missing' ? contractNamedIn() : contractNamedBy(invoice);
}

/** What Stripe answers, in the form we read; `missing` when it knows no such thing. */
async function answered<T>(shape: z.ZodType<T>, ask: () => Promise<unknown>): Promise<T | 'missing'> {
  let answer: unknown;
  try {
    answer = await ask();
  } catch (error) {
    if (error instanceof Stripe.errors.StripeError && error.code === 'resource_missing') return 'missing';
    throw new BillingUnreachable(unreachableText(error));
  }
  const parsed = shape.safeParse(answer);
  if (!parsed.success) throw new BillingUnreachable('Stripe answered in a form that we do not know');
  return parsed.data;
}

/** Says what failed without its message, in which Stripe repeats a part of the API key. */
function unreachableText(error: unknown): string {
  if (!(error instanceof Stripe.errors.StripeError)) return 'Stripe gave no answer that can be read';
  return error.statusCode === undefined
    ? 'Stripe did not answer'
    : `Stripe answered ${error.statusCode} (${error.type})`;
}

type NamedContract = Pick<IdentifiedBilling, 'contract_id' | 'names_contract'>;

function contractNamedBy(invoice: z.infer<typeof NamingInvoice>): NamedContract {
  const subscription = invoice.parent?.subscription_details ?? invoice.subscription_details;
  return contractNamedIn(invoice.metadata?.contract_id, subscription?.metadata?.contract_id);
}

/** What the texts under `contract_id` in metadata name: the first that is an id of ours, and whether any names a contract at all. */
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
