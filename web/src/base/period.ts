/** Periods of the interface (`P1Y`, `P30D`) as a number and a unit. */

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
