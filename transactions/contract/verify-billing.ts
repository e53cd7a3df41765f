/** Doing what is due for unpaid invoices, once the billing system was asked for them (decisions 3). */
import { SYSTEM } from '../../domain/base/actor';
import type { Refusal } from '../../domain/base/refusal';
import type { InvoiceName } from '../../domain/billing/invoice';
import type { BillingAnswer } from '../../domain/contract/verification';
import type { Sql } from '../../db/base/database';
import type { Changed } from './changed';
import { settleAndDecide } from './settle-and-decide';
import type { SettledContract } from './settle-contract';

/** What the billing system said of the unpaid invoices of a contract. */
export interface BillingVerification extends SettledContract {
  answer: BillingAnswer;
  /** Invoices that turned out to be other contracts'. */
  foreign: readonly InvoiceName[];
}

/**
 * Settles a contract by the answer of the billing system: suspends, terminates, or finds that it was paid. Without an answer nothing
 * is done but to note when to ask again, and while an event waits to be applied nothing is done at all. Call it inside a
 * transaction; safe to run twice.
 */
export function verifyBilling(tx: Sql, { id, now, answer, foreign }: BillingVerification): Promise<Changed | Refusal> {
  return settleAndDecide(tx, { id, actor: SYSTEM, now, request_id: null }, { by: 'answer', answer, foreign });
}
