/**
 * How many licenses are available in the pool of the contract `c`, compared with a number: the expressions read as many rows of
 * `pool_available` as the number, however large the pool is.
 */
import { ENVIRONMENTS } from '../../domain/base/environment';
import type { Fragment, Sql } from '../base/database';

/** An expression for the time of the contract `c`. */
export function timeOfContract(sql: Sql): Fragment {
  return sql`coalesce((SELECT k.now FROM test_clocks k WHERE k.id = c.test_clock_id), now())`;
}

/** The condition that at least so many licenses, 1 or more, are available in the pool of the contract `c`. */
export function hasAvailable(sql: Sql, licenses: Fragment): Fragment {
  return sql`EXISTS (
    SELECT FROM pool_available WHERE contract_id = c.id AND expires_at > ${timeOfContract(sql)} ORDER BY expires_at OFFSET ${licenses} - 1 LIMIT 1)`;
}

/** The condition that fewer licenses than `low_water` are available in the pool of the contract `c`. */
export function isLow(sql: Sql): Fragment {
  return sql`(c.low_water > 0 AND NOT ${hasAvailable(sql, sql`c.low_water`)})`;
}

/** The condition that the contract `c` has a pool from which orders can take licenses now (`operations.ts`). */
export function isOpenPool(sql: Sql): Fragment {
  // All environments, so that the index `contracts_by_type` finds the pools.
  return sql`(c.type = 'pool' AND c.environment = ANY(${[...ENVIRONMENTS]}) AND c.deleted_at IS NULL AND c.state IN ('ACTIVE', 'PAST_DUE'))`;
}

/** How many licenses of a pool, counted up to `most`, an order could take if none of them was locked; and whether a hold of it is over. */
export async function findOffer(
  sql: Sql,
  contract_id: string,
  most: number,
): Promise<{ available: number; has_overdue_hold: boolean } | undefined> {
  const [offer] = await sql<{ available: number; has_overdue_hold: boolean }[]>`
    SELECT (SELECT count(*)::int FROM (
              SELECT FROM pool_available WHERE contract_id = c.id AND expires_at > ${timeOfContract(sql)} LIMIT ${most}) offered) AS available,
           EXISTS (SELECT FROM pool_holds WHERE contract_id = c.id AND state = 'held' AND held_until <= ${timeOfContract(sql)}) AS has_overdue_hold
    FROM contracts c WHERE c.id = ${contract_id}`;
  return offer;
}
