/** The fields of a contract that are about its pool. Other types of contracts have none. */
import { sameJson } from '../base/json';
import { refuse } from '../base/refusal';
import type { Refusal } from '../base/refusal';
import type { ContractFacts } from './facts';

/** Below how many available licenses a pool is noticed, unless its contract says otherwise. */
export const LOW_WATER_DEFAULT = 100;
export const LOW_WATER_MAX = 1_000_000;

type PoolFields = Pick<ContractFacts, 'low_water' | 'min_remaining_validity' | 'auto_replenish'>;

/** What contracts show that have no pool. A request may contain these values. */
const DEFAULTS: PoolFields = { low_water: LOW_WATER_DEFAULT, min_remaining_validity: null, auto_replenish: null };

/** Refuses fields of a pool for another type of contract: they would have no effect. What is stored already may stay. */
export function poolFieldsRefusal(
  next: PoolFields & Pick<ContractFacts, 'type'>,
  before: PoolFields = DEFAULTS,
): Refusal | null {
  if (next.type === 'pool') return null;
  const path = (Object.keys(DEFAULTS) as (keyof PoolFields)[]).find(
    (field) => !sameJson(next[field], before[field]) && !sameJson(next[field], DEFAULTS[field]),
  );
  if (path === undefined) return null;
  return refuse('VALIDATION_FAILED', { path, message: `${path}: only a contract of type pool has a pool.` });
}
