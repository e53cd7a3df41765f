/** Whether a pool is filled up by itself now, and with how many licenses (domain.md 5.4). */
import { millisOf } from '../base/instant';
import type { Instant } from '../base/instant';
import type { Refusal } from '../base/refusal';
import type { ContractFacts } from '../contract/facts';
import { operationRefusal } from '../contract/operations';
import { expiresTooEarly } from '../contract/remaining-validity';
import { isUnfinished } from '../generation/generation-job';
import type { JobState } from '../generation/generation-job';

/** Why a replenishment is blocked when its quota is used up. The other codes are those of the refusal of a generation, and the next one. */
export const BLOCKED_BY_QUOTA = 'QUOTA_EXCEEDED';
/** Why it is blocked after its job was cancelled or could not generate all licenses. */
export const BLOCKED_BY_JOB = 'JOB_FAILED';
/** Why it is blocked when new licenses would expire too early to be given out (`min_remaining_validity`): they would be of no use. */
export const BLOCKED_BY_SHORT_VALIDITY = 'VALIDITY_TOO_SHORT';

/** After this long, a replenishment that is blocked by something else than its quota is tried again, in hours. */
export const BLOCKED_RETRY_HOURS = 1;
const HOUR_MS = 3_600_000;

/** What the next replenishment of a pool depends on besides its contract. */
export interface PoolSupply {
  /** Licenses that can be given out; counted up to the target. */
  available: number;
  /** Licenses that unfinished jobs still have to generate, and that will be available. */
  reserved: number;
  /** The job of the last replenishment, until the pool had enough licenses again. */
  job: { id: string; state: JobState } | null;
  /** Why the last attempt was blocked, and when, by the clock of the contract. */
  block: { code: string; at: Instant } | null;
}

export type ReplenishDecision =
  /** The contract replenishes nothing now, it has enough licenses, or a replenishment is running. */
  | { outcome: 'not_now' | 'enough' | 'generating' }
  /** `is_new`: it was not blocked by this before. */
  | { outcome: 'blocked'; code: string; is_new: boolean }
  /** `is_short`: the quota is not enough for the target. */
  | { outcome: 'generate'; licenses: number; is_short: boolean };

/**
 * Decides the next replenishment of a pool. It begins below `low_water` and is for so many licenses as are missing to the target, at most
 * what remains of the quota. One that was short goes on when there is quota again. `refusal` says why the contract cannot generate.
 */
export function replenishDecision(
  facts: ContractFacts,
  { available, reserved, job, block }: PoolSupply,
  refusal: Refusal | null,
  now: Instant,
): ReplenishDecision {
  const { auto_replenish, low_water, quota } = facts;
  if (auto_replenish === null || operationRefusal('replenish', facts, now)) return { outcome: 'not_now' };
  if (job && isUnfinished(job.state)) return { outcome: 'generating' };
  const missing = auto_replenish.target - available - reserved;
  const was_short = block?.code === BLOCKED_BY_QUOTA;
  if (missing <= 0 || (available >= low_water && !was_short)) return { outcome: 'enough' };
  const code = blockedBy({ job, block }, refusal, facts, now);
  if (code !== null) return { outcome: 'blocked', code, is_new: block?.code !== code };
  const licenses = Math.min(missing, quota.total - quota.claimed);
  return { outcome: 'generate', licenses, is_short: licenses < missing };
}

function blockedBy(
  { job, block }: Pick<PoolSupply, 'job' | 'block'>,
  refusal: Refusal | null,
  facts: ContractFacts,
  now: Instant,
): string | null {
  const has_failed = job !== null && job.state !== 'SUCCEEDED';
  if (has_failed && block === null) return BLOCKED_BY_JOB;
  if (block?.code === BLOCKED_BY_JOB && has_failed && !isRetried(block.at, now)) return BLOCKED_BY_JOB;
  if (refusal) return refusal.code;
  if (expiresTooEarly(facts, now)) return BLOCKED_BY_SHORT_VALIDITY;
  return facts.quota.total === facts.quota.claimed ? BLOCKED_BY_QUOTA : null;
}

function isRetried(blocked_at: Instant, now: Instant): boolean {
  return millisOf(now) - millisOf(blocked_at) >= BLOCKED_RETRY_HOURS * HOUR_MS;
}
