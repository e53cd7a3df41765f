/**
 * The time that Covenant uses for decisions: that of Postgres, which all processes share.
 *
 * A decision about a contract is permanent, so no process uses its own clock, which may be wrong by a day. It reads the time of
 * Postgres and adds what its monotonic clock has counted since; a correction of the system time does not change that clock.
 */
import type { Instant } from '../../domain/base/instant';
import { instantFromMillis, millisOf } from '../../domain/base/instant';
import type { Sql } from './database';

/** How far ahead of Postgres the time of a decision may be, and how far a process' clock may be off (decisions 33). */
export const CLOCK_SKEW_MS_MAX = 2_000;
/** How long a reading is used, and how long it may take to arrive before the time is read again. */
const READING_AGE_MS_MAX = 1_000;
/** How often the time is read when answers arrive late under load; then the last answer is used. */
const READINGS_MAX = 3;

/** Converts the time of a workflow into the time of a decision, which differs only a little from the clock of Postgres. */
export type LimitNow = (workflow_now: Instant) => Promise<Instant>;

export interface PostgresClock {
  /** The time of Postgres: never later, and earlier by the travel time of its answer. Rejects while Postgres is unreachable. */
  now: () => Promise<Instant>;
  /**
   * Limits a time from another clock, such as that of a Temporal server, to the range from the present to two seconds later. A time
   * in the past becomes the present, so an activity that is retried after an outage decides by the present time.
   */
  limitNow: LimitNow;
}

/** One reading of the clock of Postgres. */
interface Reading {
  postgres_ms: number;
  /** When the answer arrived, by the monotonic clock. */
  arrived_ms: number;
  /** How long the answer took. */
  took_ms: number;
}

/** Creates a clock that reads the time through a pool. Callers that need a reading at the same moment share one. */
export function createPostgresClock(sql: Sql): PostgresClock {
  let last: Reading | undefined;
  let pending_reading: Promise<Reading> | undefined;

  async function readPresentMs(): Promise<number> {
    let reading = last;
    if (reading === undefined || performance.now() - reading.arrived_ms > READING_AGE_MS_MAX) {
      pending_reading ??= readPromptly(sql).finally(() => (pending_reading = undefined));
      reading = last = await pending_reading;
    }
    return Math.floor(reading.postgres_ms + performance.now() - reading.arrived_ms);
  }

  return {
    now: async () => instantFromMillis(await readPresentMs()),
    async limitNow(workflow_now) {
      const present = await readPresentMs();
      return instantFromMillis(Math.min(Math.max(millisOf(workflow_now), present), present + CLOCK_SKEW_MS_MAX));
    },
  };
}

/** Reads the time of Postgres once. */
export async function findNow(sql: Sql): Promise<Instant> {
  return instantFromMillis((await read(sql)).postgres_ms);
}

/** By how many milliseconds the clock of this process is ahead of Postgres (negative: behind), without the travel time. */
export async function findClockSkewMs(sql: Sql): Promise<number> {
  const { postgres_ms, took_ms } = await read(sql);
  const ahead_ms = Date.now() - postgres_ms;
  // Postgres read its clock at some moment between the query and the answer.
  if (ahead_ms < 0) return ahead_ms;
  return Math.max(0, ahead_ms - took_ms);
}

/** A sentence for a clock that differs too much from that of Postgres; null when the difference is allowed. */
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
  const sent_ms = performance.now();
  const [row] = await sql<[{ now: Instant }]>`SELECT clock_timestamp() AS now`;
  const arrived_ms = performance.now();
  return { postgres_ms: millisOf(row.now), arrived_ms, took_ms: arrived_ms - sent_ms };
}
