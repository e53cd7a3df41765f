/**
 * The state of a contract, derived from its stored facts at an instant, and how the state is shown.
 *
 * State is never stored as a decision: `stateAt` derives it from facts and a clock (domain.md 1.3), and all other code uses
 * this file. `operations.ts` decides what a state allows. The columns `state` and `may_generate` are copies for SQL, written
 * only by `transactions/contract/`.
 */
import { HOLD_SOURCES, STORED_WARNINGS } from './facts';
import type { ContractFacts, ContractState, Hold, HoldSource, InactiveReason, StoredWarning } from './facts';
import { billingLevel, isAtLeast } from '../billing/dunning';
import { addDays, startOfDay } from '../base/calendar';
import type { Instant, LocalDate } from '../base/instant';

/** The state of a contract at an instant; the first rule that matches wins (domain.md 1.3, decisions 3). */
export function stateAt(facts: ContractFacts, now: Instant): ContractState {
  if (facts.deleted_at !== null && facts.deleted_at <= now) return 'DELETED';
  if (facts.terminated_at !== null && facts.terminated_at <= now) return 'TERMINATED';
  if (facts.activated_at === null) return 'DRAFT';
  if (facts.start_date !== null && now < startOfDay(facts.start_date, facts.timezone)) return 'SCHEDULED';
  const expires_at = expiresAt(facts);
  if (expires_at !== null && now >= expires_at) return 'EXPIRED';
  const hold = openHold(facts, now);
  if (hold && hold.source !== 'admin') return 'SUSPENDED';
  if (hold) return 'PAUSED';
  if (facts.end_date !== null && now >= startOfDay(facts.end_date, facts.timezone)) return 'EXPIRY_GRACE';
  if (isAtLeast(billingLevel(facts, now), 'GRACE')) return 'PAST_DUE';
  return 'ACTIVE';
}

/** Whether time and money can still change a contract in this state. */
export function isLive(state: ContractState): boolean {
  return state !== 'DRAFT' && state !== 'EXPIRED' && state !== 'TERMINATED' && state !== 'DELETED';
}

/** When the contract is over, grace included; null for one without an end. */
export function expiresAt(facts: ContractFacts): Instant | null {
  return facts.end_date === null ? null : startOfDay(addDays(facts.end_date, facts.expiry_grace_days), facts.timezone);
}

/** The open hold of a source at an instant. Without a source: the hold that is shown as the reason. */
export function openHold(facts: Pick<ContractFacts, 'holds'>, now: Instant, source?: HoldSource): Hold | undefined {
  return facts.holds
    .filter((hold) => hold.placed_at <= now && (hold.lifted_at === null || hold.lifted_at > now))
    .filter((hold) => source === undefined || hold.source === source)
    .sort((a, b) => HOLD_SOURCES.indexOf(a.source) - HOLD_SOURCES.indexOf(b.source))[0];
}

/** The facts with the chosen open holds lifted at an instant. */
export function liftHolds(facts: ContractFacts, at: Instant, chosen: (hold: Hold) => boolean): ContractFacts {
  const holds = facts.holds.map((hold) =>
    hold.lifted_at === null && chosen(hold) ? { ...hold, lifted_at: at } : hold,
  );
  return { ...facts, holds };
}

/** The status of the interface, and why an inactive contract is inactive. */
export interface ContractStatus {
  status: 'active' | 'inactive';
  inactive_reason: InactiveReason | null;
}

/** The status of a contract at an instant. */
export function statusOf(facts: ContractFacts, now: Instant): ContractStatus {
  return statusOfState(stateAt(facts, now), openHold(facts, now)?.code ?? null);
}

/** The status of a state (domain.md 2.1). `hold_code` is the code of the open hold, if there is one. */
export function statusOfState(state: ContractState, hold_code: Hold['code'] | null): ContractStatus {
  const reasons: Record<ContractState, InactiveReason | null> = {
    DRAFT: 'CONFIGURING',
    SCHEDULED: 'NOT_STARTED',
    ACTIVE: null,
    PAST_DUE: null,
    EXPIRY_GRACE: 'EXPIRED_IN_GRACE',
    PAUSED: hold_code ?? 'PAUSED',
    SUSPENDED: hold_code ?? 'BILLING_SUSPENDED',
    EXPIRED: 'EXPIRED',
    TERMINATED: 'TERMINATED',
    DELETED: null,
  };
  return { status: ACTIVE_STATES.includes(state) ? 'active' : 'inactive', inactive_reason: reasons[state] };
}

/** The states with the status `active`. */
export const ACTIVE_STATES: readonly ContractState[] = ['ACTIVE', 'PAST_DUE'];

/** The warnings that follow from the facts at an instant: what needs a person's attention. `quotaWarnings` returns those about the quota. */
export function warningsOf(facts: ContractFacts, now: Instant): StoredWarning[] {
  const state = stateAt(facts, now);
  const level = billingLevel(facts, now);
  const suspended = openHold(facts, now, 'billing') !== undefined;
  const applies: Record<StoredWarning, boolean> = {
    BILLING_PAST_DUE: state === 'PAST_DUE',
    SUSPENSION_DUE: isLive(state) && isAtLeast(level, 'SUSPEND') && !suspended,
    BILLING_UNREACHABLE: isLive(state) && isAtLeast(level, 'SUSPEND') && facts.billing_unreachable_since !== null,
    PAID_AFTER_TERMINATION: state === 'TERMINATED' && wasPaidAfterTermination(facts, level === 'CLEAR'),
    RENEWAL_BLOCKED: isLive(state) && facts.renewal_blocked !== null && facts.renewal_blocked !== 'OPTED_OUT',
  };
  return STORED_WARNINGS.filter((warning) => applies[warning]);
}

/** A payment was received for a terminated contract. A person has to refund it or reinstate the contract. */
function wasPaidAfterTermination(
  { terminated_at, termination_code, invoices }: ContractFacts,
  clear: boolean,
): boolean {
  if (clear && termination_code === 'BILLING') return true;
  return invoices.some(({ status, occurred_at }) => status === 'PAID' && occurred_at >= (terminated_at ?? occurred_at));
}

/** The last day of the term: the day before `end_date`, which is the first day not covered (domain.md 1.8.2). */
export function lastDay(facts: Pick<ContractFacts, 'end_date'>): LocalDate | null {
  return facts.end_date === null ? null : addDays(facts.end_date, -1);
}
