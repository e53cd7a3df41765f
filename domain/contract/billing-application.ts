/**
 * What billing events do to a contract: each is taken as one more look at its invoice and leaves exactly one audit row,
 * whether it told something new or not (domain.md 1.5). What follows from it is `consequence.ts`'s.
 */
import type { BillingSource, InvoiceObservation } from '../billing/billing-event';
import { expiresAt } from './contract';
import type { ContractFacts } from './facts';
import type { ContractAction, ContractChange } from './change';
import type { DecisionContext } from './decision';
import type { Instant } from '../base/instant';
import { invoiceAfter, isSameInvoice } from '../billing/invoice';
import type { Invoice, InvoiceName, SeenInvoice } from '../billing/invoice';
import type { JsonObject } from '../base/json';
import { automaticRenewal } from './automatic-renewal';

/** An event that is due, with what is known of its invoice: from the event itself, or from the billing system just now. */
export interface LookedUpBillingEvent {
  id: string;
  source: BillingSource;
  event_id: string;
  type: string;
  invoice_id: string;
  future_dated: boolean;
  /** How often it was tried before. */
  tries: number;
  /** When it came in, by the contract's clock. */
  reported_at: Instant;
  look:
    | { at: 'event'; observation: InvoiceObservation }
    | { at: 'source'; fetched_at: Instant; observation: InvoiceObservation }
    | { at: 'nothing'; outcome: 'PARKED' | 'IGNORED'; reason: string };
}

/** What became of an event. */
export interface BillingVerdict {
  id: string;
  outcome: 'APPLIED' | 'IGNORED' | 'PARKED';
  reason: string | null;
}

/** What is known of an event's invoice. */
export type Look = LookedUpBillingEvent['look'];

/** The look at its invoice that an event amounts to; null when there is none, or it shows a refund, which is no look (1.5.6). */
export function seenInvoice({ source, invoice_id }: InvoiceName, look: Look): SeenInvoice | null {
  if (look.at === 'nothing') return null;
  const { status, ...observed } = look.observation;
  if (status === 'REFUNDED') return null;
  return { ...observed, status, source, invoice_id, fetched_at: look.at === 'source' ? look.fetched_at : null };
}

/** Applies events in the order given; answers the changes, one for each event that is told, and every verdict. */
export function applyEvents(
  facts: ContractFacts,
  events: LookedUpBillingEvent[],
  context: DecisionContext,
): { changes: ContractChange[]; verdicts: BillingVerdict[] } {
  const { now } = context;
  const changes: ContractChange[] = [];
  const verdicts: BillingVerdict[] = [];
  let current = facts;
  for (const event of events) {
    const { verdict, invoice, details } = judge(current, event);
    verdicts.push(verdict);
    const others = current.invoices.filter((old) => !isSameInvoice(old, event));
    if (invoice) current = { ...current, invoices: [...others, invoice] };
    // What was held of an invoice that is somebody else's is forgotten here.
    else if (verdict.reason === 'OTHER_CONTRACT') current = { ...current, invoices: others };
    // What is parked is tried again and again; it is told once.
    if (verdict.outcome === 'PARKED' && event.tries > 0) continue;
    const { source, event_id, type, invoice_id } = event;
    const flagged = event.future_dated ? { future_dated: true } : {};
    changes.push({
      facts: current,
      at: now,
      action: ACTIONS[verdict.outcome],
      ...(verdict.reason === null ? {} : { reason: verdict.reason }),
      revised: false,
      details: { source, event_id, type, invoice_id, ...details, ...flagged },
    });
  }
  const applied = events.filter(({ id }) => verdicts.some((one) => one.id === id && one.outcome === 'APPLIED'));
  const renewal = renewalAfterLatePayment(current, applied, context);
  return { changes: renewal === null ? changes : [...changes, renewal], verdicts };
}

/** The renewal that an unpaid invoice blocked although the payment was here before the end; null when there is none to make up for. */
function renewalAfterLatePayment(
  facts: ContractFacts,
  applied: LookedUpBillingEvent[],
  context: DecisionContext,
): ContractChange | null {
  const ends_at = expiresAt(facts);
  if (ends_at === null || !applied.some(({ reported_at }) => reported_at < ends_at)) return null;
  return automaticRenewal(facts, context.now, context, 'late_payment');
}

const ACTIONS: Record<BillingVerdict['outcome'], ContractAction> = {
  APPLIED: 'billing.event_received',
  IGNORED: 'billing.event_ignored',
  PARKED: 'billing.parked',
};

function judge(
  facts: ContractFacts,
  event: LookedUpBillingEvent,
): { verdict: BillingVerdict; invoice?: Invoice; details: JsonObject } {
  const { id, look } = event;
  if (look.at === 'nothing') return { verdict: { id, outcome: look.outcome, reason: look.reason }, details: {} };
  const known = facts.invoices.find((invoice) => isSameInvoice(invoice, event));
  const seen = seenInvoice(event, look);
  // Whoever was paid back had paid: nothing is owed again, and nothing else is settled by it (1.5.6).
  if (seen === null) return { verdict: { id, outcome: 'IGNORED', reason: 'REFUND' }, details: {} };
  const invoice = invoiceAfter(known, seen, facts.timezone);
  if (invoice === known) return { verdict: { id, outcome: 'IGNORED', reason: 'STALE' }, details: { is: known.status } };
  const { status, due_date, occurred_at } = invoice;
  const details = { was: known?.status ?? null, is: status, due_date, occurred_at };
  return { verdict: { id, outcome: 'APPLIED', reason: null }, invoice, details };
}
