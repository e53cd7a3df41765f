/** What a command or a boundary does to a contract, before it is written. */
import type { ContractFacts } from './contract';
import type { Instant } from './instant';

/** Every act upon a contract that leaves an audit row and a domain event of the same name (domain.md 6.2). */
export type ContractAction =
  | 'contract.created'
  | 'contract.updated'
  | 'contract.activated'
  | 'contract.paused'
  | 'contract.resumed'
  | 'contract.term_started'
  | 'contract.grace_started'
  | 'contract.expired'
  | 'contract.deleted';

/** One change: the facts as they become, and how the audit tells it. One change is exactly one audit row. */
export interface ContractChange {
  facts: ContractFacts;
  /** The instant at which it holds: a boundary's own, or the command's. */
  at: Instant;
  action: ContractAction;
  reason?: string;
  /** Whether it changes terms or holds, and so counts as a new revision. */
  revised: boolean;
}
