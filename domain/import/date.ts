/** Dates of an imported file: instants, and days in the time zone of the contract. */
import { addDays, isLocalDate, startOfDay } from '../base/calendar';
import type { Instant } from '../base/instant';

const YEAR_MIN = 1900;
const YEAR_MAX = 2999;
const INSTANT = /^(\d{4})-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/;
/** An instant that is only completed, because parsing costs a third of reading a row: UTC, to the second or the millisecond. */
const UTC_INSTANT = /^\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{3})?Z$/;
const BEGINS_WITH_DATE = /^\d{4}-\d\d-\d\d/;
const WITHOUT_ZONE = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?$/;

/** The length of `2026-03-01T09:00:00Z`. */
const UTC_SECONDS_CHARS = 20;

/** An instant, or a date: its beginning (`first`) or its end (`last`) in a time zone. Undefined when the text is neither. */
export function readInstant(text: string, timezone: string, which: 'first' | 'last'): Instant | undefined {
  if (!isYear(text)) return undefined;
  if (isLocalDate(text)) return dayStart(which === 'first' ? text : addDays(text, 1), timezone);
  if (!INSTANT.test(text) || !isLocalDate(text.slice(0, 10))) return undefined;
  if (UTC_INSTANT.test(text)) return text.length === UTC_SECONDS_CHARS ? `${text.slice(0, -1)}.000Z` : text;
  const millis = Date.parse(text);
  return Number.isNaN(millis) ? undefined : new Date(millis).toISOString();
}

/** What is wrong with a text that {@link readInstant} does not read; empty when it does not look like a date. */
export function dateProblem(text: string): string {
  if (!BEGINS_WITH_DATE.test(text)) return '';
  if (!isYear(text)) return ` Its year is not from ${YEAR_MIN} to ${YEAR_MAX}.`;
  if (!isLocalDate(text.slice(0, 10))) return ' The calendar has no such day.';
  return WITHOUT_ZONE.test(text) ? ' It has no zone.' : '';
}

function isYear(text: string): boolean {
  const year = Number(text.slice(0, 4));
  return year >= YEAR_MIN && year <= YEAR_MAX;
}

/** The starts of days that were computed before: a file has few different days, and the rules of a zone are slow. */
const starts = new Map<string, Instant>();
const STARTS_MAX = 10_000;

function dayStart(date: string, timezone: string): Instant {
  const name = `${timezone} ${date}`;
  const known = starts.get(name);
  if (known !== undefined) return known;
  if (starts.size >= STARTS_MAX) starts.clear();
  const start = startOfDay(date, timezone);
  starts.set(name, start);
  return start;
}
