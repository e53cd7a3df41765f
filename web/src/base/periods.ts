/** Periods of the interface (ISO 8601: `P1Y6M`), as people read them and as a number with a unit. */
import { locale } from './instants';
import type { Language } from './texts';

const PERIOD = /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?$/;
const UNITS = ['year', 'month', 'week', 'day'] as const;

/** `P1Y6M` as `1 year, 6 months`. What is no period is returned as it is. */
export function formatPeriod(period: string, language: Language): string {
  const found = PERIOD.exec(period);
  if (!found) return period;
  const parts = UNITS.flatMap((unit, index) => {
    const count = Number(found[index + 1] ?? 0);
    return count === 0 ? [] : [formatUnit(count, unit, language)];
  });
  return parts.length === 0 ? period : parts.join(', ');
}

/** A count with its unit: `3 days`. */
export function formatUnit(
  count: number,
  unit: 'year' | 'month' | 'week' | 'day' | 'minute',
  language: Language,
): string {
  return new Intl.NumberFormat(locale(language), { style: 'unit', unit, unitDisplay: 'long' }).format(count);
}

export const PERIOD_UNITS = ['D', 'W', 'M', 'Y'] as const;
export type PeriodUnit = (typeof PERIOD_UNITS)[number];

export interface Period {
  amount: number;
  unit: PeriodUnit;
}

/** The number and the unit of a period, or undefined for a period of several units (`P1Y6M`). */
export function parsePeriod(text: string): Period | undefined {
  const [, amount, unit] = /^P(\d+)([DWMY])$/.exec(text) ?? [];
  return amount === undefined ? undefined : { amount: Number(amount), unit: unit as PeriodUnit };
}

export function periodText({ amount, unit }: Period): string {
  return `P${amount}${unit}`;
}
