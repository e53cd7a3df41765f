/**
 * How many licenses of a pool can be given out, up to a number. Those that expire too early do not count (`min_remaining_validity`). The expressions read no more rows of `pool_available` than have so many
 * licenses, however large the pool is.
 */
import { ENVIRONMENTS } from '../../domain/base/environment';
import type { Fragment, Sql } from '../base/database';

/** An expression for the time of the contract `c`. */
export function timeOfContract(sql: Sql): Fragment {
  return sql`coalesce((SELECT k.now FROM test_clocks k WHERE k.id = c.test_clock_id), now())`;
}

/** An expression for the instant after which licenses expire that the pool of the contract `c` gives out now. */
export function givenOutAfter(sql: Sql, now: Fragment = timeOfContract(sql)): Fragment {
  return sql`given_out_after(${now}, c.timezone, c.min_remaining_validity)`;
}

/** An expression for the number of available licenses of a pool that expire after `after`; `most`, 1 or more, if there are more. */
export function countAvailable(sql: Sql, pool: { contract_id: Fragment; after: Fragment; most: Fragment }): Fragment {
  return sql`coalesce(
    (SELECT ${pool.most} FROM (${runningSums(sql, pool)}) sums WHERE sums.upto >= ${pool.most} LIMIT 1),
    (SELECT sum(p.licenses)::int FROM pool_available p WHERE p.contract_id = ${pool.contract_id} AND p.expires_at > ${pool.after}), 0)`;
}

/** The condition that the pool of the contract `c` can give out at least so many licenses, 1 or more. */
export function hasAvailable(sql: Sql, licenses: Fragment): Fragment {
  const pool = { contract_id: sql`c.id`, after: givenOutAfter(sql) };
  return sql`EXISTS (SELECT FROM (${runningSums(sql, pool)}) sums WHERE sums.upto >= ${licenses})`;
}

/** The rows of a pool in the order of their index, each with the licenses up to it. It is read only as far as needed. */
function runningSums(sql: Sql, { contract_id, after }: { contract_id: Fragment; after: Fragment }): Fragment {
  return sql`
    SELECT sum(p.licenses) OVER (ORDER BY p.expires_at, p.last_id, p.first_id ROWS UNBOUNDED PRECEDING) AS upto
    FROM pool_available p WHERE p.contract_id = ${contract_id} AND p.expires_at > ${after}`;
}

/** The condition that the pool of the contract `c` can give out fewer licenses than `low_water`. */
export function isLow(sql: Sql): Fragment {
  return sql`(c.low_water > 0 AND NOT ${hasAvailable(sql, sql`c.low_water`)})`;
}

/** An expression for the licenses of the contract `c` that are available, but that no order gets, because they expire too early. */
function countExpiring(sql: Sql): Fragment {
  return sql`
    coalesce((SELECT sum(p.licenses)::int FROM pool_available p
              WHERE p.contract_id = c.id AND p.expires_at > ${timeOfContract(sql)} AND p.expires_at <= ${givenOutAfter(sql)}), 0)`;
}

/** The condition that the pool of the contract `c` has available licenses, and that all of them expire too early to be given out. */
export function hasOnlyExpiring(sql: Sql): Fragment {
  return sql`(c.min_remaining_validity IS NOT NULL AND NOT ${hasAvailable(sql, sql`1`)} AND ${countExpiring(sql)} > 0)`;
}

/** How many available licenses of a contract no order gets, because they are valid for less than `min_remaining_validity`. */
export async function findExpiring(
  sql: Sql,
  contract_id: string,
): Promise<{ expiring: number; min_remaining_validity: string | null } | undefined> {
  const [row] = await sql<{ expiring: number; min_remaining_validity: string | null }[]>`
    SELECT ${countExpiring(sql)} AS expiring, c.min_remaining_validity FROM contracts c WHERE c.id = ${contract_id}`;
  return row;
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
    SELECT ${countAvailable(sql, { contract_id: sql`c.id`, after: givenOutAfter(sql), most: sql`${most}::int` })} AS available,
           EXISTS (SELECT FROM pool_holds WHERE contract_id = c.id AND state = 'held' AND held_until <= ${timeOfContract(sql)}) AS has_overdue_hold
    FROM contracts c WHERE c.id = ${contract_id}`;
  return offer;
}
