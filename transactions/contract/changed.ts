/** What transactions on a contract take and answer. */
import type { Act } from '../../domain/base/edit';
import type { Refusal } from '../../domain/base/refusal';
import type { GeneratorFacts } from '../../domain/catalogue/generator';
import type { ContractFacts } from '../../domain/contract/facts';
import type { Nudge } from '../../domain/contract/nudge';
import type { ContractRow } from '../../db/contract/contract';

/** Who acts on which contract. `now` is the real time; a contract on a test clock lives by that clock instead. */
export interface ContractAct extends Act {
  id: string;
}

/** A contract after a transaction on it. */
export interface Changed {
  row: ContractRow;
  facts: ContractFacts;
  /** The generator by which it was decided; null when it was deleted. */
  generator: GeneratorFacts | null;
  /** The refusal of the decision; null when it was carried out or there was nothing to do. */
  refusal: Refusal | null;
  /** False when what was asked already held. */
  changed: boolean;
  /** Whom to wake after the commit. */
  nudge: Nudge;
}
