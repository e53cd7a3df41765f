/** The rows that refer to a customer, and their move to the one into whom it is merged (transactions/contract/merge-customers.ts). */
import type { CustomerReferences } from '../../domain/catalogue/customer-merge';
import { UNFINISHED_OPERATION_STATES } from '../../domain/license/license-operation';
import type { Sql } from '../base/database';

/** How many rows refer to a customer; of each kind, at most one more than `max` is counted. */
export async function countReferences(tx: Sql, id: string, max: CustomerReferences): Promise<CustomerReferences> {
  const [row] = await tx<[CustomerReferences]>`
    SELECT (SELECT count(*)::int FROM (SELECT FROM contracts WHERE customer_id = ${id} LIMIT ${max.contracts + 1})) AS contracts,
           (SELECT count(*)::int FROM (SELECT FROM license_facts WHERE customer_id = ${id} LIMIT ${max.licenses + 1})) AS licenses,
           (SELECT count(*)::int FROM (SELECT FROM pool_holds WHERE customer_id = ${id} LIMIT ${max.holds + 1})) AS holds`;
  return row;
}

/** The contracts of a customer in the order of their ids, with deleted ones. */
export async function listContractsOfCustomer(tx: Sql, id: string): Promise<{ id: string; is_deleted: boolean }[]> {
  return tx<{ id: string; is_deleted: boolean }[]>`
    SELECT id, deleted_at IS NOT NULL AS is_deleted FROM contracts WHERE customer_id = ${id} ORDER BY id`;
}

/** Locks the unfinished operations that give licenses to a customer. A batch locks its operation before the customer. */
export async function lockOperationsOf(tx: Sql, id: string): Promise<void> {
  await tx`
    SELECT FROM license_operations WHERE customer_id = ${id} AND state = ANY(${[...UNFINISHED_OPERATION_STATES]})
    ORDER BY id FOR NO KEY UPDATE`;
}

/** An unfinished job whose filter selects the licenses of one of the customers. */
export async function findSelectingOperation(tx: Sql, ids: readonly string[]): Promise<string | undefined> {
  const [row] = await tx<{ id: string }[]>`
    SELECT id FROM license_operations
    WHERE state = ANY(${[...UNFINISHED_OPERATION_STATES]}) AND filter ->> 'customer_id' = ANY(${[...ids]}) ORDER BY id LIMIT 1`;
  return row?.id;
}

/** Moves the holds, the operations and the schedules of a customer. */
export async function moveHoldsAndOperations(tx: Sql, id: string, into: string): Promise<void> {
  await tx`
    UPDATE pool_holds h SET customer_id = ${into}
    FROM (SELECT id FROM pool_holds WHERE customer_id = ${id} ORDER BY id FOR NO KEY UPDATE) moved WHERE h.id = moved.id`;
  await tx`UPDATE license_operations SET customer_id = ${into} WHERE customer_id = ${id}`;
  await tx`UPDATE generation_schedules SET customer_id = ${into} WHERE customer_id = ${id}`;
  await tx`UPDATE schedule_runs SET customer_id = ${into} WHERE customer_id = ${id}`;
}

/** Moves the licenses of a customer. When they were assigned, and until when they are valid, stays. */
export async function moveLicenses(tx: Sql, id: string, into: string): Promise<void> {
  await tx`
    UPDATE license_facts f SET customer_id = ${into}
    FROM (SELECT license_id FROM license_facts WHERE customer_id = ${id} ORDER BY license_id FOR NO KEY UPDATE) moved
    WHERE f.license_id = moved.license_id`;
}
