/** The input and result of transactions on a contract. */
import type { Act } from '../../domain/base/edit';
import type { Refusal } from '../../domain/base/refusal';
import type { GeneratorFacts } from '../../domain/catalogue/generator';
import type { ContractFacts } from '../../domain/contract/facts';
import type { Nudge } from '../../domain/contract/nudge';
import type { ContractRow } from '../../db/contract/contract';

/** The actor, contract and time of an act. `now` is real time; a contract on a test clock uses that clock instead. */
export interface ContractAct extends Act {
  id: string;
}

/** The stored columns that callers need after a change. The others are read again by those who show them (`findContract`). */
export type StoredContract = Pick<
  ContractRow,
  | 'state'
  | 'may_generate'
  | 'next_boundary_at'
  | 'next_boundary_kind'
  | 'wake_at'
  | 'timer_at'
  | 'unwoken_since'
  | 'test_clock_id'
  | 'clock_now'
  | 'reserved'
>;

/** A contract after a transaction on it. */
export interface ChangedContract {
  stored: StoredContract;
  facts: ContractFacts;
  /** The generator that the decision used; null when it was deleted. */
  generator: GeneratorFacts | null;
  /** The refusal of the decision; null when it was applied or had nothing to change. */
  refusal: Refusal | null;
  /** False when there was nothing to change. */
  changed: boolean;
  /** The workflows to signal after the commit. */
  nudge: Nudge;
}
