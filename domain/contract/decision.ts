/** The types of decisions about a contract, and the pieces that several commands share. */
import type { GeneratorFacts } from '../catalogue/generator';
import type { Instant } from '../base/instant';
import type { ContractFacts } from './facts';
import type { ChangeWithoutDetails, ContractAction, ContractChange } from './change';
import { refuse } from '../base/refusal';
import type { Refusal } from '../base/refusal';
import type { ProductFacts } from '../catalogue/product';

/** The input of a decision besides the facts: the catalogue, the actor and the time. */
export interface DecisionContext extends RenewalContext {
  now: Instant;
  /** The id of the person or system that sent the command. */
  actor_id: string;
  /** Generation jobs that are not finished. */
  open_jobs: number;
  /** How many orders hold licenses of its pool. */
  open_holds: number;
}

/** A change, several changes, a refusal, or `unchanged` when the command has nothing to change. */
export type Decision = ContractChange | ContractChange[] | Refusal | 'unchanged';

/** A condition that every command accepts. */
export interface Conditional {
  /** The revision named by `If-Match`. */
  expected_revision?: number | undefined;
}

/** Refuses a command for another revision than the current one. */
export function revisionRefusal({ revision }: { revision: number }, expected: number | undefined): Refusal | null {
  if (expected === undefined || expected === revision) return null;
  return refuse('REVISION_CONFLICT', { given: expected, current: revision });
}

/** A change of terms or holds, with the next revision. */
export function revise<Action extends ContractAction>(
  before: ContractFacts,
  after: ContractFacts,
  at: Instant,
  action: Action,
): ChangeWithoutDetails<Action> {
  return { facts: { ...after, revision: before.revision + 1 }, at, action, revised: true };
}

/** The input of a renewal besides the contract. */
export interface RenewalContext {
  product: ProductFacts;
  generator: GeneratorFacts | null;
  /** The contract named by `coterm_with`; null when there is none. */
  coterm_target: ContractFacts | null;
}
