/** Holds that people place: pausing and resuming, and compliance holds. Each source lifts only its own holds (domain.md 1.2). */
import { addDays, daysBetween, localDateAt } from '../base/calendar';
import { liftHolds, openHold, stateAt } from './contract';
import type { ContractFacts, ContractState, Hold } from './facts';
import { revise } from './decision';
import type { Conditional, Decision, DecisionContext } from './decision';
import { operationRefusal, overdueRefusal } from './operations';
import type { Instant } from '../base/instant';
import { refuse } from '../base/refusal';
import type { Refusal } from '../base/refusal';
import { moveTermEnd } from './term';

export interface PauseInput extends Conditional {
  reason?: 'paused' | 'completed' | undefined;
  resume_at?: Instant | null | undefined;
  note?: string | null | undefined;
}
export interface ResumeInput extends Conditional {
  extend_term_on_resume?: boolean | undefined;
}
export interface ComplianceHoldInput extends Conditional {
  note: string;
}
export interface ComplianceReleaseInput extends Conditional {}

/** T9: places an administrator's hold. It can be placed on every live contract, because holds are independent (decisions 18). */
export function pause(facts: ContractFacts, input: PauseInput, { now, actor_id }: DecisionContext): Decision {
  const refusal = operationRefusal('pause', facts, now);
  if (refusal) return refusal;
  if (openHold(facts, now, 'admin')) return 'unchanged';
  const resume_at = input.resume_at ?? null;
  if (resume_at !== null && resume_at <= now) {
    return refuse('VALIDATION_FAILED', { path: 'resume_at', message: 'resume_at must be in the future.' });
  }
  const code = input.reason === 'completed' ? 'COMPLETED' : 'PAUSED';
  const hold = newHold({
    source: 'admin',
    code,
    placed_at: now,
    resume_at,
    placed_by: actor_id,
    note: input.note ?? null,
  });
  const change = revise(facts, { ...facts, holds: [...facts.holds, hold] }, now, 'contract.paused');
  return { ...change, reason: hold.code.toLowerCase() };
}

/** T10: lifts the administrator's hold. On request the paused days are added to the end, and later terms count from the new end. */
export function resume(facts: ContractFacts, input: ResumeInput, { now }: DecisionContext): Decision {
  const refusal = operationRefusal('resume', facts, now);
  if (refusal) return refusal;
  const hold = openHold(facts, now, 'admin');
  if (!hold) return 'unchanged';
  const lifted = liftHolds(facts, now, ({ source }) => source === 'admin');
  if (!input.extend_term_on_resume || facts.end_date === null) return revise(facts, lifted, now, 'contract.resumed');
  const overdue = overdueRefusal(facts, now);
  if (overdue) return overdue;
  // Paused days before the start are not added.
  const paused_on = localDateAt(hold.placed_at, facts.timezone);
  const from = facts.start_date !== null && facts.start_date > paused_on ? facts.start_date : paused_on;
  const paused_days = Math.max(0, daysBetween(from, localDateAt(now, facts.timezone)));
  const extended = paused_days === 0 ? lifted : moveTermEnd(lifted, addDays(facts.end_date, paused_days));
  return { ...revise(facts, extended, now, 'contract.resumed'), reason: `extended by ${paused_days} days` };
}

/** Suspends a live contract for compliance, until compliance releases it. */
export function holdForCompliance(
  facts: ContractFacts,
  input: ComplianceHoldInput,
  { now, actor_id }: DecisionContext,
): Decision {
  const refusal = operationRefusal('compliance_hold', facts, now);
  if (refusal) return refusal;
  if (openHold(facts, now, 'compliance')) return 'unchanged';
  const placed = { placed_at: now, resume_at: null, placed_by: actor_id, note: input.note };
  const hold = newHold({ source: 'compliance', code: 'COMPLIANCE', ...placed });
  const change = revise(facts, { ...facts, holds: [...facts.holds, hold] }, now, 'contract.suspended');
  return { ...change, reason: 'compliance' };
}

/** T7: lifts the hold of compliance. Other holds remain. */
export function releaseFromCompliance(
  facts: ContractFacts,
  _input: ComplianceReleaseInput,
  { now }: DecisionContext,
): Decision {
  if (!openHold(facts, now, 'compliance')) return 'unchanged';
  const refusal = releaseRefusal(facts, now);
  if (refusal) return refusal;
  const lifted = liftHolds(facts, now, ({ source }) => source === 'compliance');
  return { ...revise(facts, lifted, now, 'contract.reinstated'), reason: 'compliance' };
}

/**
 * Why a contract cannot be released from compliance; null when it can, or has no such hold. A terminated contract must be
 * reinstated first; the hold then suspends it again and can be released.
 */
export function releaseRefusal(
  facts: ContractFacts,
  now: Instant,
  state: ContractState = stateAt(facts, now),
): Refusal | null {
  return openHold(facts, now, 'compliance') ? operationRefusal('compliance_release', facts, now, state) : null;
}

function newHold(hold: Omit<Hold, 'id' | 'lifted_at'>): Hold {
  return { id: null, lifted_at: null, ...hold };
}
