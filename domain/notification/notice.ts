/** Notices that cannot be planned, and digests that cannot be composed: when they are tried again, and when no more. */
import { millisLater } from '../base/instant';
import type { Instant } from '../base/instant';

/** How often planning a notice, or composing a digest, is tried. With the growing intervals that is half a day. */
const PLANNING_ATTEMPTS_MAX = 10;
const FIRST_INTERVAL_MS = 60_000;
/** The longest text of a problem that is stored. */
const PROBLEM_CHARS_MAX = 500;

/** What follows from a failed attempt. */
export interface FailedPlanning {
  attempts: number;
  /** When it is tried again; null: no more. */
  due_at: Instant | null;
  problem: string;
}

/** The verdict on a failed attempt; `attempts` counts those before. */
export function failedPlanning(attempts: number, error: unknown, now: Instant): FailedPlanning {
  const problem = (error instanceof Error ? error.message : String(error)).slice(0, PROBLEM_CHARS_MAX);
  const tried = attempts + 1;
  const due_at = tried < PLANNING_ATTEMPTS_MAX ? millisLater(now, FIRST_INTERVAL_MS * 2 ** attempts) : null;
  return { attempts: tried, due_at, problem };
}
