/**
 * The available licenses of pools, in the table `pool_available`. The statements that generate licenses insert rows of up to 1,000 licenses
 * (db/generation/chunk.ts, db/generation/grant-statement.ts), `grab_licenses` in db/schema.sql takes some for orders, and a license that is
 * available again returns to its row, or gets one of its own. Which licenses of equal expiry are given out first follows their ids, except
 * for those that returned while their row was locked.
 *
 * Lock order: the row of `pool_available`, then the facts of the license. So a change that makes an available license unavailable takes it
 * out of its row first (`leavePool`), and an order locks the rows before the facts. Only `enterPool` has facts locked before: it waits for
 * no row.
 */
import type { Fragment, Sql } from '../base/database';
import { givenOutAfter, timeOfContract } from './level';

/** The most licenses of a row. Processes that serve orders at one moment take different rows, so a chunk has several. */
export const ROW_LICENSES_MAX = 1_000;

/** The columns that {@link poolRow} gives, after the pool and the expiry. */
export function poolColumns(sql: Sql): Fragment {
  return sql`contract_id, expires_at, first_id, last_id, ids, licenses`;
}

/** A FROM item: the rows for so many licenses with consecutive ids. */
export function poolParts(sql: Sql, licenses: Fragment): Fragment {
  return sql`generate_series(0, ${licenses} - 1, ${sql.unsafe(String(ROW_LICENSES_MAX))}) AS part`;
}

/** The licenses of one of the {@link poolParts}, whose first license has the id `first`. */
export function poolRow(sql: Sql, first: Fragment, licenses: Fragment): Fragment {
  const in_row = sql`least(${licenses} - part, ${sql.unsafe(String(ROW_LICENSES_MAX))})`;
  return sql`${first} + part, ${first} + part + ${in_row} - 1, int8multirange(int8range(${first} + part, ${first} + part + ${in_row})), ${in_row}`;
}

/** The ids of the licenses of the job `j`, as a range for BETWEEN. */
function idsOfJob(sql: Sql): Fragment {
  return sql`j.serial << 24 AND (j.serial << 24) | 16777215`;
}

/**
 * An expression for the counts of the pool of the contract `c`, as JSON: the licenses in `pool_available` by their expiry, and the others by
 * their facts, with the rule of `licenseStatus` (domain/license/license-facts.ts). A hold that is over counts as available before its
 * licenses are put back.
 */
export function poolCounts(sql: Sql): Fragment {
  return sql`(
    SELECT jsonb_build_object('available', pooled.available + used.available, 'expiring', pooled.expiring + used.expiring, 'held', used.held,
                              'assigned', used.assigned, 'suspended', used.suspended, 'expired', pooled.expired + used.expired, 'revoked', used.revoked)
    FROM (SELECT ${timeOfContract(sql)} AS now, ${givenOutAfter(sql)} AS given_out_after OFFSET 0) at
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(licenses) FILTER (WHERE expires_at > at.given_out_after), 0) AS available,
             coalesce(sum(licenses) FILTER (WHERE expires_at > at.now AND expires_at <= at.given_out_after), 0) AS expiring,
             coalesce(sum(licenses) FILTER (WHERE expires_at <= at.now), 0) AS expired
      FROM pool_available WHERE contract_id = c.id
    ) pooled
    CROSS JOIN LATERAL (
      SELECT count(*) FILTER (WHERE status = 'free' AND expires_at > at.given_out_after) AS available,
             count(*) FILTER (WHERE status = 'free' AND expires_at <= at.given_out_after) AS expiring,
             count(*) FILTER (WHERE status = 'held') AS held, count(*) FILTER (WHERE status = 'assigned') AS assigned,
             count(*) FILTER (WHERE status = 'suspended') AS suspended, count(*) FILTER (WHERE status = 'expired') AS expired,
             count(*) FILTER (WHERE status = 'revoked') AS revoked
      FROM (
        SELECT e.expires_at, CASE
            WHEN f.revoked_at IS NOT NULL THEN 'revoked'
            WHEN f.suspended_at IS NOT NULL THEN 'suspended'
            WHEN f.held_until IS NULL AND f.customer_id IS NULL AND f.activated_at IS NULL THEN 'pooled'
            WHEN e.expires_at <= at.now THEN 'expired'
            WHEN f.activated_at IS NOT NULL OR f.customer_id IS NOT NULL THEN 'assigned'
            WHEN f.held_until > at.now THEN 'held'
            ELSE 'free' END AS status
        FROM generation_jobs j JOIN license_facts f ON f.license_id BETWEEN ${idsOfJob(sql)}
        CROSS JOIN LATERAL (SELECT coalesce(f.expires_at, j.expires_at, 'infinity') AS expires_at) e
        WHERE j.contract_id = c.id AND NOT j.is_test
      ) f
    ) used)`;
}

/**
 * Takes licenses out of their pools, before they are changed so that they are no longer available. Waits for an order that is taking one of
 * them. Licenses that are in no pool stay as they are. `lockOutOfPool` (transactions/license/) also locks their facts.
 */
export async function leavePool(tx: Sql, license_ids: readonly string[]): Promise<void> {
  await tx`SELECT leave_pool(${[...license_ids]}::bigint[])`;
}

/** Whether one of the licenses is in a pool. Call it with the facts of the licenses locked: then it stays so. */
export async function isInPool(tx: Sql, license_ids: readonly string[]): Promise<boolean> {
  const [row] = await tx<[{ found: boolean }]>`
    SELECT EXISTS (
      SELECT FROM unnest(${[...license_ids]}::bigint[]) AS l (id)
      JOIN generation_jobs j ON j.serial = l.id >> 24
      JOIN pool_available p ON is_pool_row_of(p, j, l.id) AND p.ids @> l.id
    ) AS found`;
  return row.found;
}

/**
 * Makes unused licenses of pools available again: each returns to its row, or gets one of its own. Those that are held, assigned, activated,
 * suspended or revoked stay out. Call it with the facts of the licenses locked.
 */
export async function enterPool(tx: Sql, license_ids: readonly string[]): Promise<void> {
  if (license_ids.length === 0) return;
  await tx`SELECT enter_pool(${[...license_ids]}::bigint[])`;
}

/**
 * Makes the licenses of holds available again, except those that were assigned, or taken by another order, after the end of their hold.
 * Only a license whose facts name the end of this hold is still held by it.
 */
export async function endHoldOfLicenses(tx: Sql, hold_ids: readonly string[]): Promise<void> {
  if (hold_ids.length === 0) return;
  const freed = await tx<{ license_id: string }[]>`
    WITH held AS MATERIALIZED (
      SELECT f.license_id
      FROM (SELECT held_until, unnest(license_ids) AS license_id FROM pool_holds WHERE id = ANY(${[...hold_ids]}::uuid[])) h
      JOIN license_facts f ON f.license_id = h.license_id AND f.held_until = h.held_until
      ORDER BY f.license_id FOR NO KEY UPDATE OF f
    )
    UPDATE license_facts f SET held_until = NULL FROM held WHERE f.license_id = held.license_id RETURNING f.license_id`;
  await enterPool(
    tx,
    freed.map(({ license_id }) => license_id),
  );
}
