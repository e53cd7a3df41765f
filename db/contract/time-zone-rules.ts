/** The rules of time zones by which this process computes, and the contracts that were computed by older ones. */
import type { Instant } from '../../domain/base/instant';
import { isOlder } from '../../domain/contract/time-zone-rules';
import type { TimeZoneRules } from '../../domain/contract/time-zone-rules';
import type { Fragment, Sql } from '../base/database';

/** The rules by which this process computes: those of its Node, or those that `ICU_TIMEZONE_FILES_DIR` names. */
export const TIME_ZONE_RULES: TimeZoneRules = process.versions['tz'] ?? '';

/** Whether the boundaries of a contract were computed by older rules than those of this process. Drafts have none. */
export function isComputedByOlderRules(row: {
  activated_at: Instant | null;
  time_zone_rules: TimeZoneRules | null;
}): boolean {
  return row.activated_at !== null && isOlder(row.time_zone_rules, TIME_ZONE_RULES);
}

/** The same as a condition on a row of `contracts`; the rules are those of this process unless given. */
export function computedByOlderRules(sql: Sql, rules: TimeZoneRules = TIME_ZONE_RULES): Fragment {
  return sql`(time_zone_rules < ${rules} OR time_zone_rules IS NULL)`;
}
