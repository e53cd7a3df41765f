/** The metrics of a contract as the charts need them. */
import type { components } from '../../base/interface';

export type Metrics = components['schemas']['ContractMetrics'];
type Day = Metrics['daily'][number];

export const CHANNELS = [
  { name: 'ui', color: 'indigo.6' },
  { name: 'api', color: 'teal.6' },
  { name: 'schedule', color: 'yellow.6' },
  { name: 'replenish', color: 'grape.6' },
] as const;

export interface ChartDay extends Day {
  /** From 0 to 1; null on a day without attempts. */
  error_rate: number | null;
}

/** The days of the window, each with its error rate. */
export function chartDays({ daily }: Pick<Metrics, 'daily'>): ChartDay[] {
  return daily.map((day) => ({ ...day, error_rate: day.attempts === 0 ? null : day.failed / day.attempts }));
}

const DAY_MS = 86_400_000;

/** The first of so many local days before `to`, which does not count itself. */
export function firstDay(to: string, days: number): string {
  return new Date(Date.parse(to) - days * DAY_MS).toISOString().slice(0, 10);
}
