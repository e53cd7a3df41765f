/** The schedules that the sweep wakes: those with an overdue run, and those that Temporal does not have as they are. */
import type { TimeZoneRules } from '../../domain/contract/time-zone-rules';
import type { Fragment, Sql } from '../base/database';

/** A query for schedules with an overdue run, with the real time since when. An advance of a test clock makes the runs itself. */
export function schedulesToRun(sql: Sql, late: Fragment): Fragment {
  return sql`
    SELECT s.id, s.next_run_at AS since FROM generation_schedules s JOIN contracts c ON c.id = s.contract_id
    WHERE s.next_run_at <= ${late} AND c.test_clock_id IS NULL
    UNION ALL
    SELECT s.id, s.changed_at FROM test_clocks k JOIN contracts c ON c.test_clock_id = k.id JOIN generation_schedules s ON s.contract_id = c.id
    WHERE k.status <> 'advancing' AND s.next_run_at <= k.now`;
}

/**
 * A query for schedules whose Temporal Schedule does not follow them: their last change has not reached it, it was placed on another server,
 * or its instants were computed by older time zone rules.
 */
export function schedulesToPlace(
  sql: Sql,
  { epoch, late, time_zone_rules }: { epoch: string; late: Fragment; time_zone_rules: TimeZoneRules },
): Fragment {
  return sql`
    SELECT id, changed_at AS since FROM generation_schedules
    WHERE placed_revision IS DISTINCT FROM revision AND changed_at <= ${late}
       OR next_run_at IS NOT NULL AND (workflow_epoch <> ${epoch} OR workflow_epoch IS NULL AND changed_at <= ${late}
                                       OR time_zone_rules < ${time_zone_rules} OR time_zone_rules IS NULL AND changed_at <= ${late})`;
}

/** Records on which server the workflows of schedules were started, which place them there. Rows that are locked are left to the next sweep. */
export async function markPlacedOn(sql: Sql, ids: readonly string[], epoch: string): Promise<void> {
  await sql`
    UPDATE generation_schedules SET workflow_epoch = ${epoch} WHERE id IN (
      SELECT id FROM generation_schedules WHERE id = ANY(${[...ids]}::uuid[]) AND workflow_epoch IS DISTINCT FROM ${epoch}
      FOR NO KEY UPDATE SKIP LOCKED)`;
}
