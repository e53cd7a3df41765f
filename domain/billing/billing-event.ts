/**
 * Billing events as the rest of the house knows them: what a billing system said about one invoice, whoever said it and
 * in whichever form (domain.md 1.5). Adapters make these from their systems' messages.
 */
import { earlierOf, instantFromMillis, millisOf } from '../base/instant';
import type { Instant } from '../base/instant';
import type { Allowed } from '../base/refusal';

/** The billing systems there are adapters for; the name stands in the path and beside each invoice. */
export const BILLING_SOURCES = ['standard', 'stripe'] as const;
export type BillingSource = (typeof BILLING_SOURCES)[number];

export const INVOICE_STATUSES = ['OPEN', 'FAILED', 'PAID', 'VOID', 'WRITTEN_OFF', 'DISPUTED'] as const;
export type InvoiceStatus = (typeof INVOICE_STATUSES)[number];

/** What can be seen of an invoice. A refund says that it was paid once; it neither reopens nor settles one (1.5.6). */
export type SeenStatus = InvoiceStatus | 'REFUNDED';

/**
 * What became of a billing event. PENDING waits to be applied; PARKED waits for a contract or an invoice to become known;
 * APPLIED and IGNORED are final unless somebody replays the event.
 */
export const BILLING_OUTCOMES = ['PENDING', 'APPLIED', 'IGNORED', 'PARKED'] as const;
export type BillingOutcome = (typeof BILLING_OUTCOMES)[number];

/** Why an event was ignored or parked on its way in; what applies events has reasons of its own beside these. */
export const BILLING_REASONS = {
  NOT_RELEVANT: 'Events of this type do not concern contracts',
  CONTRACT_DELETED: 'The contract was deleted',
  CONTRACT_UNKNOWN: 'No contract has the id that was named, or none was named',
  INVOICE_UNKNOWN: 'The message does not name its invoice, which has to be looked up',
  NO_INVOICE: 'The billing system knows no invoice for it',
  NO_CONTRACT: 'The billing system was asked, and its invoice names no contract',
  GIVEN_UP: 'Parked for so long that it is not tried any more',
} as const;
export type BillingReason = keyof typeof BILLING_REASONS;

/** An event may be dated so far ahead of its contract's clock before it is treated as received now (1.5.4). */
export const FUTURE_TOLERANCE_MS = 5 * 60_000;

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** One look at an invoice: what an event said of it, or what its billing system answered. */
export interface InvoiceObservation {
  status: SeenStatus;
  /** The local date on which it was due, or the instant, which the contract's zone makes a date; null when not told. */
  due: string | null;
  /** When what was seen happened; for a dispute, when it was opened. */
  occurred_at: Instant;
  /** Grows with every change of the invoice in its system, where that system counts. */
  version: number | null;
}

/** A billing event once its signature was checked and its form read; its raw text is kept beside it. */
export interface BillingEvent {
  source: BillingSource;
  /** The sender's own id: equal ids are one event. */
  event_id: string;
  /** As the sender calls it: `invoice.paid`, `charge.dispute.created`. */
  type: string;
  occurred_at: Instant;
  /** In the form of our ids; null when the message names none, and then `BillingPort.identify` may find it out. */
  contract_id: string | null;
  /** Null when the message names none; `BillingPort.identify` finds it out. */
  invoice_id: string | null;
  /** Null when the event says nothing by itself and its invoice has to be fetched, or when it is of no concern. */
  observation: InvoiceObservation | null;
  /** Whether the event concerns contracts at all; others are kept and ignored. */
  relevant: boolean;
}

/** Which invoice to ask for. */
export interface InvoiceReference {
  invoice_id: string;
}

/** An invoice as its billing system tells it; without an observation when nothing is owed by it yet (a draft). */
export type FetchedInvoice =
  { found: true; contract_id: string | null; observation: InvoiceObservation | null } | { found: false };

/** What a billing event concerns, as far as its billing system can tell. */
export interface IdentifiedBilling {
  invoice_id: string | null;
  contract_id: string | null;
  /** Whether a contract is named, also by a text that is no id of ours: then a person has to look. */
  names_contract: boolean;
}

/** Asks one billing system. */
export interface BillingPort {
  source: BillingSource;
  /** Whether invoices can be asked for. A source that only sends events is believed: there is nobody else to ask. */
  fetches: boolean;
  /** The invoice as it is now. Throws BillingUnreachable when there is no answer, to be tried later. */
  fetchInvoice(reference: InvoiceReference): Promise<FetchedInvoice>;
  /**
   * The invoice and contract of an event that does not name both, from its text as it came; nulls where there is none. Null
   * when there is nothing to ask about. Throws BillingUnreachable as `fetchInvoice` does.
   */
  identify(raw: string): Promise<IdentifiedBilling | null>;
}

/** The billing system gave no answer that can be used: try later, and guess nothing. */
export class BillingUnreachable extends Error {}

/**
 * The outcome of an event as callers see it: what waits until its billing system has said which invoice it concerns is pending, like
 * everything that needs no person. It is stored as PARKED, because no contract can apply it yet.
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

/** The actions on an event: it can always be put back; one that waits, or concerns no contract, stays as it is. */
export function billingEventActions(): Record<'replay', Allowed> {
  return { replay: true };
}

/** Receives one billing system's messages. */
export interface BillingReceiver {
  source: BillingSource;
  /** Checks the signature over the exact bytes, then reads them. Unknown fields are accepted. */
  receive(body: Uint8Array, headers: Readonly<Record<string, string | undefined>>, now: Instant): ReceivedMessage;
}

/** A message that was accepted, with its text as it came, or why it was not. */
export type ReceivedMessage =
  | { accepted: true; event: BillingEvent; raw: string }
  | { accepted: false; why: 'BAD_SIGNATURE' | 'MALFORMED_JSON'; detail: string }
  | { accepted: false; why: 'VALIDATION_FAILED'; errors: { path: string; message: string }[] };

/**
 * The event as it is kept: one that is dated more than five minutes ahead of `now`, by its contract's clock, is treated
 * as received now and flagged (1.5.4).
 */
export function datedByNow(event: BillingEvent, now: Instant): { event: BillingEvent; future_dated: boolean } {
  const latest = instantFromMillis(millisOf(now) + FUTURE_TOLERANCE_MS);
  const observed_at = event.observation?.occurred_at ?? event.occurred_at;
  if (event.occurred_at <= latest && observed_at <= latest) return { event, future_dated: false };
  const observation = event.observation && { ...event.observation, occurred_at: earlierOf(observed_at, now) };
  return { event: { ...event, occurred_at: earlierOf(event.occurred_at, now), observation }, future_dated: true };
}

/** The id of a contract in the form of ours, or null when the text cannot be one. Spaces around it do not count. */
export function contractIdOf(text: unknown): string | null {
  if (typeof text !== 'string') return null;
  const id = text.trim().toLowerCase();
  return UUID.test(id) ? id : null;
}

/** What an event is at first; `contract` is the one it names, undefined when it names none or there is none. */
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
