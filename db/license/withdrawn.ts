/**
 * Licenses that were revoked or suspended, in the order in which this was committed, for programs that verify certificates without a connection.
 *
 * Each license has one row, which moves to the end with each change. The numbers of a product come from its row of `withdrawal_counters`, which
 * stays locked until the commit: a reader who has seen a number has seen all before it, which ids of a sequence would not guarantee.
 *
 * Lock order: the facts of the licenses, then the counters in the order of the products, then quota rows.
 */
import type { WithdrawalStatus } from '../../domain/license/withdrawal';
import type { Sql } from '../base/database';

export interface WithdrawnRow {
  license_id: string;
  sequence: string;
  status: WithdrawalStatus;
}

/** Records that the facts of locked licenses were changed by a revocation, a suspension or its end. */
export async function recordWithdrawals(tx: Sql, ids: readonly string[]): Promise<void> {
  await tx`
    WITH changed AS (
      SELECT f.license_id, g.product_id,
             CASE WHEN f.revoked_at IS NOT NULL THEN 'revoked' WHEN f.suspended_at IS NOT NULL THEN 'suspended' ELSE 'reinstated' END AS status,
             row_number() OVER (PARTITION BY g.product_id ORDER BY f.license_id) AS place,
             count(*) OVER (PARTITION BY g.product_id) AS changes
      FROM license_facts f
      JOIN generation_jobs j ON j.serial = f.license_id >> 24
      JOIN license_terms t ON t.id = j.terms_id
      JOIN generators g ON g.id = t.generator_id
      WHERE f.license_id = ANY(${[...ids]}::bigint[])
    ), counted AS (
      INSERT INTO withdrawal_counters AS c (product_id, last)
      SELECT DISTINCT product_id, changes FROM changed ORDER BY product_id
      ON CONFLICT (product_id) DO UPDATE SET last = c.last + excluded.last
      RETURNING product_id, last
    )
    INSERT INTO withdrawn_licenses (license_id, product_id, sequence, status)
    SELECT license_id, product_id, last - changes + place, status FROM changed JOIN counted USING (product_id)
    ON CONFLICT (license_id) DO UPDATE SET sequence = excluded.sequence, status = excluded.status`;
}

/** The withdrawn licenses of a product after a number. */
export async function listWithdrawn(
  sql: Sql,
  product_id: string,
  { since, limit }: { since: string; limit: number },
): Promise<WithdrawnRow[]> {
  return sql<WithdrawnRow[]>`
    SELECT license_id, sequence, status FROM withdrawn_licenses
    WHERE product_id = ${product_id} AND sequence > ${since}::bigint ORDER BY sequence LIMIT ${limit}`;
}
