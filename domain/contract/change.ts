/** What a command or a boundary does to a contract, before it is written. */
import type { ContractFacts } from './facts';
import type { BoundaryKind } from './boundary-kind';
import type { Instant } from '../base/instant';
import type { JsonObject } from '../base/json';
import type { RenewalRecord } from './renewal-policy';

/** Every action on a contract that leaves an audit row and a domain event of the same name (domain.md 6.2). */
export type ContractAction =
  | 'contract.created'
  | 'contract.updated'
  | 'contract.activated'
  | 'contract.paused'
  | 'contract.resumed'
  | 'contract.suspended'
  | 'contract.reinstated'
  | 'contract.term_started'
  | 'contract.renewed'
  | 'contract.grace_started'
  | 'contract.expired'
  | 'contract.terminated'
  | 'contract.amended'
  | 'contract.deleted'
  | 'contract.boundary_moved'
  | 'amendment.scheduled'
  | 'amendment.cancelled'
  | 'amendment.failed'
  | 'quota.granted'
  | 'renewal.reminder_due'
  | 'renewal.notice_due'
  | 'renewal.opted_out'
  | 'renewal.blocked'
  | 'billing.event_received'
  | 'billing.event_ignored'
  | 'billing.parked'
  | 'billing.invoices_fetched'
  | 'billing.unreachable'
  | 'billing.past_due'
  | 'billing.cleared';

/** One change: the facts after it, and its audit data. One change is exactly one audit row. */
export interface ContractChange {
  facts: ContractFacts;
  /** The instant at which it takes effect: that of the boundary or the command. */
  at: Instant;
  action: ContractAction;
  reason?: string;
  /** Whether it changes terms or holds. Such a change gets a new revision. */
  revised: boolean;
  /** Whether a job revokes the issued licenses after the change. */
  revokes_issued?: true;
  /** The boundary that caused the change. */
  boundary?: BoundaryKind;
  /** The further details of the audit row and the domain event. */
  details?: JsonObject;
  /** The record of the new term. */
  renewal?: RenewalRecord;
  /** What a quota granted by this change is for: "term 2". */
  grant_label?: string;
}
