/** Computes the instants of next runs by the time zone rules of this process. */
import type { ComputedRun, ScheduleRow } from '../../db/schedule/schedule';
import type { LocalDate } from '../../domain/base/instant';
import { instantOfRun } from '../../domain/schedule/calendar';
import type { ScheduleCalendar } from '../../domain/schedule/calendar';
import { TIME_ZONE_RULES } from '../base/time-zone-rules';

/** The run on a day; null without a day. */
export function computedRun(calendar: ScheduleCalendar, zone: string, date: LocalDate | null): ComputedRun | null {
  return date === null ? null : { date, at: instantOfRun(calendar, zone, date), time_zone_rules: TIME_ZONE_RULES };
}

/** Whether the stored instant of the next run was computed by rules that are at least as new as those of this process. */
export function isComputedByOwnRules({ time_zone_rules }: Pick<ScheduleRow, 'time_zone_rules'>): boolean {
  return time_zone_rules !== null && time_zone_rules >= TIME_ZONE_RULES;
}
