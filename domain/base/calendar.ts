/**
 * Calendar arithmetic in a contract's own time zone (domain.md 1.8).
 *
 * Months and zones are computed with Temporal's proposal types: `Date` arithmetic turns 31 January plus a month into 3 March,
 * and SQL interval arithmetic depends on the session's zone. Whole days need neither and are counted.
 */
import { Temporal } from 'temporal-polyfill';
import { instantFromMillis, millisOf } from './instant';
import type { Instant, LocalDate, LocalTime } from './instant';

/** Whether `zone` is an IANA time zone name that this runtime knows (offsets such as `+02:00` are not names). */
export function isTimeZone(zone: string): boolean {
  if (!/^[A-Za-z]/.test(zone)) return false;
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone);
    return true;
  } catch {
    return false;
  }
}

/** Whether `date` exists in the calendar: `2027-02-30` does not. Counted here, because an import asks twice for each of its rows. */
export function isLocalDate(date: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) return false;
  const [year, month, day] = [Number(date.slice(0, 4)), Number(date.slice(5, 7)), Number(date.slice(8))];
  return month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
}

const MONTHS_OF_30_DAYS = [4, 6, 9, 11];

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return MONTHS_OF_30_DAYS.includes(month) ? 30 : 31;
}

/** The longest period, in years. A date plus such a period has a four-digit year, which every layer can store. */
const PERIOD_YEARS_MAX = 1000;

/**
 * Whether `period` is a positive ISO 8601 duration of whole years, months, weeks and days, such as `P1Y` or `P1M15D`, of at
 * most {@link PERIOD_YEARS_MAX} years. Hours are refused, because terms are counted in dates.
 */
export function isCalendarPeriod(period: string): boolean {
  if (!/^P(?=\d)(\d{1,4}Y)?(\d{1,4}M)?(\d{1,4}W)?(\d{1,5}D)?$/.test(period)) return false;
  const { years, months, weeks, days } = Temporal.Duration.from(period);
  const in_years = years + months / 12 + weeks / 52 + days / 365;
  return in_years > 0 && in_years <= PERIOD_YEARS_MAX;
}

const DAY_MS = 86_400_000;
/** The last instant of the four-digit years. */
const FOUR_DIGIT_MS_MAX = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
const FOUR_DIGIT_MS_MIN = Date.parse('0000-01-01T00:00:00.000Z');
/** The most starts of days that are cached, about 2 MB. When the cache is full, it is cleared. */
const STARTS_CACHED_MAX = 10_000;
/** The most dates that are cached, in the same way: those of a few batches, whose contracts have the same time. */
const DATES_CACHED_MAX = 1_000;

/** The starts of days by day and zone. The same days are needed repeatedly, and each computation searches the rules of the zone. */
const starts = new Map<string, Instant>();
/** The dates by instant and zone. A batch of 5,000 billing events spent a tenth of the worker's time on the date of one instant. */
const dates = new Map<string, LocalDate>();

/** The first valid instant of `date` in `zone`; a day whose midnight a clock change skips begins later (1.8.3). */
export function startOfDay(date: LocalDate, zone: string): Instant {
  return cachedIn(starts, STARTS_CACHED_MAX, `${date} ${zone}`, () =>
    text(Temporal.PlainDate.from(date).toZonedDateTime(zone).toInstant()),
  );
}

/**
 * The first valid instant of a local time, `09:30`, on `date` in `zone`. A time that a clock change skips is the instant of the change, and
 * of a time that occurs twice it is the earlier one.
 */
export function firstInstantAt(date: LocalDate, time: LocalTime, zone: string): Instant {
  const wall = Temporal.PlainDateTime.from(`${date}T${time}`);
  const earlier = wall.toZonedDateTime(zone, { disambiguation: 'earlier' });
  if (earlier.toPlainDateTime().equals(wall)) return text(earlier.toInstant());
  // `earlier` reads a skipped time by the offset after the change, which gives an instant before the change.
  const change = earlier.getTimeZoneTransition('next');
  if (change === null) throw new Error(`${date} ${time} is skipped in ${zone} by no clock change`);
  return text(change.toInstant());
}

/** The calendar date in `zone` at `instant`. */
export function localDateAt(instant: Instant, zone: string): LocalDate {
  return cachedIn(dates, DATES_CACHED_MAX, `${instant} ${zone}`, () =>
    Temporal.Instant.from(instant).toZonedDateTimeISO(zone).toPlainDate().toString(),
  );
}

/** The cached value of a key, or the computed one, which is cached. When the cache is full, it is cleared. */
function cachedIn<Value>(cache: Map<string, Value>, entries_max: number, key: string, compute: () => Value): Value {
  const cached = cache.get(key);
  if (cached !== undefined) return cached;
  const value = compute();
  if (cache.size >= entries_max) cache.clear();
  cache.set(key, value);
  return value;
}

/**
 * `date` plus `times` periods, limited to the last day of the month. The periods are multiplied before they are added: 31 January
 * plus two months is 31 March, and not 28 March by way of 28 February (1.8.4).
 */
export function addPeriods(date: LocalDate, period: string, times = 1): LocalDate {
  const duration = Temporal.Duration.from(period);
  return Temporal.PlainDate.from(date)
    .add({
      years: duration.years * times,
      months: duration.months * times,
      weeks: duration.weeks * times,
      days: duration.days * times,
    })
    .toString();
}

/** `date` plus a whole number of days, which may be negative. */
export function addDays(date: LocalDate, days: number): LocalDate {
  const sum = Number.isInteger(days) ? midnightMs(date) + days * DAY_MS : NaN;
  // Temporal throws a precise error for an invalid date or number, and supports years with more digits.
  if (!(sum >= FOUR_DIGIT_MS_MIN && sum <= FOUR_DIGIT_MS_MAX))
    return Temporal.PlainDate.from(date).add({ days }).toString();
  return dateOf(sum);
}

/** The day of the week of a date: 1 for Monday to 7 for Sunday. */
export function dayOfWeek(date: LocalDate): number {
  return Temporal.PlainDate.from(date).dayOfWeek;
}

/** A day of the month that is so many months after the month of `date`, limited to the last day of that month. */
export function dayOfMonthAfter(date: LocalDate, months: number, day: number): LocalDate {
  return Temporal.PlainDate.from(date).with({ day: 1 }).add({ months }).with({ day }).toString();
}

/** The parts of a calendar period. */
export function partsOfPeriod(period: string): { years: number; months: number; weeks: number; days: number } {
  const { years, months, weeks, days } = Temporal.Duration.from(period);
  return { years, months, weeks, days };
}

/** How many days lie between two dates; negative when `to` is before `from`. */
export function daysBetween(from: LocalDate, to: LocalDate): number {
  const days = (midnightMs(to) - midnightMs(from)) / DAY_MS;
  if (!Number.isNaN(days)) return days;
  return Temporal.PlainDate.from(from).until(Temporal.PlainDate.from(to), { largestUnit: 'days' }).days;
}

/** The midnight in UTC at which a date begins, in milliseconds; NaN for a text that is not a date with a four-digit year. */
function midnightMs(date: LocalDate): number {
  const ms = Date.parse(date);
  // `Date` reads 30 February as 2 March.
  return ms >= FOUR_DIGIT_MS_MIN && ms <= FOUR_DIGIT_MS_MAX && dateOf(ms) === date ? ms : NaN;
}

/** The date in UTC of an instant in four-digit years. */
function dateOf(ms: number): LocalDate {
  return new Date(ms).toISOString().slice(0, 10);
}

/** `instant` plus a period on the wall clock of `zone`: the local time of day is kept across clock changes (1.8.6). */
export function addPeriodToInstant(instant: Instant, period: string, zone: string): Instant {
  const local = Temporal.Instant.from(instant).toZonedDateTimeISO(zone).toPlainDateTime();
  return text(local.add(Temporal.Duration.from(period)).toZonedDateTime(zone).toInstant());
}

/** The UTC offset of `zone` in seconds at each of the instants. */
export function offsetsOf(zone: string, instants: readonly Instant[]): number[] {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  return instants.map((instant) => {
    const [, sign, hours = 0, minutes = 0, seconds = 0] =
      /GMT([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(format.format(millisOf(instant))) ?? [];
    const ahead_s = Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds);
    return sign === '-' ? -ahead_s : ahead_s;
  });
}

/** The fixed text form of instants. (Temporal's `toString` with three decimals takes six times as long as the whole addition.) */
function text(instant: Temporal.Instant): Instant {
  return instantFromMillis(instant.epochMilliseconds);
}
