/**
 * Verification with the billing system: how its answer, or a missing answer, changes a contract before it is suspended or
 * terminated for unpaid invoices (decisions 3; domain.md 1.4 T6, T8).
 */
import { askAgainAt, billingLevel, isAtLeast } from '../billing/dunning';
import { invoiceAfter, isOutdated, isSameInvoice } from '../billing/invoice';
import type { InvoiceName, ObservedInvoice } from '../billing/invoice';
import type { Instant } from '../base/instant';
import { settle, verificationDue } from './boundary';
import type { SettleContext } from './boundary';
import type { ContractChange } from './change';
import type { ContractFacts } from './facts';

/** The answer of the billing system about the unpaid invoices; `unreachable` when one of the queries got no answer. */
export type BillingAnswer = { fetched: ObservedInvoice[] } | 'unreachable';

/** Removes invoices that belong to other contracts. Returns the same object when there are none. */
export function removeInvoices(facts: ContractFacts, foreign: readonly InvoiceName[]): ContractFacts {
  const invoices = facts.invoices.filter((invoice) => !foreign.some((other) => isSameInvoice(other, invoice)));
  return invoices.length === facts.invoices.length ? facts : { ...facts, invoices };
}

/** Removes invoices of which another contract's event holds newer data: they belong to that contract. */
export function removeOutdatedInvoices(facts: ContractFacts, seen: readonly ObservedInvoice[]): ContractFacts {
  return removeInvoices(
    facts,
    facts.invoices.filter((known) => isOutdated(known, seen, facts.timezone)),
  );
}

/** Applies the answer of the billing system. Without an answer it records since when there is none and when to query again. */
export function applyBillingAnswer(facts: ContractFacts, answer: BillingAnswer, now: Instant): ContractFacts {
  if (answer === 'unreachable') {
    const no_answer_since = facts.billing_unreachable_since ?? now;
    return { ...facts, billing_unreachable_since: no_answer_since, verify_after: askAgainAt(no_answer_since, now) };
  }
  const invoices = facts.invoices.map((known) =>
    answer.fetched
      .filter((seen) => isSameInvoice(seen, known))
      .reduce((latest, seen) => invoiceAfter(latest, seen, facts.timezone), known),
  );
  return { ...facts, invoices, billing_unreachable_since: null, verify_after: null };
}

/** Clears the record of a missing answer when the billing system does not have to be queried. */
export function clearUnreachable(facts: ContractFacts, now: Instant): ContractFacts {
  if (facts.billing_unreachable_since === null || isAtLeast(billingLevel(facts, now), 'SUSPEND')) return facts;
  return { ...facts, billing_unreachable_since: null, verify_after: null };
}

/** The change that records an answer: an invoice differs, or an answer is missing for the first time. Null when neither. */
export function answerChange(before: ContractFacts, facts: ContractFacts, at: Instant): ContractChange | null {
  if (before.billing_unreachable_since === null && facts.billing_unreachable_since !== null)
    return {
      facts,
      at,
      action: 'billing.unreachable',
      revised: false,
      details: { asked_again_at: facts.verify_after },
    };
  const invoices = before.invoices.flatMap((known) => {
    const { source, invoice_id, status: was } = known;
    const invoice = facts.invoices.find((one) => isSameInvoice(one, known));
    if (invoice === undefined) return [{ source, invoice_id, was, is: 'OTHER_CONTRACT' }];
    const { status: is, due_date, disputed_on } = invoice;
    const same = is === was && due_date === known.due_date && disputed_on === known.disputed_on;
    return same ? [] : [{ source, invoice_id, was, is, due_date }];
  });
  if (invoices.length === 0) return null;
  return { facts, at, action: 'billing.invoices_fetched', revised: false, details: { invoices } };
}

/**
 * Settles up to an instant. A suspension or termination that was skipped takes effect now, not at its own instant, because
 * licenses may have been generated since then, and rightly so.
 */
export function settleFromNow(
  facts: ContractFacts,
  until: Instant,
  context: SettleContext,
): { facts: ContractFacts; changes: ContractChange[] } {
  if (context.billing !== 'verified' || verificationDue(facts) === null) return settle(facts, until, context);
  const passed = settle(facts, until, { ...context, billing: 'skip' });
  const done = settle(passed.facts, until, context);
  return { facts: done.facts, changes: [...passed.changes, ...done.changes] };
}
