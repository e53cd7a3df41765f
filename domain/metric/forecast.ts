/** The forecast of when a quota is used up (domain.md 6.1, time to quota). */
import type { LocalDate } from '../base/instant';
import { metricsOf } from './metrics';
import type { Counts } from './metrics';
import type { Window } from './window';

/**
 * A quota that is used up within this many days is noticed.
 *
 * Only quotas of which 80 percent are claimed are forecast. With a window of 28 days that misses nothing: who uses up the rest in 7 days has
 * claimed four times as much in the 28 days before. In the first weeks of a contract a velocity says little.
 */
export const RUNS_OUT_DAYS = 7;

/** When a quota is used up, if that is soon. */
export interface Forecast {
  in_days: number;
  runs_out_on: LocalDate;
  /** Licenses a day, of the days that the forecast is made from. */
  per_day: number;
}

/** The forecast from what was counted in the default window; null when the quota lasts longer than {@link RUNS_OUT_DAYS}. */
export function forecastOf(counts: Counts, window: Window): Forecast | null {
  const { time_to_quota, velocity } = metricsOf(counts, window);
  const { days, date } = time_to_quota;
  if (days === null || date === null || days > RUNS_OUT_DAYS) return null;
  return { in_days: days, runs_out_on: date, per_day: velocity.per_day };
}
