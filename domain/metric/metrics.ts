/** The metrics of contracts, computed from what was counted (domain.md 6.1). Figures are not rounded unless their formula says so. */
import { addDays } from '../base/calendar';
import { CHANNELS } from '../base/channel';
import type { Channel, Execution } from '../base/channel';
import type { LocalDate } from '../base/instant';
import { quotaOf, utilizationOf } from '../contract/quota';
import type { Quota } from '../contract/quota';
import type { Window } from './window';

/** What was counted of one local day. Test licenses never count. */
export interface CountedDay {
  /** Licenses by the channel and the execution of their job. */
  licenses: readonly { channel: Channel; execution: Execution; licenses: number }[];
  /** Granted requests, and the sum of the failed parts of their jobs: 1 for FAILED, failed ÷ requested for PARTIAL. */
  granted: number;
  failed_parts: number;
  /** Refused requests that passed authentication, address and rate, and those that exceeded a rate. */
  refused: number;
  throttled: number;
}

/** What was counted of one contract in its window. `days` has an entry for each day of the window. */
export interface Counts {
  total: number;
  claimed: number;
  reserved: number;
  days: readonly CountedDay[];
  /** Licenses of the jobs that finished in the window. */
  finished: { requested: number; failed: number };
  /** Licenses of the last 24 hours. */
  last_day_licenses: number;
}

/** A rate is a fraction from 0 to 1; null when there was nothing to divide by. */
export interface Metrics {
  quota: Quota;
  licenses: number;
  velocity: { per_day: number; per_week: number };
  time_to_quota: { days: number | null; date: LocalDate | null };
  /** Licenses by channel with their share in whole percent, which sum to 100; null without licenses. */
  channels: Record<Channel, { licenses: number; share: number | null }>;
  executions: Record<Execution, number>;
  attempts: { total: number; granted: number; refused: number; failed: number; error_rate: number | null };
  throttled: { requests: number; rate: number | null };
  finished: { requested: number; failed: number; failure_rate: number | null };
  last_24_hours: { licenses: number; spike: boolean };
  daily: DailyMetrics[];
}

/** One day of the series for charts. */
export interface DailyMetrics extends Record<Channel, number> {
  date: LocalDate;
  licenses: number;
  attempts: number;
  failed: number;
  throttled: number;
}

/** More licenses in 24 hours than both are a spike: this multiple of the velocity per day, and this number. */
const SPIKE_VELOCITIES = 3;
const SPIKE_LICENSES_MIN = 20;

/** The latest date that is shown: a later one says only that the quota lasts for long. */
const DAYS_AHEAD_MAX = 365_000;

export function metricsOf(counts: Counts, window: Window): Metrics {
  const quota = quotaOf(counts, counts.reserved);
  const daily = counts.days.map((day, index) => dailyOf(day, window.days[index] as LocalDate));
  const licenses = sum(daily.map((day) => day.licenses));
  return {
    ...activityOf(counts.days, [counts.finished]),
    quota,
    licenses,
    velocity: { per_day: licenses / window.counted_days, per_week: (7 * licenses) / window.counted_days },
    time_to_quota: timeToQuota(quota.remaining, licenses, window),
    last_24_hours: { licenses: counts.last_day_licenses, spike: isSpike(counts.last_day_licenses, licenses, window) },
    daily,
  };
}

/** The sum of several contracts. Each has its own window, so there are neither days nor a time to quota. */
export type SummedMetrics = Omit<Metrics, 'time_to_quota' | 'daily' | 'last_24_hours'> & {
  last_24_hours: { licenses: number };
};

/** The sums of contracts, and the rates of these sums. The velocity is the sum of their velocities. */
export function sumOf(contracts: readonly { counts: Counts; metrics: Metrics }[]): SummedMetrics {
  const all = contracts.map(({ counts }) => counts);
  const total = sum(all.map((counts) => counts.total));
  const reserved = sum(all.map((counts) => counts.reserved));
  const remaining = sum(contracts.map(({ metrics }) => metrics.quota.remaining));
  const generated = total - reserved - remaining;
  return {
    ...activityOf(
      all.flatMap((counts) => counts.days),
      all.map((counts) => counts.finished),
    ),
    quota: { total, generated, reserved, remaining, utilization: total === 0 ? 0 : utilizationOf(generated, total) },
    licenses: sum(contracts.map(({ metrics }) => metrics.licenses)),
    velocity: {
      per_day: sum(contracts.map(({ metrics }) => metrics.velocity.per_day)),
      per_week: sum(contracts.map(({ metrics }) => metrics.velocity.per_week)),
    },
    last_24_hours: { licenses: sum(all.map((counts) => counts.last_day_licenses)) },
  };
}

/** Shares, attempts and rates. */
function activityOf(days: readonly CountedDay[], finished: readonly Counts['finished'][]) {
  const made = days.flatMap((day) => day.licenses);
  const by_channel = CHANNELS.map((channel) => licensesOf(made.filter((part) => part.channel === channel)));
  const shares = sharesOf(by_channel);
  const of_execution = (execution: Execution) => licensesOf(made.filter((part) => part.execution === execution));
  const [granted, refused, throttled, failed_parts] = [
    sum(days.map((day) => day.granted)),
    sum(days.map((day) => day.refused)),
    sum(days.map((day) => day.throttled)),
    sum(days.map((day) => day.failed_parts)),
  ];
  const attempts = granted + refused;
  const failed = refused + failed_parts;
  const requested = sum(finished.map((jobs) => jobs.requested));
  const failed_licenses = sum(finished.map((jobs) => jobs.failed));
  return {
    channels: Object.fromEntries(
      CHANNELS.map((channel, index) => [channel, { licenses: by_channel[index], share: shares?.[index] ?? null }]),
    ) as Metrics['channels'],
    executions: { inline: of_execution('inline'), background: of_execution('background') },
    attempts: { total: attempts, granted, refused, failed, error_rate: rateOf(failed, attempts) },
    throttled: { requests: throttled, rate: rateOf(throttled, throttled + attempts) },
    finished: { requested, failed: failed_licenses, failure_rate: rateOf(failed_licenses, requested) },
  };
}

function dailyOf(day: CountedDay, date: LocalDate): DailyMetrics {
  const of = (channel: Channel) => licensesOf(day.licenses.filter((part) => part.channel === channel));
  return {
    date,
    licenses: licensesOf(day.licenses),
    ui: of('ui'),
    api: of('api'),
    schedule: of('schedule'),
    replenish: of('replenish'),
    attempts: day.granted + day.refused,
    failed: day.refused + day.failed_parts,
    throttled: day.throttled,
  };
}

/**
 * The days until the quota is used up at this velocity, and the date. Computed from whole numbers, because a rounded velocity can add
 * a day.
 */
function timeToQuota(remaining: number, licenses: number, window: Window): Metrics['time_to_quota'] {
  if (remaining > 0 && licenses === 0) return { days: null, date: null };
  const days = remaining === 0 ? 0 : Math.ceil((remaining * window.counted_days) / licenses);
  return { days, date: days > DAYS_AHEAD_MAX ? null : addDays(window.today, days) };
}

/**
 * The shares of parts in whole percent by the method of the largest remainder: each share is rounded down, and the percents that are
 * missing to 100 go to the largest remainders, of equal ones to the first. Null when all parts are 0.
 */
export function sharesOf(parts: readonly number[]): number[] | null {
  const whole = sum(parts);
  if (whole === 0) return null;
  const shares = parts.map((part) => Math.floor((100 * part) / whole));
  const missing = 100 - sum(shares);
  const by_remainder = parts
    .map((part, index) => ({ index, remainder: (100 * part) % whole }))
    .sort((a, b) => b.remainder - a.remainder || a.index - b.index);
  for (const { index } of by_remainder.slice(0, missing)) shares[index] = (shares[index] as number) + 1;
  return shares;
}

/** Whether the licenses of the last 24 hours are a spike, by those of the window. Compares whole numbers. */
function isSpike(last_day: number, licenses: number, { counted_days }: Window): boolean {
  return last_day * counted_days > SPIKE_VELOCITIES * licenses && last_day > SPIKE_LICENSES_MIN;
}

function rateOf(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

function licensesOf(parts: readonly { licenses: number }[]): number {
  return sum(parts.map(({ licenses }) => licenses));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
