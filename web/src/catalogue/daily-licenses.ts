/** The licenses of each day over several contracts. */
import type { components } from '../base/interface';

type ContractMetrics = components['schemas']['ContractMetrics'];

export const CHANNELS = ['ui', 'api', 'schedule', 'replenish'] as const;

export type DailyLicenses = Record<(typeof CHANNELS)[number], number> & { date: string };

/** Adds up the days of the contracts. Days are local days of each contract, so their windows can begin and end one day apart. */
export function byDay(contracts: readonly Pick<ContractMetrics, 'daily'>[]): DailyLicenses[] {
  const days = new Map<string, DailyLicenses>();
  for (const day of contracts.flatMap(({ daily }) => daily)) {
    const sum = days.get(day.date) ?? { date: day.date, ui: 0, api: 0, schedule: 0, replenish: 0 };
    for (const channel of CHANNELS) sum[channel] += day[channel];
    days.set(day.date, sum);
  }
  return [...days.values()].sort((one, other) => one.date.localeCompare(other.date));
}
