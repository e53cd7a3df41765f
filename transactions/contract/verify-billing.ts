/** Applies what is due for unpaid invoices, after the billing system was queried (decisions 3). */
import { SYSTEM } from '../../domain/base/actor';
import type { Refusal } from '../../domain/base/refusal';
import type { InvoiceName } from '../../domain/billing/invoice';
import type { BillingAnswer } from '../../domain/contract/verification';
import type { Sql } from '../../db/base/database';
import type { ChangedContract } from './changed-contract';
import { settleAndDecide } from './settle-and-decide';
import type { SettledContract } from './settle-contract';

/** The answer of the billing system about the unpaid invoices of a contract. */
export interface BillingVerification extends SettledContract {
  answer: BillingAnswer;
  /** Invoices that belong to other contracts. */
  foreign: readonly InvoiceName[];
}

/**
 * Settles a contract with the answer of the billing system: suspends it, terminates it, or finds its invoices paid. Without an
 * answer it only records when to query again; while an event is pending it does nothing. Call it inside a transaction. Safe to
 * run twice.
 */
export function verifyBilling(
  tx: Sql,
  { id, now, answer, foreign }: BillingVerification,
): Promise<ChangedContract | Refusal> {
  return settleAndDecide(tx, { id, actor: SYSTEM, now, request_id: null }, { by: 'answer', answer, foreign });
}
