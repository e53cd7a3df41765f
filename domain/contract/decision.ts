/** What a decision about a contract is made of, and the pieces that several commands share. */
import type { GeneratorFacts } from '../catalogue/generator';
import type { Instant } from '../base/instant';
import type { ContractFacts } from './facts';
import type { ContractAction, ContractChange } from './change';
import { refuse } from '../base/refusal';
import type { Refusal } from '../base/refusal';
import type { ProductFacts } from '../catalogue/product';

/** What a decision may look at besides the facts: the catalogue, who asks, and when. */
export interface DecisionContext extends RenewalContext {
  now: Instant;
  /** The id of the person or system that sent the command. */
  actor_id: string;
  /** Generation jobs that are not finished. */
  open_jobs: number;
}

/** A change, several that belong together, a refusal, or `unchanged` when what is asked already holds. */
export type Decision = ContractChange | ContractChange[] | Refusal | 'unchanged';

/** What every command may be conditioned on. */
export interface Conditional {
  /** The revision named by `If-Match`. */
  expected_revision?: number | undefined;
}

/** Refuses what was asked of another revision than the one that the contract is at. */
export function revisionRefusal({ revision }: { revision: number }, expected: number | undefined): Refusal | null {
  if (expected === undefined || expected === revision) return null;
  return refuse('REVISION_CONFLICT', { given: expected, current: revision });
}

/** A change of terms or holds: the next revision. */
export function revise(
  before: ContractFacts,
  after: ContractFacts,
  at: Instant,
  action: ContractAction,
): ContractChange {
  return { facts: { ...after, revision: before.revision + 1 }, at, action, revised: true };
}

/** What renewing looks at besides the contract. */
export interface RenewalContext {
  product: ProductFacts;
  generator: GeneratorFacts | null;
  /** The contract named by `coterm_with`; null when there is none. */
  coterm_target: ContractFacts | null;
}
