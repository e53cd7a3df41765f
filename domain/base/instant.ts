/**
 * Points in time and calendar dates as plain, comparable text.
 *
 * Both are strings so that the same value stands in a row, in a workflow payload, in JSON and in a log line without
 * conversion, and so that `<` and `>=` compare them: an instant always has the form `2027-02-01T00:00:00.000Z`, a
 * local date `2027-02-01`. Arithmetic on them is in `calendar.ts` and nowhere else (domain.md 1.8.5).
 */

/** An instant in UTC with milliseconds, `2027-02-01T00:00:00.000Z`. */
export type Instant = string;

/** A calendar date without a zone, `2027-02-01`. */
export type LocalDate = string;

/** Before everything that Covenant knows of. */
export const EARLIEST: Instant = '0001-01-01T00:00:00.000Z';

/** The instant `millis` milliseconds after the epoch: the one way in from a clock. */
export function instantFromMillis(millis: number): Instant {
  return new Date(millis).toISOString();
}

/** Milliseconds since the epoch of an instant. */
export function millisOf(instant: Instant): number {
  return Date.parse(instant);
}

/** The instant so many milliseconds later; parts of a millisecond do not count. */
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

/** The smallest UUIDv7 of a time in milliseconds since the epoch, before which there are none. Ids that are made later are greater. */
export function firstIdAt(millis: number): string {
  const hex = Math.max(millis, 0).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}
