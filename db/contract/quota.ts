/**
 * The quota row of a contract: the one row that a grant of licenses locks, and by which alone it is judged (decisions 32).
 *
 * `grantable_terms_id` and `open_until` say under which license terms, and until when, licenses may be granted. A change of the
 * contract writes them in its own transaction, a change of its product or generator closes them. A contract that is closed by
 * its catalogue opens again when the next request settles it.
 *
 * Lock order: catalogue, contract, jobs, quota row last. A statement that judges is sent after the one that locks, so that it
 * sees everything that committed while the lock was awaited.
 */
import { storedActor } from '../../domain/base/actor';
import type { QuotaGrantEntry } from '../../domain/contract/history';
import type { Sql } from '../base/database';
import { currentTerms } from './license-terms';
import { BULK_STATEMENT_MS, allowStatementTime } from '../base/session';

/** Inserts the quota row of a contract that is being created. */
export async function insertQuota(tx: Sql, contract_id: string, total: number): Promise<void> {
  await tx`INSERT INTO contract_quotas ${tx({ contract_id, total, claimed: 0 })}`;
}

/** Sets the total; the row stays locked until the transaction ends. */
export async function setQuotaTotal(tx: Sql, contract_id: string, total: number): Promise<void> {
  await tx`UPDATE contract_quotas SET total = ${total} WHERE contract_id = ${contract_id}`;
}

/** Writes rows of the ledger of the quota: one for each change of the total. */
export async function insertQuotaGrants(
  tx: Sql,
  contract_id: string,
  grants: readonly QuotaGrantEntry[],
): Promise<void> {
  if (grants.length === 0) return;
  const rows = grants.map(({ actor, ...grant }) => ({ ...grant, contract_id, actor: tx.json(storedActor(actor)) }));
  await tx`INSERT INTO quota_grants ${tx(rows)}`;
}

/** Keeps others from claiming or changing the quota until the transaction ends. */
export async function lockQuota(tx: Sql, contract_id: string): Promise<void> {
  await tx`SELECT FROM contract_quotas WHERE contract_id = ${contract_id} FOR NO KEY UPDATE`;
}

/**
 * Writes what grants are judged by, from the contract as this transaction has stored it. Call it after everything else of the
 * change that waits for a lock.
 *
 * The catalogue is read after the lock was granted: a change of product or generator either committed before, and is seen, or
 * waits for this transaction and then closes the row (`closeGrants`).
 */
export async function refreshGrants(tx: Sql, contract_id: string): Promise<void> {
  // Sent together: each statement sees what is committed when it begins, which for the second is after the lock was granted.
  await Promise.all([
    lockQuota(tx, contract_id),
    tx`
      UPDATE contract_quotas q
      SET grantable_terms_id = open.terms_id, open_until = open.until
      FROM (SELECT) one LEFT JOIN (
        SELECT t.id AS terms_id, coalesce(c.next_boundary_at, 'infinity') AS until
        FROM ${currentTerms(tx)}
        JOIN products p ON p.id = c.product_id
        WHERE c.id = ${contract_id} AND c.may_generate AND g.status = 'active' AND p.status = 'active'
      ) open ON true
      WHERE q.contract_id = ${contract_id}`,
  ]);
}

/**
 * Closes every contract of a product or generator, in the transaction that changes it and after that change. Contracts are
 * locked in the order of their ids, each at most for the lock time-out: two such changes cannot block each other for good.
 *
 * @throws 55P03 when the quota row of one contract is held for longer; then nothing is changed, and the edit can be repeated.
 */
export async function closeGrants(
  tx: Sql,
  source: { column: 'product_id' | 'generator_id'; id: string },
): Promise<void> {
  await allowStatementTime(tx, BULK_STATEMENT_MS);
  const contracts = tx`SELECT id FROM contracts WHERE ${tx(source.column)} = ${source.id}`;
  await tx`
    SELECT count(*) FROM (
      SELECT FROM contract_quotas WHERE contract_id IN (${contracts}) ORDER BY contract_id FOR NO KEY UPDATE
    ) locked`;
  // A statement of its own: a row that was opened while its lock was awaited is seen only now.
  await tx`
    UPDATE contract_quotas SET grantable_terms_id = NULL, open_until = NULL
    WHERE contract_id IN (${contracts}) AND grantable_terms_id IS NOT NULL`;
}

/** Claims so many licenses of the quota; false when they do not fit. */
export async function claimQuota(tx: Sql, contract_id: string, licenses: number): Promise<boolean> {
  const { count } = await tx`
    UPDATE contract_quotas SET claimed = claimed + ${licenses} WHERE contract_id = ${contract_id} AND claimed + ${licenses} <= total`;
  return count === 1;
}

/** Gives back so many licenses that were claimed and not made. */
export async function releaseQuota(tx: Sql, contract_id: string, licenses: number): Promise<void> {
  await tx`UPDATE contract_quotas SET claimed = claimed - ${licenses} WHERE contract_id = ${contract_id}`;
}
