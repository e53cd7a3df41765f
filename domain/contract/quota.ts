/** Quota: how many licenses a contract may generate in its lifetime (domain.md 5.1, C5, C7). */
import { refuse } from '../base/refusal';
import type { Refusal } from '../base/refusal';

/** The two stored counters: the quota that was granted, and the part that requests have claimed. */
export interface QuotaCounters {
  total: number;
  claimed: number;
}

/** The counters as they are shown; `generated + reserved` is `claimed`. */
export interface Quota {
  total: number;
  generated: number;
  reserved: number;
  remaining: number;
  /** Percent generated, rounded half up to one decimal (domain.md 6.1). */
  utilization: number;
}

/** The largest quota and the largest request: both fit the 24 bits of an ordinal (see db/schema.sql, licenses). */
export const QUOTA_MAX = 1_000_000_000;

/**
 * The percentages of a quota that are noticed when the claimed licenses reach them, in order (decisions 32). Each is noticed again when the
 * quota was raised or licenses were given back below it. `thresholdsReached` in db/contract/quota-threshold.ts counts the same ones.
 */
export const QUOTA_THRESHOLDS = [80, 100] as const;
export type QuotaThreshold = (typeof QUOTA_THRESHOLDS)[number];

/** The highest threshold that the claimed licenses have reached; null below the first. */
export function thresholdOf({ total, claimed }: QuotaCounters): QuotaThreshold | null {
  return QUOTA_THRESHOLDS.findLast((percent) => 100 * claimed >= percent * total) ?? null;
}

/** The quota to show, from the counters and what unfinished jobs have reserved. */
export function quotaOf(counters: QuotaCounters, reserved: number): Quota {
  const generated = counters.claimed - reserved;
  return {
    total: counters.total,
    generated,
    reserved,
    remaining: counters.total - counters.claimed,
    utilization: utilizationOf(generated, counters.total),
  };
}

/**
 * Percent generated, rounded half up to one decimal. Whole numbers are divided only once: `generated / total * 1000` is a little less
 * than 501.5 for 1,003 of 2,000.
 */
export function utilizationOf(generated: number, total: number): number {
  return Math.floor((2_000 * generated + total) / (2 * total)) / 10;
}

/** Refuses a request for more than remains. A request is granted completely or not at all. */
export function claimRefusal(counters: QuotaCounters, reserved: number, requested: number): Refusal | null {
  const quota = quotaOf(counters, reserved);
  if (requested <= quota.remaining) return null;
  const { total, generated, remaining } = quota;
  return refuse('QUOTA_EXCEEDED', { requested, total, generated, reserved, remaining });
}

/** Refuses to lower the quota once some of it is claimed (C5). */
export function totalRefusal(counters: QuotaCounters, quota: number): Refusal | null {
  if (counters.claimed === 0 || quota >= counters.total) return null;
  if (quota < counters.claimed)
    return refuse('QUOTA_BELOW_USED', { quota, used: counters.claimed, total: counters.total });
  return refuse('QUOTA_DECREASE_NOT_ALLOWED', { quota, used: counters.claimed, total: counters.total });
}
