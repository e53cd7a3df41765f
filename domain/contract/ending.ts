/** The end of a contract: termination, reinstatement and deletion (domain.md 1.4 T14 to T16, 1.9). */
import { withdrawPendingAmendments } from './amendment';
import { billingLevel } from '../billing/dunning';
import { daysBetween, localDateAt } from '../base/calendar';
import { stateAt } from './contract';
import type { ContractFacts, ContractState } from './facts';
import type { ChangeWithoutDetails } from './change';
import { revise } from './decision';
import type { Conditional, Decision, DecisionContext } from './decision';
import { operationRefusal, overdueRefusal, permissionFor, transitionRefusal } from './operations';
import type { Instant } from '../base/instant';
import { refuse } from '../base/refusal';
import type { Refusal } from '../base/refusal';

/** Days in which a termination can be undone. */
export const REINSTATE_DAYS_MAX = 30;

export interface TerminateInput extends Conditional {
  reason: string;
  /** Whether its issued licenses are revoked; false by default. */
  revoke_issued?: boolean;
}
export interface ReinstateInput extends Conditional {}
export interface DeleteInput extends Conditional {
  confirm_name: string;
}

/** T14: terminates a contract in any state. Its jobs are cancelled and its pending amendments are withdrawn with it. */
export function terminate(facts: ContractFacts, input: TerminateInput, { now }: DecisionContext): Decision {
  const state = stateAt(facts, now);
  if (permissionFor('terminate', state) === 'done') return 'unchanged';
  const refusal = operationRefusal('terminate', facts, now, state);
  if (refusal) return refusal;
  const terminated = applyTermination(facts, now, 'ADMIN', input.reason);
  if (input.revoke_issued !== true) return terminated;
  return { ...terminated, revokes_issued: true, details: { revoke_issued: true } };
}

/**
 * T15: reinstates a contract within thirty days, if no invoice is overdue. A contract whose term ended meanwhile is not
 * refused: it is then in grace or EXPIRED, and can be renewed late.
 */
export function reinstate(facts: ContractFacts, _input: ReinstateInput, { now }: DecisionContext): Decision {
  const refusal = reinstateRefusal(facts, now);
  if (refusal) return refusal;
  const reinstated: ContractFacts = {
    ...facts,
    terminated_at: null,
    termination_code: null,
    termination_reason: null,
    past_due_since: billingLevel(facts, now) === 'CLEAR' ? null : facts.past_due_since,
    holds: facts.holds.map((hold) =>
      hold.source === 'billing' && hold.lifted_at === null ? { ...hold, lifted_at: now } : hold,
    ),
  };
  return { ...revise(facts, reinstated, now, 'contract.reinstated'), reason: 'terminated' };
}

/** Why a contract cannot be reinstated; null when it can. */
export function reinstateRefusal(
  facts: ContractFacts,
  now: Instant,
  state: ContractState = stateAt(facts, now),
): Refusal | null {
  const refusal = operationRefusal('reinstate', facts, now, state);
  if (refusal || facts.terminated_at === null) return refusal;
  const { terminated_at, timezone } = facts;
  const days = daysBetween(localDateAt(terminated_at, timezone), localDateAt(now, timezone));
  if (days > REINSTATE_DAYS_MAX) return transitionRefusal(facts, now, `reinstate after ${days} days`, state);
  return overdueRefusal(facts, now, state);
}

/** T16: the row stays as a tombstone. Licenses, jobs and audit stay too (domain.md 1.9). */
export function remove(facts: ContractFacts, input: DeleteInput, context: DecisionContext): Decision {
  const refusal = deleteRefusal(facts, context, context.now);
  if (refusal) return refusal;
  if (!isSameName(input.confirm_name, facts.name)) return refuse('CONFIRMATION_MISMATCH');
  const deleted = { ...withdrawPendingAmendments(facts, context.now), deleted_at: context.now };
  return revise(facts, deleted, context.now, 'contract.deleted');
}

/** Why a contract cannot be deleted, apart from the confirmed name; null when it can. */
export function deleteRefusal(
  facts: ContractFacts,
  { open_jobs, open_holds }: Pick<DecisionContext, 'open_jobs' | 'open_holds'>,
  now: Instant,
  state: ContractState = stateAt(facts, now),
): Refusal | null {
  const refusal = operationRefusal('delete', facts, now, state);
  if (refusal) return refusal;
  if (open_jobs > 0) return refuse('CONTRACT_HAS_OPEN_JOB', { open_jobs });
  return open_holds > 0 ? refuse('CONTRACT_HAS_OPEN_HOLD', { open_holds }) : null;
}

/** Whether two texts are the same name. A person types one of them, and keyboards compose letters differently. */
function isSameName(one: string, other: string): boolean {
  return one.trim().normalize('NFC') === other.trim().normalize('NFC');
}

/** Terminates a contract at an instant: by an administrator, or at the end of the dunning schedule (T8). */
export function applyTermination(
  facts: ContractFacts,
  at: Instant,
  termination_code: 'ADMIN' | 'BILLING',
  termination_reason: string,
): ChangeWithoutDetails<'contract.terminated'> {
  const terminated: ContractFacts = {
    ...withdrawPendingAmendments(facts, at),
    terminated_at: at,
    termination_code,
    termination_reason,
  };
  return {
    ...revise(facts, terminated, at, 'contract.terminated'),
    reason: termination_code === 'BILLING' ? 'billing' : termination_reason,
  };
}
