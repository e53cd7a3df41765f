/**
 * The time by which Covenant decides: that of Postgres, which all processes share.
 *
 * A decision about a contract stays for good, so no process trusts its own clock, which may be wrong by a day. It asks
 * Postgres for the time and counts on from the answer with its monotonic clock, which no correction of the time moves.
 */
import type { Instant } from '../../domain/base/instant';
import { instantFromMillis, millisOf } from '../../domain/base/instant';
import type { Sql } from './database';

/** How far ahead of Postgres the time of a decision may be, and how far a process' clock may be off (decisions 33). */
export const CLOCK_SKEW_MS_MAX = 2_000;
/** How long an answer of Postgres is counted on from; also how long it may take to arrive before another is asked for. */
const READING_AGE_MS_MAX = 1_000;
/** Answers that arrive late, under load, are asked for again this often in all; then the last one counts. */
const READINGS_MAX = 3;

/** Makes the time of a decision out of what a workflow believes the time to be. */
export type BoundNow = (believed: Instant) => Promise<Instant>;

export interface PostgresClock {
  /** The time of Postgres; never later, and earlier by the time that its answer was on its way. Rejects while it cannot be reached. */
  now: () => Promise<Instant>;
  /**
   * A time from another clock, such as that of a Temporal server: kept when it is the present or up to two seconds later,
   * else the nearest such time. A time in the past becomes the present: an activity that is tried again after an outage
   * decides by the time at which it decides.
   */
  bound: BoundNow;
}

/** One answer of Postgres. */
interface Reading {
  postgres_ms: number;
  /** When the answer arrived, by the monotonic clock. */
  arrived_ms: number;
  /** How long the answer took. */
  took_ms: number;
}

/** A clock over a pool. Callers that need a reading at the same moment share one. */
export function createPostgresClock(sql: Sql): PostgresClock {
  let last: Reading | undefined;
  let pending_reading: Promise<Reading> | undefined;

  async function present_ms(): Promise<number> {
    let reading = last;
    if (reading === undefined || performance.now() - reading.arrived_ms > READING_AGE_MS_MAX) {
      pending_reading ??= readPromptly(sql).finally(() => (pending_reading = undefined));
      reading = last = await pending_reading;
    }
    return Math.floor(reading.postgres_ms + performance.now() - reading.arrived_ms);
  }

  return {
    now: async () => instantFromMillis(await present_ms()),
    async bound(believed) {
      const present = await present_ms();
      return instantFromMillis(Math.min(Math.max(millisOf(believed), present), present + CLOCK_SKEW_MS_MAX));
    },
  };
}

/** The time of Postgres, asked for once. */
export async function findNow(sql: Sql): Promise<Instant> {
  return instantFromMillis((await read(sql)).postgres_ms);
}

/** By how many milliseconds the clock of this process is ahead of Postgres (negative: behind); what the way took counts as none. */
export async function findClockSkewMs(sql: Sql): Promise<number> {
  const { postgres_ms, took_ms } = await read(sql);
  const ahead_ms = Date.now() - postgres_ms;
  // Postgres read its clock at some moment between the question and the answer.
  if (ahead_ms < 0) return ahead_ms;
  return Math.max(0, ahead_ms - took_ms);
}

/** What is wrong with a clock that is off by so much, in a sentence; null when it is near enough. */
export function skewSentence(ahead_ms: number): string | null {
  if (Math.abs(ahead_ms) <= CLOCK_SKEW_MS_MAX) return null;
  const seconds = (Math.abs(ahead_ms) / 1_000).toFixed(1);
  const side = ahead_ms > 0 ? 'ahead of' : 'behind';
  return `this clock is ${seconds} s ${side} that of Postgres, and ${CLOCK_SKEW_MS_MAX / 1_000} s are allowed: synchronise both (NTP)`;
}

async function readPromptly(sql: Sql): Promise<Reading> {
  for (let tries = 1; ; tries++) {
    const reading = await read(sql);
    if (reading.took_ms <= READING_AGE_MS_MAX || tries >= READINGS_MAX) return reading;
  }
}

async function read(sql: Sql): Promise<Reading> {
  const asked_ms = performance.now();
  const [row] = await sql<[{ now: Instant }]>`SELECT clock_timestamp() AS now`;
  const arrived_ms = performance.now();
  return { postgres_ms: millisOf(row.now), arrived_ms, took_ms: arrived_ms - asked_ms };
}
