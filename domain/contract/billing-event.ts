/**
 * How billing events change a contract: each is an observation of its invoice and leaves exactly one audit row, also when it
 * changes nothing (domain.md 1.5). `consequence.ts` decides what follows.
 */
import type { BillingSource, InvoiceObservation } from '../billing/billing-event';
import { expiresAt } from './contract';
import type { ContractFacts } from './facts';
import type { ContractAction, ContractChange } from './change';
import type { DecisionContext } from './decision';
import type { Instant } from '../base/instant';
import { invoiceAfter, isSameInvoice } from '../billing/invoice';
import type { Invoice, InvoiceName, ObservedInvoice } from '../billing/invoice';
import type { JsonObject } from '../base/json';
import { automaticRenewal } from './automatic-renewal';

/** A due event with what is known of its invoice: from the event, or from the billing system just now. */
export interface LookedUpBillingEvent {
  id: string;
  source: BillingSource;
  event_id: string;
  type: string;
  invoice_id: string;
  future_dated: boolean;
  /** The number of earlier attempts. */
  tries: number;
  /** When it was received, by the contract's clock. */
  reported_at: Instant;
  look:
    | { at: 'event'; observation: InvoiceObservation }
    | { at: 'source'; fetched_at: Instant; observation: InvoiceObservation }
    | { at: 'nothing'; outcome: 'PARKED' | 'IGNORED'; reason: string };
}

/** The outcome of an event. */
export interface BillingVerdict {
  id: string;
  outcome: 'APPLIED' | 'IGNORED' | 'PARKED';
  reason: string | null;
}

/** What is known of an event's invoice. */
export type InvoiceLookup = LookedUpBillingEvent['look'];

/** The observation of the invoice that an event gives; null when there is none. A refund is no observation (1.5.6). */
export function observedInvoice({ source, invoice_id }: InvoiceName, look: InvoiceLookup): ObservedInvoice | null {
  if (look.at === 'nothing') return null;
  const { status, ...observed } = look.observation;
  if (status === 'REFUNDED') return null;
  return { ...observed, status, source, invoice_id, fetched_at: look.at === 'source' ? look.fetched_at : null };
}

/** Applies events in the given order. Returns the changes, one for each event that is recorded, and the verdict on every event. */
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
    const { verdict, invoice, details } = decideEvent(current, event);
    verdicts.push(verdict);
    const others = current.invoices.filter((old) => !isSameInvoice(old, event));
    if (invoice) current = { ...current, invoices: [...others, invoice] };
    // An invoice that belongs to another contract is removed here.
    else if (verdict.reason === 'OTHER_CONTRACT') current = { ...current, invoices: others };
    // A parked event is tried many times and recorded once.
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

/** The renewal that an unpaid invoice had blocked although its payment was received before the end; null when there is none. */
function renewalAfterLatePayment(
  facts: ContractFacts,
  applied: LookedUpBillingEvent[],
  context: DecisionContext,
): ContractChange | null {
  const ends_at = expiresAt(facts);
  if (ends_at === null || !applied.some(({ reported_at }) => reported_at < ends_at)) return null;
  return automaticRenewal(facts, context.now, context, 'late_payment');
}

const ACTIONS = {
  APPLIED: 'billing.event_received',
  IGNORED: 'billing.event_ignored',
  PARKED: 'billing.parked',
} as const satisfies Record<BillingVerdict['outcome'], ContractAction>;

function decideEvent(
  facts: ContractFacts,
  event: LookedUpBillingEvent,
): { verdict: BillingVerdict; invoice?: Invoice; details: JsonObject } {
  const { id, look } = event;
  if (look.at === 'nothing') return { verdict: { id, outcome: look.outcome, reason: look.reason }, details: {} };
  const known = facts.invoices.find((invoice) => isSameInvoice(invoice, event));
  const seen = observedInvoice(event, look);
  // A refunded invoice was paid before. The refund does not reopen it and settles no other invoice (1.5.6).
  if (seen === null) return { verdict: { id, outcome: 'IGNORED', reason: 'REFUND' }, details: {} };
  const invoice = invoiceAfter(known, seen, facts.timezone);
  if (invoice === known) return { verdict: { id, outcome: 'IGNORED', reason: 'STALE' }, details: { is: known.status } };
  const { status, due_date, occurred_at } = invoice;
  const details = { was: known?.status ?? null, is: status, due_date, occurred_at };
  return { verdict: { id, outcome: 'APPLIED', reason: null }, invoice, details };
}
