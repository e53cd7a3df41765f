/** A contract whose customer is merged into another one. */
import type { Instant } from '../base/instant';
import { revise } from './decision';
import type { Decision } from './decision';
import type { ContractFacts } from './facts';

/** Moves a contract, in whatever state, to the customer into whom its customer is merged. */
export function moveToSurvivor(
  facts: ContractFacts,
  { customer_id, into }: { customer_id: string; into: string },
  now: Instant,
): Decision {
  if (facts.customer_id !== customer_id) return 'unchanged';
  return { ...revise(facts, { ...facts, customer_id: into }, now, 'contract.updated'), reason: 'customer_merged' };
}
