/** The rules of time zones by which this process computes. */
import type { Instant } from '../../domain/base/instant';
import { isOlder } from '../../domain/contract/time-zone-rules';
import type { TimeZoneRules } from '../../domain/contract/time-zone-rules';

/** The rules of this process: those of its Node, or those that `ICU_TIMEZONE_FILES_DIR` names. */
export const TIME_ZONE_RULES: TimeZoneRules = process.versions['tz'] ?? '';

/** Whether the boundaries of a contract were computed by older rules than those of this process. Drafts have none. */
export function isComputedByOlderRules(row: {
  activated_at: Instant | null;
  time_zone_rules: TimeZoneRules | null;
}): boolean {
  return row.activated_at !== null && isOlder(row.time_zone_rules, TIME_ZONE_RULES);
}

/** The name under which a process connects, which says its rules to the others: `covenant api (tz 2026c)`. */
export function applicationName(process_name: 'api' | 'worker'): string {
  return `covenant ${process_name} (tz ${TIME_ZONE_RULES})`;
}
