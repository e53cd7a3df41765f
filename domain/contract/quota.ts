/** Quota: how many licenses a contract may generate in its life (domain.md 5.1, C5, C7). */
import { refuse } from '../base/refusal';
import type { Refusal } from '../base/refusal';

/** The two stored counters: what was granted, and what requests have claimed of it. */
export interface QuotaCounters {
  total: number;
  claimed: number;
}

/** The counters as people read them; `generated + reserved` is `claimed`. */
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

/** The readable quota from the counters and what unfinished jobs still owe. */
export function quotaOf(counters: QuotaCounters, reserved: number): Quota {
  const generated = counters.claimed - reserved;
  return {
    total: counters.total,
    generated,
    reserved,
    remaining: counters.total - counters.claimed,
    utilization: Math.round((generated / counters.total) * 1000) / 10,
  };
}

/** Refuses a request for more than remains; a request is granted whole or not at all. */
export function claimRefusal(counters: QuotaCounters, reserved: number, requested: number): Refusal | null {
  const quota = quotaOf(counters, reserved);
  if (requested <= quota.remaining) return null;
  const { total, generated, remaining } = quota;
  return refuse('QUOTA_EXCEEDED', { requested, total, generated, reserved, remaining });
}

/** Refuses a new total that would lower the quota once something of it is used (C5). */
export function totalRefusal(counters: QuotaCounters, quota: number): Refusal | null {
  if (counters.claimed === 0 || quota >= counters.total) return null;
  if (quota < counters.claimed)
    return refuse('QUOTA_BELOW_USED', { quota, used: counters.claimed, total: counters.total });
  return refuse('QUOTA_DECREASE_NOT_ALLOWED', { quota, used: counters.claimed, total: counters.total });
}
