/** The automatic replenishment of a pool, as its contract states it (domain.md 5.4). */
import { refuse } from '../base/refusal';
import type { Refusal } from '../base/refusal';
import type { ContractFacts } from './facts';

/** Up to how many available licenses a pool is filled when it has fewer than `low_water`. */
export interface AutoReplenish {
  target: number;
}

export const REPLENISH_TARGET_MAX = 1_000_000;

/**
 * From how many available licenses on a fall below `low_water` is noticed again: ten percent more, rounded up. `admit_grab` in db/schema.sql
 * has the same rule.
 */
export function rearmFrom(low_water: number): number {
  return Math.ceil((11 * low_water) / 10);
}

/**
 * Refuses a replenishment of a contract that has no pool, or that would never begin or be noticed: it begins below `low_water`, and the
 * next fall is noticed only after there were ten percent more.
 */
export function autoReplenishRefusal({
  type,
  low_water,
  auto_replenish,
}: Pick<ContractFacts, 'type' | 'low_water' | 'auto_replenish'>): Refusal | null {
  if (auto_replenish === null) return null;
  if (type !== 'pool') return invalid('auto_replenish', 'Only a contract of type pool has a pool to be replenished.');
  if (low_water === 0)
    return invalid('auto_replenish', 'The pool is replenished below low_water, so low_water must be at least 1.');
  const least = rearmFrom(low_water);
  if (auto_replenish.target >= least) return null;
  return invalid('auto_replenish.target', `It must be at least ${least}: ten percent more than low_water.`);
}

function invalid(path: string, message: string): Refusal {
  return refuse('VALIDATION_FAILED', { path, message });
}
