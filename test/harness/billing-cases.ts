/**
 * A burst of billing messages for many contracts, with the invoices and states that must result.
 */
import type { StandardEvent } from '../../demo/fake-billing';
import type { InvoiceStatus } from '../../domain/billing/billing-event';
import { addDays } from '../../domain/base/calendar';
import { instantFromMillis, millisOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';

/** How many messages each contract has. One of them is sent twice. */
export const MESSAGES_PER_CONTRACT = 10;

/** The billing messages of one contract, and the invoices and state that must result. */
export interface BillingCase {
  contract_id: string;
  /** In the order of `occurred_at`. */
  messages: StandardEvent[];
  invoices: {
    contract_id: string;
    invoice_id: string;
    status: InvoiceStatus;
    due_date: string;
    occurred_at: Instant;
  }[];
  state: 'ACTIVE' | 'PAST_DUE';
}

/** Three invoices: one is paid late, one is voided by its last version, and one stays unpaid, overdue or not. */
export function buildBillingCase(contract_id: string, number: number, now: Instant): BillingCase {
  const today = now.slice(0, 10);
  const minutesAgo = (minutes: number): Instant => instantFromMillis(millisOf(now) - minutes * 60_000);
  const overdue = number % 2 === 0;
  const paid = { id: `in_paid_${number}`, due_date: addDays(today, -3) };
  const voided = { id: `in_voided_${number}`, due_date: addDays(today, -2) };
  const unpaid = { id: `in_unpaid_${number}`, due_date: addDays(today, overdue ? -3 : 30) };
  const rows: [StandardEvent['type'], number, StandardEvent['invoice']][] = [
    ['invoice.open', 90, paid],
    ['invoice.open', 80, { ...voided, version: 1 }],
    ['invoice.payment_failed', 70, paid],
    ['invoice.open', 60, unpaid],
    // A partial payment.
    ['invoice.open', 50, paid],
    ['invoice.payment_failed', 40, { ...voided, version: 2 }],
    ['invoice.paid', 30, paid],
    // Both have the same instant: only the versions decide which is newer.
    ['invoice.voided', 40, { ...voided, version: 3 }],
    ['invoice.payment_failed', 10, unpaid],
  ];
  const messages = rows.map(([type, minutes, invoice], index) => {
    return { id: `msg_${number}_${index}`, type, occurred_at: minutesAgo(minutes), contract_id, invoice };
  });
  const known = (status: InvoiceStatus, { id, due_date }: { id: string; due_date: string }, minutes: number) => {
    return { contract_id, invoice_id: id, status, due_date, occurred_at: minutesAgo(minutes) };
  };
  return {
    contract_id,
    messages: [...messages, messages[6] as StandardEvent],
    invoices: [known('PAID', paid, 30), known('FAILED', unpaid, 10), known('VOID', voided, 40)],
    state: overdue ? 'PAST_DUE' : 'ACTIVE',
  };
}
