/** The time zone rules of this process. */
import type { Instant } from '../../domain/base/instant';
import { isOlder } from '../../domain/contract/time-zone-rules';
import type { TimeZoneRules } from '../../domain/contract/time-zone-rules';

/** The rules of this process: those of its Node, or those in `ICU_TIMEZONE_FILES_DIR`. */
export const TIME_ZONE_RULES: TimeZoneRules = process.versions['tz'] ?? '';

/** Whether the boundaries of a contract were computed with older rules than those of this process. Drafts have no boundaries. */
export function isComputedByOlderRules(row: {
  activated_at: Instant | null;
  time_zone_rules: TimeZoneRules | null;
}): boolean {
  return row.activated_at !== null && isOlder(row.time_zone_rules, TIME_ZONE_RULES);
}

/** The connection name of a process, which shows its rules to other processes: `covenant api (tz 2026c)`. */
export function applicationName(process_name: 'api' | 'worker'): string {
  return `covenant ${process_name} (tz ${TIME_ZONE_RULES})`;
}
