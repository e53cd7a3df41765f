/**
 * The metrics of a contract, written from the specification alone (domain.md 6.1, with C3, 1.8, 5.1 and decisions 6) by someone who had
 * not read the product's: every license and every attempt is a row of its own, looked at one by one, and quotients are exact fractions.
 * It uses no code of the product. Slow, for comparison only.
 */

export type ReferenceChannel = 'ui' | 'api' | 'schedule' | 'replenish';

export interface ReferenceJob {
  at: string;
  channel: ReferenceChannel;
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

/** The first local day of a window, and the first day after it. */
export interface ReferenceDays {
  from: string;
  to: string;
}

const CHANNELS: readonly ReferenceChannel[] = ['ui', 'api', 'schedule', 'replenish'];
const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;
/** The window unless one is given. */
const WINDOW_DAYS = 28;

/** Refusals that come before an attempt: of the rate, also for more licenses than it ever allows. The first one is answered 429. */
const BY_RATE = ['RATE_LIMITED', 'COUNT_ABOVE_RATE_LIMIT'];
/** Refusals that only requests for test licenses get. */
const OF_TESTS = ['TEST_LICENSE_LIMIT', 'INVALID_STATE_TRANSITION'];

/** The metrics in the last 28 complete local days, or in the given ones. */
export function referenceMetrics(contract: ReferenceContract, given?: ReferenceDays) {
  const { timezone, total } = contract;
  const now = Date.parse(contract.now);
  const today = localDate(now, timezone);
  const { from, to } = given ?? { from: plusDays(today, -WINDOW_DAYS), to: today };
  const days: { date: string; start: number; end: number }[] = [];
  for (let date = from; date < to; date = plusDays(date, 1))
    days.push({ date, start: startOfDay(date, timezone), end: startOfDay(plusDays(date, 1), timezone) });
  const dateOf = (instant: string) => {
    const at = Date.parse(instant);
    return days.find(({ start, end }) => at >= start && at < end)?.date;
  };
  const isInWindow = (instant: string) => dateOf(instant) !== undefined;

  const licenses = licensesOf(contract);
  const generated = licenses.length;
  const jobs = contract.jobs.filter((job) => !job.is_test);
  let reserved = 0;
  for (const job of jobs) if (job.finished_at === null) reserved += job.requested - completedOf(job);
  const remaining = total - generated - reserved;

  const made = licenses.filter(({ created_at }) => isInWindow(created_at));
  const n = made.length;
  const activated = Date.parse(contract.activated_at);
  // A day is complete since the activation when all of it is after the activation.
  const complete_days = days.filter(({ start }) => start >= activated).length;
  const d = Math.max(1, Math.min(days.length, complete_days));
  const days_to_quota = remaining === 0 ? 0 : n === 0 ? null : ceiling({ over: remaining * d, under: n });

  const attempts = attemptsOf(contract).filter(({ at }) => isInWindow(at));
  const granted = attempts.filter(({ outcome }) => outcome === 'granted').length;
  const refused = attempts.filter(({ outcome }) => outcome === 'refused').length;
  const throttled = attempts.filter(({ outcome }) => outcome === 'throttled').length;
  const failed = attempts.reduce((sum, { failed_part: { over, under } }) => sum + over / under, 0);

  const finished = { requested: 0, failed: 0 };
  for (const job of jobs) {
    if (job.finished_at === null || !isInWindow(job.finished_at)) continue;
    finished.requested += job.requested;
    finished.failed += failedLicensesOf(job);
  }
  const last_day = licenses.filter(({ created_at }) => Date.parse(created_at) > now - DAY_MS).length;

  return {
    quota: { total, generated, reserved, remaining, utilization: halfUp({ over: 100 * generated, under: total }) },
    licenses: n,
    velocity: { per_day: n / d, per_week: (7 * n) / d },
    time_to_quota: { days: days_to_quota, date: days_to_quota === null ? null : plusDays(today, days_to_quota) },
    channels: channelsOf(made),
    executions: {
      inline: made.filter(({ execution }) => execution === 'inline').length,
      background: made.filter(({ execution }) => execution === 'background').length,
    },
    attempts: {
      total: granted + refused,
      granted,
      refused,
      failed,
      error_rate: rate(failed, granted + refused),
    },
    throttled: { requests: throttled, rate: rate(throttled, throttled + granted + refused) },
    finished: { ...finished, failure_rate: rate(finished.failed, finished.requested) },
    last_24_hours: { licenses: last_day, spike: last_day * d > 3 * n && last_day > 20 },
    days: days.map(({ date }) => date),
    licenses_by_day: days.map(({ date }) => made.filter(({ created_at }) => dateOf(created_at) === date).length),
    /** The days by which the velocity divides. */
    d,
  };
}

/** Every license of the contract except test licenses. */
function licensesOf({ jobs }: ReferenceContract) {
  const licenses: { created_at: string; channel: ReferenceChannel; execution: string }[] = [];
  for (const { is_test, chunks, channel, execution } of jobs) {
    if (is_test) continue;
    for (const chunk of chunks)
      for (let n = 0; n < chunk.licenses; n++) licenses.push({ created_at: chunk.at, channel, execution });
  }
  return licenses;
}

interface Attempt {
  at: string;
  outcome: 'granted' | 'refused' | 'throttled';
  /** 1 for a refusal and a job that failed, the failed licenses of the requested ones for a job with errors, else 0. */
  failed_part: { over: number; under: number };
}

/** Every attempt of the contract, and every request that was throttled. Requests for test licenses are neither. */
function attemptsOf({ jobs, refusals }: ReferenceContract): Attempt[] {
  const attempts: Attempt[] = [];
  for (const job of jobs) {
    if (job.is_test) continue;
    const over = job.state === 'FAILED' ? job.requested : job.state === 'PARTIAL' ? failedLicensesOf(job) : 0;
    attempts.push({ at: job.at, outcome: 'granted', failed_part: { over, under: job.requested } });
  }
  for (const { minute, code, attempts: count } of refusals) {
    if (OF_TESTS.includes(code)) continue;
    for (let n = 0; n < count; n++) {
      if (code === BY_RATE[0]) attempts.push({ at: minute, outcome: 'throttled', failed_part: { over: 0, under: 1 } });
      else if (!BY_RATE.includes(code))
        attempts.push({ at: minute, outcome: 'refused', failed_part: { over: 1, under: 1 } });
    }
  }
  return attempts;
}

function completedOf({ chunks }: ReferenceJob): number {
  return chunks.reduce((sum, { licenses }) => sum + licenses, 0);
}

/** The licenses that could not be made. Those that a cancelled job did not make have not failed. */
function failedLicensesOf(job: ReferenceJob): number {
  return job.state === 'FAILED' || job.state === 'PARTIAL' ? job.requested - completedOf(job) : 0;
}

/** Whole percents that sum to 100 by the largest remainders, of equal ones the first; no shares without licenses. */
function channelsOf(licenses: readonly { channel: ReferenceChannel }[]) {
  const parts = CHANNELS.map((name) => {
    const count = licenses.filter(({ channel }) => channel === name).length;
    const share = licenses.length === 0 ? null : Math.floor((100 * count) / licenses.length);
    return { name, count, share, remainder: licenses.length === 0 ? 0 : (100 * count) % licenses.length };
  });
  const missing = 100 - parts.reduce((sum, { share }) => sum + (share ?? 0), 0);
  const largest = [...parts].sort((a, b) => b.remainder - a.remainder).slice(0, missing);
  for (const part of largest) if (part.share !== null) part.share += 1;
  return Object.fromEntries(parts.map(({ name, count, share }) => [name, { licenses: count, share }]));
}

/** A quotient of whole numbers. */
interface Fraction {
  over: number;
  under: number;
}

/** The smallest whole number that is not less. */
function ceiling({ over, under }: Fraction): number {
  return (over - (over % under)) / under + (over % under === 0 ? 0 : 1);
}

/** Rounded half up to one decimal. */
function halfUp({ over, under }: Fraction): number {
  const twentieths = 20 * over + under;
  return (twentieths - (twentieths % (2 * under))) / (2 * under) / 10;
}

function rate(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

const formats = new Map<string, Intl.DateTimeFormat>();
const starts = new Map<string, number>();

/** The local date of an instant, from the time zone rules of the runtime. */
function localDate(at: number, timezone: string): string {
  let format = formats.get(timezone);
  if (!format) {
    const fields = { year: 'numeric', month: '2-digit', day: '2-digit' } as const;
    formats.set(timezone, (format = new Intl.DateTimeFormat('en-CA', { timeZone: timezone, ...fields })));
  }
  return format.format(at);
}

function plusDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/**
 * The first instant of a local date (domain.md 1.8), looked for from 15 hours before its midnight in UTC. The steps are 15 minutes,
 * because all time zones of today differ from UTC by a multiple of them.
 */
function startOfDay(date: string, timezone: string): number {
  const key = `${date} ${timezone}`;
  let at = starts.get(key);
  if (at === undefined) {
    at = Date.parse(`${date}T00:00:00Z`) - 900 * MINUTE_MS;
    while (localDate(at, timezone) < date) at += 15 * MINUTE_MS;
    starts.set(key, at);
  }
  return at;
}
