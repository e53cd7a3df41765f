/** Whether a contract gives licenses from its pool now, and why not (domain.md 2.2). */
import type { Instant } from '../base/instant';
import { refuse } from '../base/refusal';
import type { Refusal } from '../base/refusal';
import type { ContractFacts } from '../contract/facts';
import { operationRefusal } from '../contract/operations';

/** Why no license can be taken from the pool of the contract, whatever is in it; null when they can. */
export function grabRefusal(facts: ContractFacts, now: Instant): Refusal | null {
  if (facts.type !== 'pool') return refuse('NOT_A_POOL', { type: facts.type });
  return operationRefusal('grab', facts, now);
}
