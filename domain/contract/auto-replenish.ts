/** The automatic replenishment of a pool, as its contract states it (domain.md 5.4). */
import { refuse } from '../base/refusal';
import type { Refusal } from '../base/refusal';
import type { ContractFacts, ContractState } from './facts';
import { permissionFor } from './operations';

export const REPLENISH_TARGET_MAX = 1_000_000;

/**
 * From how many available licenses on a fall below `low_water` is noticed again: ten percent more, rounded up. `notice_low_water` in db/schema.sql
 * has the same rule.
 */
export function rearmFrom(low_water: number): number {
  return Math.ceil((11 * low_water) / 10);
}

/**
 * Refuses a replenishment that would never begin or be noticed: it begins below `low_water`, and the next fall is noticed only after there
 * were ten percent more.
 */
export function autoReplenishRefusal({
  low_water,
  auto_replenish,
}: Pick<ContractFacts, 'low_water' | 'auto_replenish'>): Refusal | null {
  if (auto_replenish === null) return null;
  if (low_water === 0)
    return invalid('auto_replenish', 'The pool is replenished below low_water, so low_water must be at least 1.');
  const least = rearmFrom(low_water);
  if (auto_replenish.target >= least) return null;
  return invalid('auto_replenish.target', `It must be at least ${least}: ten percent more than low_water.`);
}

/** What of a contract decides whether its pool may have to be replenished. */
export type Replenishable = Pick<ContractFacts, 'auto_replenish' | 'low_water'> & {
  state: ContractState;
  total: number;
};

/** Whether a change of a contract can be the reason to replenish its pool: until then it was not possible, or for fewer licenses. */
export function opensReplenishment(before: Replenishable | null, after: Replenishable): boolean {
  if (after.auto_replenish === null || !isReplenishedIn(after.state)) return false;
  return (
    before === null ||
    before.auto_replenish?.target !== after.auto_replenish.target ||
    !isReplenishedIn(before.state) ||
    before.low_water < after.low_water ||
    before.total < after.total
  );
}

function isReplenishedIn(state: ContractState): boolean {
  return permissionFor('replenish', state) === 'yes';
}

function invalid(path: string, message: string): Refusal {
  return refuse('VALIDATION_FAILED', { path, message });
}
