/**
 * Billing events in the form that all other code uses: what a billing system reported about one invoice, whichever system it is
 * (domain.md 1.5). Adapters create them from the messages of their systems.
 */
import { earlierOf, instantFromMillis, millisOf } from '../base/instant';
import type { Instant } from '../base/instant';
import type { Allowed } from '../base/refusal';

/** The billing systems with an adapter. The name is part of the path and of each invoice. */
export const BILLING_SOURCES = ['standard', 'stripe'] as const;
export type BillingSource = (typeof BILLING_SOURCES)[number];

export const INVOICE_STATUSES = ['OPEN', 'FAILED', 'PAID', 'VOID', 'WRITTEN_OFF', 'DISPUTED'] as const;
export type InvoiceStatus = (typeof INVOICE_STATUSES)[number];

/**
 * The status of an observation. A refund means that the invoice was paid before; it neither reopens nor settles an invoice
 * (1.5.6).
 */
export type SeenStatus = InvoiceStatus | 'REFUNDED';

/**
 * The outcome of a billing event. PENDING waits to be applied. PARKED waits until its contract or invoice is known. APPLIED and
 * IGNORED are final unless a person replays the event.
 */
export const BILLING_OUTCOMES = ['PENDING', 'APPLIED', 'IGNORED', 'PARKED'] as const;
export type BillingOutcome = (typeof BILLING_OUTCOMES)[number];

/** Why an event was ignored or parked when it was received. Applying events has further reasons. */
export const BILLING_REASONS = {
  NOT_RELEVANT: 'Events of this type do not concern contracts',
  CONTRACT_DELETED: 'The contract was deleted',
  CONTRACT_UNKNOWN: 'The event names no contract, or no contract has this id',
  INVOICE_UNKNOWN: 'The message does not name its invoice, which must be looked up',
  NO_INVOICE: 'The billing system has no invoice for it',
  NO_CONTRACT: 'The billing system was queried, and its invoice names no contract',
  GIVEN_UP: 'Parked for too long; it is not tried again',
} as const;
export type BillingReason = keyof typeof BILLING_REASONS;

/** How far an event may be dated ahead of its contract's clock before it counts as received now (1.5.4). */
export const FUTURE_TOLERANCE_MS = 5 * 60_000;

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** One observation of an invoice: from an event, or from the answer of its billing system. */
export interface InvoiceObservation {
  status: SeenStatus;
  /** The local date on which it was due, or an instant, which is converted to a date in the contract's zone; null when unknown. */
  due: string | null;
  /** When the observed change happened; for a dispute, when it was opened. */
  occurred_at: Instant;
  /** Increases with every change of the invoice, if its system counts versions. */
  version: number | null;
}

/** A billing event after its signature and form were checked. Its raw text is stored with it. */
export interface BillingEvent {
  source: BillingSource;
  /** The id that the sender gave it: equal ids are one event. */
  event_id: string;
  /** The type that the sender gave it: `invoice.paid`, `charge.dispute.created`. */
  type: string;
  occurred_at: Instant;
  /** An id in the form of contract ids; null when the message names none. `BillingPort.identify` may then find it. */
  contract_id: string | null;
  /** Null when the message names none. `BillingPort.identify` then finds it. */
  invoice_id: string | null;
  /** Null when the invoice must be fetched, because the event has no data of it, or when the event is not relevant. */
  observation: InvoiceObservation | null;
  /** Whether the event concerns contracts. Other events are stored and ignored. */
  relevant: boolean;
}

/** Identifies the invoice to fetch. */
export interface InvoiceReference {
  invoice_id: string;
}

/** An invoice as its billing system returns it. A draft has no observation, because it need not be paid yet. */
export type FetchedInvoice =
  { found: true; contract_id: string | null; observation: InvoiceObservation | null } | { found: false };

/** The invoice and contract of a billing event, as far as its billing system knows them. */
export interface IdentifiedBilling {
  invoice_id: string | null;
  contract_id: string | null;
  /** Whether the invoice names a contract, even by a text that is no contract id. In that case a person has to check it. */
  names_contract: boolean;
}

/** Queries one billing system. */
export interface BillingPort {
  source: BillingSource;
  /** Whether invoices can be fetched. The events of a source without this are trusted, because there is no system to query. */
  fetches: boolean;
  /** Fetches the invoice as it is now. Throws BillingUnreachable when there is no answer; try later. */
  fetchInvoice(reference: InvoiceReference): Promise<FetchedInvoice>;
  /**
   * Finds the invoice and contract of an event that does not name both, from its raw text; nulls where there is none. Null when
   * there is nothing to query. Throws BillingUnreachable like `fetchInvoice`.
   */
  identify(raw: string): Promise<IdentifiedBilling | null>;
}

/** The billing system gave no usable answer. Try later; do not guess. */
export class BillingUnreachable extends Error {}

/**
 * The outcome of an event as it is shown. An event whose billing system still has to say which invoice it concerns is shown as
 * pending, because no person has to act. It is stored as PARKED, because no contract can apply it yet.
 */
export function shownOutcome({
  outcome,
  invoice_id,
}: {
  outcome: BillingOutcome;
  invoice_id: string | null;
}): BillingOutcome {
  return outcome === 'PARKED' && invoice_id === null ? 'PENDING' : outcome;
}

/** The actions on an event. Each can be replayed; replaying one that is pending or concerns no contract changes nothing. */
export function billingEventActions(): Record<'replay', Allowed> {
  return { replay: true };
}

/** Receives the messages of one billing system. */
export interface BillingReceiver {
  source: BillingSource;
  /** Checks the signature of the exact bytes, then parses them. Unknown fields are accepted. */
  receive(body: Uint8Array, headers: Readonly<Record<string, string | undefined>>, now: Instant): ReceivedMessage;
}

/** An accepted message with its raw text, or why it was not accepted. */
export type ReceivedMessage =
  | { accepted: true; event: BillingEvent; raw: string }
  | { accepted: false; why: 'BAD_SIGNATURE' | 'MALFORMED_JSON'; detail: string }
  | { accepted: false; why: 'VALIDATION_FAILED'; errors: { path: string; message: string }[] };

/**
 * The event as it is stored. An event dated more than five minutes ahead of `now`, by its contract's clock, is stored as
 * received now and flagged (1.5.4).
 */
export function datedByNow(event: BillingEvent, now: Instant): { event: BillingEvent; future_dated: boolean } {
  const latest = instantFromMillis(millisOf(now) + FUTURE_TOLERANCE_MS);
  const observed_at = event.observation?.occurred_at ?? event.occurred_at;
  if (event.occurred_at <= latest && observed_at <= latest) return { event, future_dated: false };
  const observation = event.observation && { ...event.observation, occurred_at: earlierOf(observed_at, now) };
  return { event: { ...event, occurred_at: earlierOf(event.occurred_at, now), observation }, future_dated: true };
}

/** The contract id in a text, without spaces around it; null when the text is no such id. */
export function contractIdOf(text: unknown): string | null {
  if (typeof text !== 'string') return null;
  const id = text.trim().toLowerCase();
  return UUID.test(id) ? id : null;
}

/** The first outcome of a received event. `contract` is the contract that it names; undefined when it names none or none exists. */
export function outcomeAtArrival(
  event: Pick<BillingEvent, 'relevant' | 'invoice_id'>,
  contract: { deleted: boolean } | undefined,
): { outcome: BillingOutcome; reason: BillingReason | null } {
  if (!event.relevant) return { outcome: 'IGNORED', reason: 'NOT_RELEVANT' };
  if (contract?.deleted) return { outcome: 'IGNORED', reason: 'CONTRACT_DELETED' };
  if (event.invoice_id === null) return { outcome: 'PARKED', reason: 'INVOICE_UNKNOWN' };
  if (!contract) return { outcome: 'PARKED', reason: 'CONTRACT_UNKNOWN' };
  return { outcome: 'PENDING', reason: null };
}
