/**
 * Instants and calendar dates as plain, comparable text.
 *
 * Both are strings, so the same value is used in a row, a workflow payload, JSON and a log line without conversion, and `<` and
 * `>=` compare them. An instant always has the form `2027-02-01T00:00:00.000Z`, a local date `2027-02-01`. All arithmetic on
 * them is in `calendar.ts` (domain.md 1.8.5).
 */

/** An instant in UTC with milliseconds, `2027-02-01T00:00:00.000Z`. */
export type Instant = string;

/** A calendar date without a zone, `2027-02-01`. */
export type LocalDate = string;

/** A time of day without a zone, in hours and minutes: `09:30`. */
export type LocalTime = string;

/** An instant before all others in Covenant. */
export const EARLIEST: Instant = '0001-01-01T00:00:00.000Z';

/** An instant after all others in Covenant. */
export const LATEST: Instant = '9999-12-31T23:59:59.999Z';

/** The instant `millis` milliseconds after the epoch. All instants from a clock are created here. */
export function instantFromMillis(millis: number): Instant {
  return new Date(millis).toISOString();
}

/** Milliseconds since the epoch of an instant. */
export function millisOf(instant: Instant): number {
  return Date.parse(instant);
}

/** The instant `millis` milliseconds later; fractions of a millisecond are dropped. */
export function millisLater(instant: Instant, millis: number): Instant {
  return instantFromMillis(millisOf(instant) + Math.floor(millis));
}

/** The earlier of two instants. */
export function earlierOf(a: Instant, b: Instant): Instant {
  return a < b ? a : b;
}

/** The later of two instants. */
export function laterOf(a: Instant, b: Instant): Instant {
  return a > b ? a : b;
}

/** The smallest UUIDv7 of a time in milliseconds since the epoch. Ids created later are greater. */
export function firstIdAt(millis: number): string {
  const hex = Math.max(millis, 0).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}
