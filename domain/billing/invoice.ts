/**
 * Invoices of a contract, as far as its life depends on them: whether they are paid, and since when they are not.
 *
 * What is known of an invoice is the greatest of all observations of it: by version where both have one, by what the
 * billing system answered last, and else by what was seen and when. Events of one source order totally, so it does not
 * matter in which order, how late or how often they arrive (domain.md 1.5.2, 1.5.4).
 */
import type { BillingSource, InvoiceObservation, InvoiceStatus } from './billing-event';
import { localDateAt } from '../base/calendar';
import { instantFromMillis, laterOf, millisOf } from '../base/instant';
import type { Instant, LocalDate } from '../base/instant';

/** What is known of one invoice. No prices: they are the billing system's. */
export interface Invoice {
  source: BillingSource;
  invoice_id: string;
  status: InvoiceStatus;
  due_date: LocalDate;
  /** The day on which a payment was disputed; null unless the invoice is DISPUTED. */
  disputed_on: LocalDate | null;
  /** When what is known happened: a payment's own instant, however late it was heard of. */
  occurred_at: Instant;
  version: number | null;
  /** When the billing system was asked; null when an event told it. */
  fetched_at: Instant | null;
  /** What an observation is worth before its time is looked at: see {@link WORTH}. */
  rank: number;
}

/** What names an invoice: its id is unique within its billing system. */
export type InvoiceName = Pick<Invoice, 'source' | 'invoice_id'>;

/** Whether two name the same invoice. */
export function isSameInvoice(a: InvoiceName, b: InvoiceName): boolean {
  return a.source === b.source && a.invoice_id === b.invoice_id;
}

/** An observation with the invoice it is of. A refund is none: it neither reopens a paid invoice nor settles an open one. */
export interface SeenInvoice extends InvoiceObservation {
  status: InvoiceStatus;
  source: BillingSource;
  invoice_id: string;
  fetched_at: Instant | null;
}

/** Without versions a settled or disputed invoice outweighs one that is only open, whichever came last. */
const WORTH: Record<InvoiceStatus, number> = {
  OPEN: 0,
  FAILED: 0,
  PAID: 1,
  VOID: 1,
  WRITTEN_OFF: 1,
  DISPUTED: 1,
};
/** Of the same worth and instant the later in this list stands: a dispute must be later than the payment it disputes. */
const TIE_BREAK: readonly InvoiceStatus[] = ['OPEN', 'FAILED', 'DISPUTED', 'WRITTEN_OFF', 'VOID', 'PAID'];

/** What is known of an invoice after one more look at it; `known` itself when the look tells nothing newer. */
export function invoiceAfter(known: Invoice | undefined, seen: SeenInvoice, timezone: string): Invoice {
  const candidate = invoiceOf(seen, timezone);
  return known === undefined || outweighs(candidate, known) ? candidate : known;
}

/** Whether one of these looks shows something newer of an invoice than what is known. */
export function isOutdated(known: Invoice, seen: readonly SeenInvoice[], timezone: string): boolean {
  return seen.some((one) => isSameInvoice(one, known) && invoiceAfter(known, one, timezone) !== known);
}

/**
 * The instant of a question to a billing system; `at` is the time by the contract's clock. Of two answers the one asked for later
 * holds, so a question is later than all before it: a test clock stands still between them.
 */
export function askedAt(invoices: readonly Pick<Invoice, 'fetched_at'>[], at: Instant): Instant {
  const asked_before = invoices.flatMap(({ fetched_at }) => fetched_at ?? []);
  return asked_before.reduce((latest, asked) => laterOf(latest, instantFromMillis(millisOf(asked) + 1)), at);
}

/** Whether money is still owed. */
export function isUnpaid({ status }: Pick<Invoice, 'status'>): boolean {
  return status === 'OPEN' || status === 'FAILED' || status === 'DISPUTED';
}

/** From which day the ladder counts: the day it was due; for a disputed one the day of the dispute (1.5.6). */
export function dunningStartDate(invoice: Pick<Invoice, 'due_date' | 'disputed_on'>): LocalDate {
  return invoice.disputed_on ?? invoice.due_date;
}

function invoiceOf(seen: SeenInvoice, timezone: string): Invoice {
  const { status } = seen;
  return {
    source: seen.source,
    invoice_id: seen.invoice_id,
    status,
    due_date: dateOf(seen.due ?? seen.occurred_at, timezone),
    disputed_on: status === 'DISPUTED' ? localDateAt(seen.occurred_at, timezone) : null,
    occurred_at: seen.occurred_at,
    version: seen.version,
    fetched_at: seen.fetched_at,
    rank: WORTH[status],
  };
}

/**
 * A version is compared with a version alone: an answer without one is worth what an answer is worth, and not less than
 * any event that had one. An answer stands until something happens after it, or until the next one.
 */
function outweighs(a: Invoice, b: Invoice): boolean {
  if (a.version !== null && b.version !== null && a.version !== b.version) return a.version > b.version;
  if (a.fetched_at !== null && b.fetched_at !== null && a.fetched_at !== b.fetched_at)
    return a.fetched_at > b.fetched_at;
  if (a.fetched_at !== null && b.fetched_at === null) return b.occurred_at <= a.fetched_at;
  if (a.fetched_at === null && b.fetched_at !== null) return a.occurred_at > b.fetched_at;
  const weights = [
    a.rank - b.rank,
    order(a.occurred_at, b.occurred_at),
    TIE_BREAK.indexOf(a.status) - TIE_BREAK.indexOf(b.status),
    order(a.due_date, b.due_date),
  ];
  return (weights.find((weight) => weight !== 0) ?? 0) > 0;
}

function order(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** An instant has a time, a date has none. */
function dateOf(due: string, timezone: string): LocalDate {
  return due.includes('T') ? localDateAt(due, timezone) : due;
}
