/** API access of a contract: when it has an API key, and who may see or replace the key (domain.md 2.2, T14, T15). */
import { stateAt } from './contract';
import type { ContractFacts, ContractState } from './facts';
import { operationRefusal } from './operations';
import type { Instant } from '../base/instant';
import { refuse } from '../base/refusal';
import type { Refusal } from '../base/refusal';

/** From this age on a key should be rotated: partners rotate "quarterly or annually". */
export const KEY_AGE_DAYS_MAX = 365;
/** The longest overlap after a rotation, in which the replaced key is still accepted: a week. */
export const OVERLAP_MINUTES_MAX = 7 * 24 * 60;

/**
 * Whether the contract has an accepted API key. Its keys are revoked when this becomes false: when API access is switched off, and
 * with termination and deletion. A reinstated contract gets a new key (T15).
 */
export function keepsApiKey({
  api_access,
  terminated_at,
  deleted_at,
}: Pick<ContractFacts, 'api_access' | 'terminated_at' | 'deleted_at'>): boolean {
  return api_access && terminated_at === null && deleted_at === null;
}

/** Why the key of a contract cannot be replaced; null when it can. */
export function rotateKeyRefusal(
  facts: ContractFacts,
  now: Instant,
  state: ContractState = stateAt(facts, now),
): Refusal | null {
  return operationRefusal('rotate_api_key', facts, now, state) ?? accessOffRefusal(facts);
}

/** Why the key of a contract cannot be shown; null when it can. */
export function revealKeyRefusal(
  facts: ContractFacts,
  now: Instant,
  state: ContractState = stateAt(facts, now),
): Refusal | null {
  return operationRefusal('reveal_api_key', facts, now, state) ?? accessOffRefusal(facts);
}

function accessOffRefusal({ id, api_access }: ContractFacts): Refusal | null {
  return api_access ? null : refuse('API_ACCESS_OFF', { contract_id: id });
}
