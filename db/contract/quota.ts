/**
 * The quota row of a contract: the only row that a grant of licenses locks and depends on (decisions 32).
 *
 * `grantable_terms_id` and `open_until` say with which license terms, and until when, licenses may be granted. A change of the contract
 * writes both in its own transaction; a change of its product or generator clears both. After such a change the next request settles
 * the contract and sets them again.
 *
 * Lock order: catalogue, contract, jobs, quota row last. The statement that decides is sent after the one that locks, so that it
 * sees everything that was committed during the wait for the lock.
 */
import { storedActor } from '../../domain/base/actor';
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import type { QuotaGrantEntry } from '../../domain/contract/history';
import type { Fragment, Sql } from '../base/database';
import { mergedStatement } from '../base/merged-statement';
import { currentTerms } from './license-terms';
import { thresholdEvents, thresholdsReached } from './quota-threshold';
import { BULK_STATEMENT_MS, allowStatementTime } from '../base/session';

/** Inserts the quota row of a contract that is being created. */
export async function insertQuota(tx: Sql, contract_id: string, total: number): Promise<void> {
  await tx`INSERT INTO contract_quotas ${tx({ contract_id, total, claimed: 0 })}`;
}

/**
 * Sets the total, and returns what is claimed. The last forecast was for another total, so it is noticed again when the quota runs out. The
 * row stays locked until the transaction ends.
 */
export async function setQuotaTotal(tx: Sql, contract_id: string, total: number): Promise<number> {
  const [row] = await tx<[{ claimed: number }]>`
    UPDATE contract_quotas
    SET total = ${total}, thresholds_reached = ${thresholdsReached(tx, tx`${total}::int`, tx`(${total} - claimed)`)}, runs_out_on = NULL
    WHERE contract_id = ${contract_id} RETURNING claimed`;
  return row.claimed;
}

/** Writes ledger rows of the quota: one for each change of the total. */
export async function insertQuotaGrants(
  tx: Sql,
  contract_id: string,
  grants: readonly QuotaGrantEntry[],
): Promise<void> {
  if (grants.length === 0) return;
  const rows = grants.map(({ actor, ...grant }) => ({ ...grant, contract_id, actor: tx.json(storedActor(actor)) }));
  await tx`INSERT INTO quota_grants ${tx(rows)}`;
}

/** Keeps other transactions from claiming or changing the quota until this one ends. */
export const lockQuota: (tx: Sql, contract_id: string) => Promise<void> = mergedStatement(
  'lock quota',
  async (tx, contract_ids: readonly string[]) => {
    await tx`
      SELECT FROM contract_quotas WHERE contract_id = ANY(${[...contract_ids]}::uuid[]) ORDER BY contract_id FOR NO KEY UPDATE`;
    return contract_ids.map(() => undefined);
  },
);

/**
 * Sets the columns that grants depend on, from the contract as this transaction has stored it. Call it after every other step of the
 * change that waits for a lock.
 *
 * The catalogue is read after the lock is granted: a change of product or generator was either committed before and is seen, or waits
 * for this transaction and then closes the row (`closeGrants`).
 */
export async function refreshGrants(tx: Sql, contract_id: string): Promise<void> {
  // Sent together: each statement sees what is committed when it begins, and the second begins after the lock was granted.
  await Promise.all([lockQuota(tx, contract_id), updateGrantColumns(tx, contract_id)]);
}

const updateGrantColumns = mergedStatement('refresh grants', async (tx, contract_ids: readonly string[]) => {
  const ids = [...contract_ids];
  // The lists of ids make Postgres look up each row by its id instead of joining whole tables.
  await tx`
    UPDATE contract_quotas q
    SET grantable_terms_id = open.terms_id, open_until = open.until
    FROM unnest(${ids}::uuid[]) AS changed (contract_id) LEFT JOIN (
      SELECT c.id AS contract_id, t.id AS terms_id, coalesce(c.next_boundary_at, 'infinity') AS until
      FROM ${currentTerms(tx)}
      JOIN products p ON p.id = c.product_id
      WHERE c.id = ANY(${ids}::uuid[]) AND c.may_generate AND g.status = 'active' AND p.status = 'active'
    ) open ON open.contract_id = changed.contract_id
    WHERE q.contract_id = changed.contract_id AND q.contract_id = ANY(${ids}::uuid[])`;
  return contract_ids.map(() => undefined);
});

/**
 * Stops grants for every contract of a product or generator. Call it in the transaction that changes the product or generator, after the
 * change. It locks quota rows in the order of contract ids, so two such changes do not deadlock.
 *
 * @throws 55P03 when a quota row stays locked for longer than the lock time-out; nothing is changed then, and the edit can be repeated
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
  // A separate statement, so that it sees a row that was opened during the wait for its lock.
  await tx`
    UPDATE contract_quotas SET grantable_terms_id = NULL, open_until = NULL
    WHERE contract_id IN (${contracts}) AND grantable_terms_id IS NOT NULL`;
}

/** A claim of licenses for a job that exists. */
export interface QuotaClaim {
  contract_id: string;
  job_id: string;
  environment: Environment;
  licenses: number;
  at: Instant;
}

/** Claims licenses of the quota, and writes the events of the thresholds that it reaches with them; false when too few remain. */
export async function claimQuota(
  tx: Sql,
  { contract_id, job_id, environment, licenses, at }: QuotaClaim,
): Promise<boolean> {
  const reachedAt = (remaining: Fragment) => thresholdsReached(tx, tx`total`, remaining);
  const claimed = await tx`
    WITH claim AS (
      UPDATE contract_quotas
      SET claimed = claimed + ${licenses}, thresholds_reached = ${reachedAt(tx`(total - claimed - ${licenses})`)},
          event_sequence = event_sequence + ${reachedAt(tx`(total - claimed - ${licenses})`)} - ${reachedAt(tx`(total - claimed)`)}
      WHERE contract_id = ${contract_id} AND claimed + ${licenses} <= total
      RETURNING contract_id, ${job_id} AS job_id, ${environment} AS environment, ${at}::timestamptz AS now, total, total - claimed AS quota_remaining,
                event_sequence - thresholds_reached AS events_before,
                ${reachedAt(tx`(total - claimed + ${licenses})`)} AS reached_before, thresholds_reached AS reached_after
    ), event AS (
      INSERT INTO domain_events (at, type, contract_id, environment, data, sequence) ${thresholdEvents(tx, tx`claim`)}
    )
    SELECT FROM claim`;
  return claimed.count === 1;
}

/** Returns licenses to the quota that were claimed and not generated. A quota that is no longer nearly used does not run out soon. */
export async function releaseQuota(tx: Sql, contract_id: string, licenses: number): Promise<void> {
  const reached = thresholdsReached(tx, tx`total`, tx`(total - claimed + ${licenses})`);
  await tx`
    UPDATE contract_quotas
    SET claimed = claimed - ${licenses}, thresholds_reached = ${reached}, runs_out_on = CASE WHEN ${reached} > 0 THEN runs_out_on END
    WHERE contract_id = ${contract_id}`;
}
