/**
 * Notices that a pool has few available licenses (domain.md 5.4): once when they fall below `low_water`, and again only after there were ten
 * percent more. A grab notices it in its own statement, from the licenses that were available when it began. Two processes that take the
 * last licenses above `low_water` at the same moment may leave the notice to the next grab.
 */
import type { Fragment, Sql } from '../base/database';

/**
 * The CTEs of a grab that notice its effect, after the CTEs `pool` and `served`. They count at most as many licenses as decide, so their
 * cost does not grow with the pool. The event is numbered by the quota row, which only a notice locks.
 */
export function noticeLowWater(sql: Sql, contract_id: string, asked: number): Fragment {
  return sql`
    level AS MATERIALIZED (
      SELECT pool.at, pool.environment, pool.low_water, pool.rearm_from, c.before,
             c.before - (SELECT max(upto) FROM served) AS after
      FROM pool CROSS JOIN LATERAL (
        SELECT count(*)::int AS before FROM (
          SELECT FROM pool_available WHERE contract_id = ${contract_id} AND expires_at > pool.at LIMIT pool.rearm_from + ${asked}::int
        ) available
      ) c
      WHERE pool.low_water > 0 AND EXISTS (SELECT FROM served)
    ), fallen AS (
      INSERT INTO pool_levels (contract_id, low_since)
      SELECT ${contract_id}, CASE WHEN after < low_water THEN at END FROM level
      WHERE before >= low_water
        AND (after < low_water OR NOT EXISTS (SELECT FROM pool_levels WHERE contract_id = ${contract_id} AND low_since IS NULL))
      ON CONFLICT (contract_id) DO UPDATE SET low_since = excluded.low_since
      WHERE CASE WHEN pool_levels.low_since IS NULL THEN excluded.low_since IS NOT NULL ELSE (SELECT before >= rearm_from FROM level) END
      RETURNING low_since
    ), fallen_before AS (
      -- Another process took licenses at the same moment, or they expired.
      UPDATE pool_levels SET low_since = level.at FROM level
      WHERE contract_id = ${contract_id} AND low_since IS NULL AND before < level.low_water RETURNING low_since
    ), numbered AS (
      UPDATE contract_quotas SET event_sequence = event_sequence + 1
      WHERE contract_id = ${contract_id}
        AND EXISTS (SELECT FROM fallen WHERE low_since IS NOT NULL UNION ALL SELECT FROM fallen_before)
      RETURNING event_sequence
    ), noticed AS (
      INSERT INTO domain_events (at, type, contract_id, environment, data, sequence)
      SELECT level.at, 'pool.low_water', ${contract_id}, level.environment,
             jsonb_build_object('contract_id', ${contract_id}::uuid, 'available', level.after, 'low_water', level.low_water), numbered.event_sequence
      FROM numbered CROSS JOIN level
    )`;
}
