/** Forgetting an invoice that turned out to be another contract's. */
import { BILLING } from '../../domain/base/actor';
import type { Refusal } from '../../domain/base/refusal';
import type { SeenInvoice } from '../../domain/billing/invoice';
import type { Sql } from '../../db/base/database';
import type { Changed } from './changed';
import { settleAndDecide } from './settle-and-decide';
import type { SettledContract } from './settle-contract';

/**
 * Settles a contract by time alone, without the invoices of which the looks of another contract show more than is known here: an
 * invoice is one contract's. It is judged under the lock. Call it inside a transaction; safe to run twice.
 */
export function forgetInvoices(
  tx: Sql,
  { id, now, seen }: SettledContract & { seen: readonly SeenInvoice[] },
): Promise<Changed | Refusal> {
  return settleAndDecide(tx, { id, actor: BILLING, now, request_id: null }, { by: 'invoices_elsewhere', seen });
}
