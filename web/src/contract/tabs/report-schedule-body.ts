/** A schedule of reports as a person edits it. */
import type { components } from '../../base/interface';

export type ReportSchedule = components['schemas']['ReportSchedule'];
export type ReportScheduleCreate = components['schemas']['ReportScheduleCreate'];

export const REPORT_FREQUENCIES = ['weekly', 'monthly', 'quarterly'] as const satisfies ReportSchedule['frequency'][];

export interface ReportScheduleValues {
  frequency: ReportSchedule['frequency'];
  /** The day of the week, 1 is Monday. */
  week_day: string;
  /** The day of the month. */
  month_day: number | string;
  at: string;
}

/** The values of a schedule, or those that a new one starts with. */
export function reportScheduleValues(schedule: ReportSchedule | undefined): ReportScheduleValues {
  if (schedule === undefined) return { frequency: 'monthly', week_day: '1', month_day: 1, at: '06:00' };
  const { frequency, on_day, at } = schedule;
  const is_weekly = frequency === 'weekly';
  return { frequency, week_day: is_weekly ? String(on_day) : '1', month_day: is_weekly ? 1 : on_day, at };
}

export function reportScheduleBody({ frequency, week_day, month_day, at }: ReportScheduleValues): ReportScheduleCreate {
  return { frequency, on_day: Number(frequency === 'weekly' ? week_day : month_day), at };
}

/** The name of a day of the week, 1 is Monday. */
export function weekDayName(day: number, language: string): string {
  // The first of January 2024 was a Monday.
  return new Intl.DateTimeFormat(language, { weekday: 'long', timeZone: 'UTC' }).format(Date.UTC(2024, 0, day));
}
