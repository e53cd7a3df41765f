/**
 * Notices that a pool has few available licenses (domain.md 5.4): once when they fall below `low_water`, and again only after there were ten
 * percent more. A grab notices it in its own statement (`notice_low_water` in db/schema.sql). The sweep notices what else
 * makes them fewer: they expire or will soon, are suspended, revoked or assigned, or two processes take the last ones above `low_water` at one moment.
 */
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import type { Fragment, Sql } from '../base/database';
import { givenOutAfter, hasAvailable, isOpenPool, timeOfContract } from './level';

/** The contracts whose pool has another level than is recorded: it fell below `low_water`, or a fall can be noticed again. At most `limit`. */
export async function listMovedPools(sql: Sql, limit: number): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    SELECT c.id FROM contracts c LEFT JOIN pool_levels l ON l.contract_id = c.id
    WHERE ${isOpenPool(sql)} AND c.low_water > 0 AND ${hasMoved(sql)} ORDER BY c.id LIMIT ${limit}`;
  return rows.map(({ id }) => id);
}

/** A fall below `low_water` that was not noticed before. */
export interface Fall {
  at: Instant;
  environment: Environment;
  available: number;
  low_water: number;
}

/** Records the level of the pool of a contract; returns its fall, or undefined. Its row stays locked until the transaction ends. */
export async function recordLevel(tx: Sql, contract_id: string): Promise<Fall | undefined> {
  await tx`SELECT FROM pool_levels WHERE contract_id = ${contract_id} FOR UPDATE`;
  // A statement of its own: it sees what was committed while the lock was awaited.
  const [fall] = await tx<Fall[]>`
    WITH moved AS MATERIALIZED (
      SELECT c.id, c.environment, c.low_water, ${timeOfContract(tx)} AS at, ${givenOutAfter(tx)} AS given_out_after, l.contract_id IS NOT NULL AS is_recorded, l.contract_id IS NOT NULL AND l.low_since IS NULL AS falls
      FROM contracts c LEFT JOIN pool_levels l ON l.contract_id = c.id
      WHERE c.id = ${contract_id} AND c.low_water > 0 AND ${hasMoved(tx)}
    ), recorded AS (
      INSERT INTO pool_levels (contract_id, low_since) SELECT id, CASE WHEN falls THEN at END FROM moved
      -- A row that an order has inserted meanwhile stays.
      ON CONFLICT (contract_id) DO UPDATE SET low_since = excluded.low_since WHERE (SELECT is_recorded FROM moved)
    )
    SELECT at, environment, low_water,
           (SELECT coalesce(sum(licenses), 0)::int FROM pool_available WHERE contract_id = ${contract_id} AND expires_at > given_out_after) AS available
    FROM moved WHERE falls`;
  return fall;
}

/** The condition that the level of the pool of the contract `c` differs from the row `l` of `pool_levels`. */
function hasMoved(sql: Sql): Fragment {
  return sql`CASE
    WHEN l.contract_id IS NULL THEN ${hasAvailable(sql, sql`c.low_water`)}
    WHEN l.low_since IS NULL THEN NOT ${hasAvailable(sql, sql`c.low_water`)}
    ELSE ${hasAvailable(sql, sql`(11 * c.low_water + 9) / 10`)} END`;
}
