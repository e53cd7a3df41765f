/** What a command or a boundary does to a contract, before it is written. */
import type { ContractFacts, ContractState } from './facts';
import type { BoundaryKind } from './boundary-kind';
import type { Instant, LocalDate } from '../base/instant';
import type { JsonObject } from '../base/json';
import type { RenewalMode, RenewalRecord } from './renewal-policy';

/** Every action on a contract that leaves an audit row (domain.md 6.2). */
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

/** Actions that concern only operators of Covenant. They have an audit row and no domain event. */
export const AUDIT_ONLY_ACTIONS = [
  'contract.boundary_moved',
  'billing.event_received',
  'billing.event_ignored',
  'billing.parked',
  'billing.invoices_fetched',
  'billing.unreachable',
] as const satisfies readonly ContractAction[];
type AuditOnlyAction = (typeof AUDIT_ONLY_ACTIONS)[number];

/** The actions that have a domain event of the same name. */
export type ContractEventType = Exclude<ContractAction, AuditOnlyAction>;

/** The term about which something is noticed. */
type TermDetails = { term_number: number; end_date: LocalDate | null; renewal_mode: RenewalMode };

/** What some actions say in their audit row and domain event besides what every action says. */
export type ActionDetails = {
  'contract.renewed': { [Field in keyof RenewalRecord]: RenewalRecord[Field] } & { not_cotermed_with?: string | null };
  /** The period of a suspension that would not have happened if the payment had been reported in time. */
  'contract.reinstated': {
    should_not_have_been_suspended_from?: Instant;
    should_not_have_been_suspended_to?: Instant;
  };
  'contract.terminated': { revoke_issued?: true };
  'contract.amended': { amendment_id: string; effective_date: LocalDate };
  'amendment.scheduled': { amendment_id: string; effective_date: LocalDate; changes: JsonObject };
  'amendment.cancelled': { amendment_id: string };
  'amendment.failed': { amendment_id: string; effective_date: LocalDate; code: string; detail: string };
  'quota.granted': { amendment_id?: string; effective_date?: LocalDate };
  'renewal.reminder_due': TermDetails & { days_before: number; superseded?: true };
  'renewal.notice_due': TermDetails;
  'renewal.opted_out': { opt_out_term: number };
  'renewal.blocked': TermDetails;
} & Record<AuditOnlyAction, JsonObject>;

type DetailsOf<Action extends ContractAction> = Action extends keyof ActionDetails
  ? ActionDetails[Action]
  : Record<string, never>;

/** What the domain event of an action says. */
export type ContractEventData<Type extends ContractEventType> = {
  contract_id: string;
  state: ContractState;
  revision: number;
  reason: string | null;
} & (Type extends keyof ActionDetails ? ActionDetails[Type] : unknown);

/** One change: the facts after it, and its audit data. One change is exactly one audit row. */
export type ContractChange = { [Action in ContractAction]: ChangeBy<Action> }[ContractAction];

/** A change by one action. */
export type ChangeBy<Action extends ContractAction> = ChangeWithoutDetails<Action> &
  (Record<never, never> extends DetailsOf<Action> ? { details?: DetailsOf<Action> } : { details: DetailsOf<Action> });

/** A change by an action, before its details are added. */
export interface ChangeWithoutDetails<Action extends ContractAction = ContractAction> {
  facts: ContractFacts;
  /** The instant at which it takes effect: that of the boundary or the command. */
  at: Instant;
  action: Action;
  reason?: string;
  /** Whether it changes terms or holds. Such a change gets a new revision. */
  revised: boolean;
  /** Whether a job revokes the issued licenses after the change. */
  revokes_issued?: true;
  /** The boundary that caused the change. */
  boundary?: BoundaryKind;
  /** The record of the new term. */
  renewal?: RenewalRecord;
  /** What a quota granted by this change is for: "term 2". */
  grant_label?: string;
}
