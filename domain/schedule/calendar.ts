/**
 * The calendar of a schedule: the local days of its runs, and the instant of each.
 *
 * Days are counted from an anchor and never from the run before, so a schedule of 31 January runs on 28 February and on 31 March (domain.md
 * 1.8). A schedule runs at most once on a local day.
 */
import {
  addDays,
  addPeriods,
  dayOfMonthAfter,
  dayOfWeek,
  daysBetween,
  firstInstantAt,
  localDateAt,
  partsOfPeriod,
} from '../base/calendar';
import { LATEST, millisLater } from '../base/instant';
import type { Instant, LocalDate, LocalTime } from '../base/instant';
import { refuse } from '../base/refusal';
import type { Refusal } from '../base/refusal';

/** When a schedule runs, in the time zone of its contract. */
export interface ScheduleCalendar {
  /** The time from one run to the next: `P1M`. */
  every: string;
  /** The day of the month (1 to 31) for months and years, the day of the week (1 is Monday) for weeks; null: that of `from`. */
  on_day: number | null;
  /** The local time of day. */
  at: LocalTime;
  /** The first day on which it may run. Runs are counted from here. */
  from: LocalDate;
  /** The last day on which it may run; null: it has no end. */
  until: LocalDate | null;
}

/** One run: its local day, and the instant at which it is due. */
export interface Run {
  date: LocalDate;
  at: Instant;
}

/** The longest time between two runs, in years. */
const EVERY_YEARS_MAX = 10;

/** Days of the longest year and the longest month. */
const YEAR_DAYS_MAX = 366;
const MONTH_DAYS_MAX = 31;
const WEEK_DAYS = 7;

/** What `on_day` counts: days of the month, days of the week, or nothing for periods of days and mixed ones. */
function unitOf(every: string): 'month' | 'week' | null {
  const { years, months, weeks, days } = partsOfPeriod(every);
  if (days > 0) return null;
  if (weeks > 0) return years + months > 0 ? null : 'week';
  return 'month';
}

/** Refuses a calendar that has no meaning; null when it is valid. */
export function calendarRefusal({ every, on_day, from, until }: ScheduleCalendar): Refusal | null {
  if (yearsOf(every) > EVERY_YEARS_MAX) return invalid('every', `must be at most ${EVERY_YEARS_MAX} years`);
  const unit = unitOf(every);
  if (on_day !== null && unit === null)
    return invalid(
      'on_day',
      `is for periods of whole months, years or weeks; ${every} is counted from the day of from`,
    );
  if (on_day !== null && unit === 'week' && on_day > WEEK_DAYS)
    return invalid('on_day', 'must be from 1 (Monday) to 7 (Sunday) for a period of weeks');
  return until !== null && until < from ? invalid('until', `must not be before from (${from})`) : null;
}

function invalid(path: string, message: string): Refusal {
  return refuse('VALIDATION_FAILED', { path, message: `${path}: ${message}.` });
}

/** The first run after an instant, and on a later day than `last_date`, the day of the last run; null when there is none. */
export function nextRun(
  calendar: ScheduleCalendar,
  zone: string,
  { after, last_date = null }: { after: Instant; last_date?: LocalDate | null },
): Run | null {
  // A run of the day before can be later than the instant only if a clock change moved it.
  const day = addDays(localDateAt(after, zone), -1);
  const least = last_date === null || last_date < day ? day : last_date;
  for (const run of runsFrom(calendar, zone, least)) {
    if (run.at > after && (last_date === null || run.date > last_date)) return run;
  }
  return null;
}

/** The run after another one. Where a zone skips a day, both can be at the same instant. */
export function runAfter(calendar: ScheduleCalendar, zone: string, { date, at }: Run): Run | null {
  return nextRun(calendar, zone, { after: millisLater(at, -1), last_date: date });
}

/** The next runs, of which the first is on `date`: at most so many, and none after `until`. */
export function runsOn(
  calendar: ScheduleCalendar,
  zone: string,
  date: LocalDate,
  { most, until = LATEST }: { most: number; until?: Instant },
): Run[] {
  const runs: Run[] = [];
  for (const run of runsFrom(calendar, zone, date)) {
    if (runs.length === most || run.at > until) break;
    runs.push(run);
  }
  return runs;
}

/** The instant of the run on a day. */
export function instantOfRun({ at }: Pick<ScheduleCalendar, 'at'>, zone: string, date: LocalDate): Instant {
  return firstInstantAt(date, at, zone);
}

/** The runs from a day on, in order. */
function* runsFrom(calendar: ScheduleCalendar, zone: string, least: LocalDate): Generator<Run> {
  const dateOf = runDates(calendar);
  const behind = Math.max(0, daysBetween(calendar.from, least));
  // Not too far: a period has at most so many days, and the first run may be one period after `from`.
  let index = Math.max(0, Math.floor(behind / longestDays(calendar.every)) - 1);
  for (; ; index++) {
    const date = dateOf(index);
    if (calendar.until !== null && date > calendar.until) return;
    if (date >= least) yield { date, at: instantOfRun(calendar, zone, date) };
  }
}

/** Returns the day of a run by its number, counted from 0. */
function runDates({ every, on_day, from }: ScheduleCalendar): (index: number) => LocalDate {
  const unit = unitOf(every);
  if (on_day === null || unit === null) return (index) => addPeriods(from, every, index);
  if (unit === 'week') {
    const anchor = addDays(from, (on_day - dayOfWeek(from) + WEEK_DAYS) % WEEK_DAYS);
    return (index) => addPeriods(anchor, every, index);
  }
  const { years, months } = partsOfPeriod(every);
  const first = dayOfMonthAfter(from, 0, on_day) >= from ? 0 : 1;
  return (index) => dayOfMonthAfter(from, first + index * (12 * years + months), on_day);
}

function yearsOf(every: string): number {
  const { years, months, weeks, days } = partsOfPeriod(every);
  return years + months / 12 + weeks / 52 + days / 365;
}

/** A number of days that no period of this length exceeds. */
function longestDays(every: string): number {
  const { years, months, weeks, days } = partsOfPeriod(every);
  return years * YEAR_DAYS_MAX + months * MONTH_DAYS_MAX + weeks * WEEK_DAYS + days;
}
