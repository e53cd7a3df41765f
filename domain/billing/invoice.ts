/**
 * The facts of invoices on which a contract depends: whether an invoice is paid, and since when it is not.
 *
 * What is known of an invoice is the greatest of all its observations: by version when both have one, by the last answer of the
 * billing system, and otherwise by status and time. Events of one source have a total order, so it does not matter in which
 * order, how late or how often they arrive (domain.md 1.5.2, 1.5.4).
 */
import type { BillingSource, InvoiceObservation, InvoiceStatus } from './billing-event';
import { localDateAt } from '../base/calendar';
import { instantFromMillis, laterOf, millisOf } from '../base/instant';
import type { Instant, LocalDate } from '../base/instant';

/** What is known of one invoice. Prices stay in the billing system. */
export interface Invoice {
  source: BillingSource;
  invoice_id: string;
  status: InvoiceStatus;
  due_date: LocalDate;
  /** The day on which a payment was disputed; null unless the invoice is DISPUTED. */
  disputed_on: LocalDate | null;
  /** When the observed change happened: for a payment its own instant, however late it was reported. */
  occurred_at: Instant;
  version: number | null;
  /** When the billing system was queried; null for data from an event. */
  fetched_at: Instant | null;
  /** The rank of an observation, which is compared before its time: see {@link RANK}. */
  rank: number;
}

/** Identifies an invoice: its id is unique within its billing system. */
export type InvoiceName = Pick<Invoice, 'source' | 'invoice_id'>;

/** Whether two names identify the same invoice. */
export function isSameInvoice(a: InvoiceName, b: InvoiceName): boolean {
  return a.source === b.source && a.invoice_id === b.invoice_id;
}

/** An observation with its invoice. A refund is no observation: it neither reopens a paid invoice nor settles an open one. */
export interface ObservedInvoice extends InvoiceObservation {
  status: InvoiceStatus;
  source: BillingSource;
  invoice_id: string;
  fetched_at: Instant | null;
}

/** Without versions, a paid, closed or disputed invoice outranks an open one, in any order of arrival. */
const RANK: Record<InvoiceStatus, number> = {
  OPEN: 0,
  FAILED: 0,
  PAID: 1,
  VOID: 1,
  WRITTEN_OFF: 1,
  DISPUTED: 1,
};
/** With equal rank and instant, the later status in this list wins: a dispute must be later than the payment it disputes. */
const TIE_BREAK: readonly InvoiceStatus[] = ['OPEN', 'FAILED', 'DISPUTED', 'WRITTEN_OFF', 'VOID', 'PAID'];

/** What is known of an invoice after one more observation; `known` itself when the observation is not newer. */
export function invoiceAfter(known: Invoice | undefined, seen: ObservedInvoice, timezone: string): Invoice {
  const candidate = invoiceOf(seen, timezone);
  return known === undefined || outranks(candidate, known) ? candidate : known;
}

/** Whether one of these observations is newer than what is known of an invoice. */
export function isOutdated(known: Invoice, seen: readonly ObservedInvoice[], timezone: string): boolean {
  return seen.some((one) => isSameInvoice(one, known) && invoiceAfter(known, one, timezone) !== known);
}

/**
 * The instant of a query to a billing system; `at` is the time of the contract's clock. Of two answers the later query wins, so
 * each query gets a later instant than all before it: a test clock stands still between them.
 */
export function askedAt(invoices: readonly Pick<Invoice, 'fetched_at'>[], at: Instant): Instant {
  const earlier_queries = invoices.flatMap(({ fetched_at }) => fetched_at ?? []);
  return earlier_queries.reduce(
    (latest, queried_at) => laterOf(latest, instantFromMillis(millisOf(queried_at) + 1)),
    at,
  );
}

/** Whether an invoice is unpaid. */
export function isUnpaid({ status }: Pick<Invoice, 'status'>): boolean {
  return status === 'OPEN' || status === 'FAILED' || status === 'DISPUTED';
}

/** The date from which the dunning schedule of an invoice counts: its due date, or the day of its dispute (1.5.6). */
export function dunningStartDate(invoice: Pick<Invoice, 'due_date' | 'disputed_on'>): LocalDate {
  return invoice.disputed_on ?? invoice.due_date;
}

function invoiceOf(seen: ObservedInvoice, timezone: string): Invoice {
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
    rank: RANK[status],
  };
}

/**
 * A version is compared only with another version. An answer without a version is not outranked by an event with one. An answer
 * is valid until something happens after it, or until the next answer.
 */
function outranks(a: Invoice, b: Invoice): boolean {
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

/** Converts an instant to a date; a date stays as it is. */
function dateOf(due: string, timezone: string): LocalDate {
  return due.includes('T') ? localDateAt(due, timezone) : due;
}
