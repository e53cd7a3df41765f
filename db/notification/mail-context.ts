/** What planning reads: contracts and customers with their addresses. */
import type { MailContract, MailCustomer } from '../../domain/notification/role';
import type { Sql } from '../base/database';

/** Contracts by their ids, also deleted ones. */
export async function listMailContracts(tx: Sql, ids: readonly string[]): Promise<MailContract[]> {
  if (ids.length === 0) return [];
  return tx<MailContract[]>`
    SELECT id, customer_id, account_manager, deleted_at IS NOT NULL AS is_deleted FROM contracts WHERE id = ANY (${[...ids]}::uuid[])`;
}

/**
 * Customers by their ids, which those into whom they were merged replace. With `lock`, none of these can be erased until the transaction ends,
 * so no address of an erased customer is stored again.
 */
export async function listMailCustomers(
  sql: Sql,
  ids: readonly string[],
  options: { lock?: boolean } = {},
): Promise<(MailCustomer & { asked_id: string })[]> {
  if (ids.length === 0) return [];
  return sql<(MailCustomer & { asked_id: string })[]>`
    SELECT asked.id AS asked_id, s.id, s.email, s.billing_contact, s.responsible_person, s.account_manager, s.language,
           s.erased_at IS NOT NULL AS is_erased
    FROM customers asked JOIN customers s ON s.id = coalesce(asked.merged_into, asked.id)
    WHERE asked.id = ANY (${[...ids]}::uuid[])
    ORDER BY s.id ${options.lock ? sql`FOR KEY SHARE OF s` : sql``}`;
}
