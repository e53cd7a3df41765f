/**
 * The metrics of a contract as the specification defines them (domain.md 6.1), by plain loops over all licenses and requests, without
 * indexes, windows as ranges, or the code of the product. Slow, for comparison only.
 */

export interface ReferenceJob {
  at: string;
  channel: 'ui' | 'api' | 'schedule' | 'replenish';
  execution: 'inline' | 'background';
  requested: number;
  state: string;
  is_test: boolean;
  finished_at: string | null;
  chunks: readonly { licenses: number; at: string }[];
}

export interface ReferenceRefusal {
  minute: string;
  code: string;
  attempts: number;
}

export interface ReferenceContract {
  timezone: string;
  activated_at: string;
  now: string;
  total: number;
  jobs: readonly ReferenceJob[];
  refusals: readonly ReferenceRefusal[];
}

const UNFINISHED = ['QUEUED', 'RUNNING', 'PAUSED', 'CANCELLING'];

/** Every license of the contract except test licenses. */
function licensesOf(contract: ReferenceContract) {
  const licenses: { created_at: string; channel: ReferenceJob['channel']; execution: string }[] = [];
  for (const job of contract.jobs) {
    if (job.is_test) continue;
    for (const chunk of job.chunks)
      for (let n = 0; n < chunk.licenses; n++)
        licenses.push({ created_at: chunk.at, channel: job.channel, execution: job.execution });
  }
  return licenses;
}

/** The local date of an instant, from the time zone rules of the runtime. */
function localDate(instant: string, timezone: string): string {
  let format = formats.get(timezone);
  if (!format) {
    const fields = { year: 'numeric', month: '2-digit', day: '2-digit' } as const;
    formats.set(timezone, (format = new Intl.DateTimeFormat('en-CA', { timeZone: timezone, ...fields })));
  }
  return format.format(Date.parse(instant));
}
const formats = new Map<string, Intl.DateTimeFormat>();

function plusDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** The metrics in the last 28 complete local days. */
export function referenceMetrics(contract: ReferenceContract) {
  const { timezone, now, total } = contract;
  const dateOf = (instant: string) => localDate(instant, timezone);
  const today = dateOf(now);
  const days: string[] = [];
  for (let back = 28; back >= 1; back--) days.push(plusDays(today, -back));

  // A day is complete since the activation when the moment before it does not belong to the time after the activation only in part.
  const activation_date = dateOf(contract.activated_at);
  const moment_before = new Date(Date.parse(contract.activated_at) - 1).toISOString();
  const first_complete = dateOf(moment_before) === activation_date ? plusDays(activation_date, 1) : activation_date;
  let complete_days = 0;
  for (const day of days) if (day >= first_complete) complete_days++;
  const d = Math.max(1, Math.min(28, complete_days));

  const licenses = licensesOf(contract);
  const in_window = licenses.filter(({ created_at }) => days.includes(dateOf(created_at)));
  const n = in_window.length;
  let reserved = 0;
  for (const job of contract.jobs) {
    if (job.is_test || !UNFINISHED.includes(job.state)) continue;
    reserved += job.requested - completedOf(job);
  }
  const generated = licenses.length;
  const remaining = total - generated - reserved;

  let granted = 0;
  let failed = 0;
  let refused = 0;
  let throttled = 0;
  const finished = { requested: 0, failed: 0 };
  for (const job of contract.jobs) {
    if (job.is_test) continue;
    if (days.includes(dateOf(job.at))) {
      granted++;
      if (job.state === 'FAILED') failed += 1;
      if (job.state === 'PARTIAL') failed += (job.requested - completedOf(job)) / job.requested;
    }
    if (job.finished_at !== null && days.includes(dateOf(job.finished_at))) {
      finished.requested += job.requested;
      if (job.state === 'FAILED' || job.state === 'PARTIAL') finished.failed += job.requested - completedOf(job);
    }
  }
  for (const { minute, code, attempts } of contract.refusals) {
    if (!days.includes(dateOf(minute))) continue;
    if (code === 'RATE_LIMITED') throttled += attempts;
    else if (code !== 'TEST_LICENSE_LIMIT') refused += attempts;
  }
  failed += refused;
  const attempts = granted + refused;
  const last_day = licenses.filter(({ created_at }) => Date.parse(created_at) > Date.parse(now) - 86_400_000).length;
  const days_to_quota = remaining === 0 ? 0 : n === 0 ? null : ceilOfQuotient(remaining * d, n);

  return {
    quota: { total, generated, reserved, remaining, utilization: halfUp(generated, total) },
    licenses: n,
    velocity: { per_day: n / d, per_week: (7 * n) / d },
    time_to_quota: { days: days_to_quota, date: days_to_quota === null ? null : plusDays(today, days_to_quota) },
    channels: channelsOf(in_window),
    executions: {
      inline: in_window.filter(({ execution }) => execution === 'inline').length,
      background: in_window.filter(({ execution }) => execution === 'background').length,
    },
    attempts: { total: attempts, granted, refused, failed, error_rate: attempts === 0 ? null : failed / attempts },
    throttled: { requests: throttled, rate: throttled + attempts === 0 ? null : throttled / (throttled + attempts) },
    finished: { ...finished, failure_rate: finished.requested === 0 ? null : finished.failed / finished.requested },
    last_24_hours: { licenses: last_day, spike: last_day * d > 3 * n && last_day > 20 },
    days,
    licenses_by_day: days.map((day) => in_window.filter(({ created_at }) => dateOf(created_at) === day).length),
  };
}

function completedOf(job: ReferenceJob): number {
  let completed = 0;
  for (const chunk of job.chunks) completed += chunk.licenses;
  return completed;
}

/** The smallest whole number that is not less than a quotient, by counting up. */
function ceilOfQuotient(dividend: number, divisor: number): number {
  let quotient = 0;
  while (quotient * divisor < dividend) quotient++;
  return quotient;
}

/** 100 × part ÷ whole, rounded half up to one decimal, by whole numbers. */
function halfUp(part: number, whole: number): number {
  let tenths = 0;
  while ((2 * (tenths + 1) - 1) * whole <= 2_000 * part) tenths++;
  return tenths / 10;
}

/** Shares in whole percent: each rounded down, then one more for the largest remainders until the sum is 100. */
function channelsOf(licenses: readonly { channel: ReferenceJob['channel'] }[]) {
  const names = ['ui', 'api', 'schedule', 'replenish'] as const;
  const parts = names.map((name, order) => {
    const count = licenses.filter(({ channel }) => channel === name).length;
    const exact = licenses.length === 0 ? 0 : (count * 100) / licenses.length;
    return { name, order, count, share: Math.floor(exact), remainder: (count * 100) % Math.max(1, licenses.length) };
  });
  let missing = licenses.length === 0 ? 0 : 100;
  for (const part of parts) missing -= licenses.length === 0 ? 0 : part.share;
  for (const part of [...parts].sort((a, b) => b.remainder - a.remainder || a.order - b.order))
    if (missing > 0) {
      part.share++;
      missing--;
    }
  return Object.fromEntries(
    parts.map(({ name, count, share }) => [name, { licenses: count, share: licenses.length === 0 ? null : share }]),
  );
}
