/**
 * The available licenses of pools, in the table `pool_available`. The statements that generate licenses insert the rows
 * (db/generation/chunk.ts, db/generation/grant-statement.ts).
 *
 * Lock order: the row of `pool_available`, then the facts of the license. So a change that makes an available license unavailable deletes
 * its row first (`leavePool`), and an order that takes a license from the pool locks the row before the facts.
 */
import type { Fragment, Sql } from '../base/database';

/** The ids of the licenses of the job `j`, as a range for BETWEEN. */
function idsOfJob(sql: Sql): Fragment {
  return sql`j.serial << 24 AND (j.serial << 24) | 16777215`;
}

/**
 * An expression for the counts of the pool of the contract `c`, as JSON. A hold that is over counts as available before its licenses are
 * put back. Licenses that have expired are in no count, suspended and revoked ones are not available or held.
 */
export function poolCounts(sql: Sql): Fragment {
  return sql`(
    SELECT jsonb_build_object(
      'available', (SELECT count(*) FROM pool_available WHERE contract_id = c.id AND expires_at > at.now) + used.free, 'held', used.held, 'assigned', used.assigned)
    FROM (SELECT coalesce((SELECT k.now FROM test_clocks k WHERE k.id = c.test_clock_id), now()) AS now) at
    CROSS JOIN LATERAL (
      SELECT count(*) FILTER (WHERE valid AND held_until <= at.now) AS free, count(*) FILTER (WHERE valid AND held_until > at.now) AS held,
             count(*) FILTER (WHERE customer_id IS NOT NULL) AS assigned
      FROM (
        SELECT f.customer_id, f.held_until,
               f.customer_id IS NULL AND f.activated_at IS NULL AND f.suspended_at IS NULL AND coalesce(f.expires_at, j.expires_at, 'infinity') > at.now AS valid
        FROM generation_jobs j JOIN license_facts f ON f.license_id BETWEEN ${idsOfJob(sql)}
        WHERE j.contract_id = c.id AND f.revoked_at IS NULL
      ) f
    ) used)`;
}

/**
 * Takes licenses out of their pools, before they are changed so that they are no longer available. Waits for an order that is taking one of
 * them. Licenses that are in no pool stay as they are.
 */
export async function leavePool(tx: Sql, license_ids: readonly string[]): Promise<void> {
  await tx`
    DELETE FROM pool_available p USING (
      SELECT j.contract_id, coalesce(j.expires_at, 'infinity') AS expires_at, l.id
      FROM unnest(${[...license_ids]}::bigint[]) AS l (id) JOIN generation_jobs j ON j.serial = l.id >> 24 ORDER BY l.id
    ) l WHERE p.contract_id = l.contract_id AND p.expires_at = l.expires_at AND p.license_id = l.id`;
}

/**
 * Makes unused licenses available again: inserts their rows, if they are licenses of a pool. Those that are held, assigned,
 * activated, suspended or revoked stay out. Call it with the facts of the licenses locked.
 */
export async function enterPool(tx: Sql, license_ids: readonly string[]): Promise<void> {
  if (license_ids.length === 0) return;
  await tx`
    INSERT INTO pool_available (contract_id, expires_at, license_id)
    SELECT j.contract_id, coalesce(j.expires_at, 'infinity'), l.id
    FROM unnest(${[...license_ids]}::bigint[]) AS l (id)
    JOIN generation_jobs j ON j.serial = l.id >> 24 JOIN contracts c ON c.id = j.contract_id
    LEFT JOIN license_facts f ON f.license_id = l.id
    WHERE c.type = 'pool' AND NOT j.is_test AND f.customer_id IS NULL AND f.held_until IS NULL AND f.activated_at IS NULL
      AND f.suspended_at IS NULL AND f.revoked_at IS NULL
    ON CONFLICT DO NOTHING`;
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
