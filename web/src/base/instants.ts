/** Dates, times and numbers as people read them: in the zone of the contract, with the reader's own zone beside it when it differs. */
import type { Language } from './texts';

/** The time zone of the reader's machine. */
export const OWN_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

const formats = new Map<string, Intl.DateTimeFormat>();

function format(language: Language, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language} ${JSON.stringify(options)}`;
  let found = formats.get(key);
  if (found === undefined) formats.set(key, (found = new Intl.DateTimeFormat(locale(language), options)));
  return found;
}

/** British English has the day before the month and 24 hours, like German: one order in all pages. */
export function locale(language: Language): string {
  return language === 'de' ? 'de-DE' : 'en-GB';
}

/** An instant with date, time and the name of its zone: `1 Feb 2027, 00:00 GMT+1`. */
export function formatInstant(instant: string, language: Language, zone: string = OWN_ZONE): string {
  return format(language, {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZone: zone,
    timeZoneName: 'short',
  }).format(new Date(instant));
}

/** The day of an instant: `1 Feb 2027`. */
export function formatDay(instant: string, language: Language, zone: string = OWN_ZONE): string {
  return format(language, { day: 'numeric', month: 'short', year: 'numeric', timeZone: zone }).format(
    new Date(instant),
  );
}

/** A local date without a time (`2027-02-01`), which is the same day in every zone. */
export function formatLocalDate(date: string, language: Language): string {
  return formatDay(`${date}T00:00:00Z`, language, 'UTC');
}

export function formatNumber(value: number, language: Language): string {
  return new Intl.NumberFormat(locale(language)).format(value);
}

/** A share between 0 and 1 as a percentage with at most one decimal. */
export function formatShare(share: number, language: Language): string {
  return new Intl.NumberFormat(locale(language), { style: 'percent', maximumFractionDigits: 1 }).format(share);
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;

/** A length of time in its two largest units: `2 hr 5 min`. */
export function formatDuration(seconds: number, language: Language): string {
  const parts: string[] = [];
  let left = Math.max(0, Math.round(seconds));
  for (const [unit, size] of UNITS) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0) parts.push(formatUnit(count, unit, language));
  }
  return parts.slice(0, 2).join(' ') || formatUnit(0, 'second', language);
}

function formatUnit(count: number, unit: string, language: Language): string {
  return new Intl.NumberFormat(locale(language), { style: 'unit', unit, unitDisplay: 'short' }).format(count);
}
