/** What becomes of a run of a schedule that is due. */
import { millisOf } from '../base/instant';
import type { Instant } from '../base/instant';
import type { Refusal } from '../base/refusal';
import type { QuotaCounters } from '../contract/quota';

/** A run that was missed, in an outage, is made up for this long. Later it is skipped. Temporal catches up as long. */
export const CATCH_UP_HOURS = 24;
const HOUR_MS = 3_600_000;

/** generated: all licenses were requested; shortened: those that remained of the quota; skipped: none. */
export const RUN_OUTCOMES = ['generated', 'shortened', 'skipped'] as const;
export type RunOutcome = (typeof RUN_OUTCOMES)[number];

/** Why a run is skipped when it is too late. The other codes are those of refusals of a generation. */
export const RUN_MISSED = 'MISSED';
/** Why a run is shortened, or skipped when nothing remains of the quota. */
export const RUN_BEYOND_QUOTA = 'QUOTA_EXCEEDED';

export interface RunDecision {
  outcome: RunOutcome;
  /** Licenses to request. */
  licenses: number;
  /** Why it is shortened or skipped; null otherwise. */
  code: string | null;
}

export interface DueRun {
  due_at: Instant;
  /** Licenses of each run of the schedule. */
  count: number;
}

/** Decides a run that is due. `refusal` says why the contract cannot generate now, `now` is the time of the contract. */
export function runDecision(
  { due_at, count }: DueRun,
  { quota, refusal, now }: { quota: QuotaCounters; refusal: Refusal | null; now: Instant },
): RunDecision {
  if (millisOf(now) - millisOf(due_at) > CATCH_UP_HOURS * HOUR_MS) return skipped(RUN_MISSED);
  if (refusal) return skipped(refusal.code);
  const remaining = quota.total - quota.claimed;
  if (remaining <= 0) return skipped(RUN_BEYOND_QUOTA);
  if (remaining < count) return { outcome: 'shortened', licenses: remaining, code: RUN_BEYOND_QUOTA };
  return { outcome: 'generated', licenses: count, code: null };
}

function skipped(code: string): RunDecision {
  return { outcome: 'skipped', licenses: 0, code };
}
