/**
 * The window of a metric: whole local days of a contract (domain.md 6.1). Days are local dates, never 24 hours, so a day of a clock
 * change has 23 or 25 hours and counts as one.
 */
import { addDays, daysBetween, localDateAt, startOfDay } from '../base/calendar';
import type { Instant, LocalDate } from '../base/instant';
import { refuse } from '../base/refusal';
import type { Refusal } from '../base/refusal';

/** The days of the window unless a request names others. */
export const WINDOW_DAYS_DEFAULT = 28;
/** The longest window: a leap year. */
export const WINDOW_DAYS_MAX = 366;

/** The facts of a contract that its window depends on. */
export interface WindowFacts {
  timezone: string;
  activated_at: Instant | null;
  /** The time of the contract: that of its test clock, or the real one. */
  now: Instant;
}

/** The days that a request names. */
export interface GivenDays {
  from?: LocalDate | undefined;
  /** The first day that does not count. */
  to?: LocalDate | undefined;
}

export interface Window {
  from: LocalDate;
  /** The first day that does not count. */
  to: LocalDate;
  days: LocalDate[];
  /** The start of each day, and the end of the last one. */
  boundaries: Instant[];
  /** The days by which the velocity divides: those that began after the activation, at least 1. */
  counted_days: number;
  /** The local date at which the metrics are computed. */
  today: LocalDate;
}

/** The window of a contract: the last 28 complete local days, or the given ones. Today is not complete. */
export function windowOf({ timezone, activated_at, now }: WindowFacts, given: GivenDays = {}): Window | Refusal {
  const today = localDateAt(now, timezone);
  const to = given.to ?? today;
  const from = given.from ?? addDays(to, -WINDOW_DAYS_DEFAULT);
  const length = daysBetween(from, to);
  if (to > today) return invalid('to', `must not be after ${today}, because only complete days count`);
  if (length < 1) return invalid('from', `must be before ${to}`);
  if (length > WINDOW_DAYS_MAX) return invalid('from', `must be at most ${WINDOW_DAYS_MAX} days before ${to}`);
  const dates = Array.from({ length: length + 1 }, (_, index) => addDays(from, index));
  const boundaries = dates.map((date) => startOfDay(date, timezone));
  const days = dates.slice(0, -1);
  const active = boundaries.slice(0, -1).filter((start) => activated_at !== null && start >= activated_at).length;
  return { from, to, days, boundaries, counted_days: Math.max(1, active), today };
}

function invalid(path: keyof GivenDays, message: string): Refusal {
  return refuse('VALIDATION_FAILED', { path, message: `${path}: ${message}.` });
}
