/** How far the timeline of a contract looks ahead. */
import { localTime } from '../../base/zoned';

/**
 * The last local day of the forecast: in one year, or one day after the end of the term when that is later. The interface takes at most
 * ten years; two days less keep clear of that limit in leap years and in the last hours of a day.
 */
export function forecastEnd(now: string, timezone: string, endDate: string | null): string {
  const today = localTime(now, timezone).slice(0, 10);
  const inOneYear = shifted(today, 1, 0);
  const afterTerm = endDate === null ? inOneYear : shifted(endDate, 0, 1);
  const latest = shifted(today, 10, -2);
  const wanted = afterTerm > inOneYear ? afterTerm : inOneYear;
  return wanted < latest ? wanted : latest;
}

function shifted(day: string, years: number, days: number): string {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCFullYear(date.getUTCFullYear() + years, date.getUTCMonth(), date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}
