/**
 * The thresholds of a quota in SQL (QUOTA_THRESHOLDS in domain/contract/quota.ts), and the events about them. The statement that claims
 * licenses writes them, so that a threshold is judged by the row that the claim locks, and reached once however many claims arrive together.
 *
 * They are no generated column: Postgres parses its expression again for each statement.
 */
import type { Fragment, Sql } from '../base/database';

/** An expression for how many thresholds of a quota are reached: 1 from 80 percent on, 2 when nothing remains. In whole numbers. */
export function thresholdsReached(sql: Sql, total: Fragment, remaining: Fragment): Fragment {
  return sql`((${remaining} <= ${total} / 5)::int + (${remaining} <= 0)::int)`;
}

/**
 * A query for the events of the thresholds that claims reach, as they are inserted. Of several that one claim reaches, all but the highest
 * are superseded. `claims` is a relation with `contract_id`, `job_id`, `environment`, `now`, `total`, `quota_remaining` after the claim, the
 * numbers of thresholds that are `reached_before` and `reached_after` it, and `events_before`: the number of the last event before those of
 * the claim, less the thresholds reached before.
 */
export function thresholdEvents(sql: Sql, claims: Fragment): Fragment {
  return sql`
    SELECT r.now, 'quota.threshold_reached', r.contract_id, r.environment,
           jsonb_build_object('contract_id', r.contract_id, 'job_id', r.job_id, 'threshold', t.percent, 'superseded', t.number < r.reached_after,
                              'total', r.total, 'claimed', r.total - r.quota_remaining, 'remaining', r.quota_remaining),
           r.events_before + t.number
    FROM ${claims} r JOIN (VALUES (1, 80), (2, 100)) AS t (number, percent) ON t.number > r.reached_before AND t.number <= r.reached_after`;
}
