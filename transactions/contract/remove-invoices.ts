/** Removes invoices that belong to another contract. */
import { BILLING } from '../../domain/base/actor';
import type { Refusal } from '../../domain/base/refusal';
import type { ObservedInvoice } from '../../domain/billing/invoice';
import type { Sql } from '../../db/base/database';
import type { ChangedContract } from './changed-contract';
import { settleAndDecide } from './settle-and-decide';
import type { SettledContract } from './settle-contract';

/**
 * Settles a contract by time alone and removes the invoices of which an observation of another contract is newer: an invoice
 * belongs to one contract. They are compared under the lock. Call it inside a transaction. Safe to run twice.
 */
export function removeInvoicesOfOthers(
  tx: Sql,
  { id, now, seen }: SettledContract & { seen: readonly ObservedInvoice[] },
): Promise<ChangedContract | Refusal> {
  return settleAndDecide(tx, { id, actor: BILLING, now, request_id: null }, { by: 'invoices_elsewhere', seen });
}
