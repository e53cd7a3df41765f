/** The commands for renewal: renew manually, on time or late, and opt out (domain.md 1.4 T12 and T13, 1.6). */
import { addDays, daysBetween, localDateAt, startOfDay } from '../base/calendar';
import { stateAt } from './contract';
import type { ContractFacts, ContractState } from './facts';
import { revise } from './decision';
import type { Conditional, Decision, DecisionContext } from './decision';
import { catalogueRefusal } from './refusals';
import { operationRefusal, permissionFor } from './operations';
import type { Instant } from '../base/instant';
import { refuse } from '../base/refusal';
import type { JsonObject } from '../base/json';
import type { Refusal } from '../base/refusal';
import { applyRenewal, hasPendingCoterm, nextLength, noticeDate } from './renewal';
import { isLastRenewalDone, isOptedOut } from './renewal-policy';
import type { Renewal } from './renewal';
import type { RenewalBasis } from './renewal-policy';

export interface RenewInput extends Conditional {
  term?: string | undefined;
  quota_add?: number | undefined;
  from?: RenewalBasis | undefined;
  reference?: string | undefined;
  /** The number of the new term, for callers that must be certain which term they create. */
  term_number?: number | undefined;
}
export interface OptOutInput extends Conditional {
  accept_late?: boolean | undefined;
}

/**
 * Renews a contract manually. On time the new term begins at the old end; after grace it begins today or, with `from`, at the
 * old end.
 */
export function renew(facts: ContractFacts, input: RenewInput, context: DecisionContext): Decision {
  const { now } = context;
  const state = stateAt(facts, now);
  const refusal =
    operationRefusal('renew', facts, now, state) ??
    policyRefusal(facts) ??
    termLengthRefusal(facts, input) ??
    alreadyRenewedRefusal(facts, input, now) ??
    basisRefusal(facts, input, now) ??
    tooLateRefusal(facts, now);
  if (refusal) return refusal;
  const late = permissionFor('renew', state) === 'late';
  const renewal: Renewal = {
    at: now,
    mode: 'manual',
    basis: input.from ?? (late ? 'from_now' : 'from_expiry'),
    term: input.term ?? null,
    quota_added: input.quota_add ?? facts.renewal.quota_effect?.add ?? 0,
    reference: input.reference ?? null,
  };
  const change = applyRenewal(facts, renewal, context);
  const next = change.facts;
  if (hasPendingCoterm(facts) && next.cotermed_with !== facts.renewal.coterm_with)
    return refuse('COTERM_NOT_POSSIBLE', { coterm_with: facts.renewal.coterm_with });
  const catalogue = catalogueRefusal(next, context);
  if (catalogue) return catalogue;
  if (next.end_date !== null && next.end_date <= localDateAt(now, facts.timezone))
    return refuse('TERM_ALREADY_OVER', { end_date: next.end_date, expiry_grace_days: next.expiry_grace_days });
  return change;
}

/** Why the contract cannot be renewed with any input; null when it can. */
export function renewRefusal(
  facts: ContractFacts,
  now: Instant,
  state: ContractState = stateAt(facts, now),
): Refusal | null {
  return operationRefusal('renew', facts, now, state) ?? policyRefusal(facts) ?? tooLateRefusal(facts, now);
}

/** Opts out of the next automatic term. After the last day of notice it is the term after that (1.6). */
export function optOut(facts: ContractFacts, input: OptOutInput, { now }: DecisionContext): Decision {
  const refusal = optOutRefusal(facts, now);
  if (refusal) return refusal;
  if (isOptedOut(facts, now) || facts.renewal.opt_out_at !== null) return 'unchanged';
  const notice_date = noticeDate(facts);
  const in_time = notice_date === null || localDateAt(now, facts.timezone) <= notice_date;
  if (!in_time && !input.accept_late) return refuse('NOTICE_PERIOD_PASSED', { notice_date, end_date: facts.end_date });
  const opt_out_term = in_time ? facts.term_number : facts.term_number + 1;
  const opted_out = { ...facts, renewal: { ...facts.renewal, opt_out_at: now, opt_out_term } };
  const change = revise(facts, opted_out, now, 'renewal.opted_out');
  return { ...change, reason: in_time ? 'in time' : 'late', details: { opt_out_term } };
}

/** Why the customer cannot opt out, on time or late; null when they can. */
export function optOutRefusal(
  facts: ContractFacts,
  now: Instant,
  state: ContractState = stateAt(facts, now),
): Refusal | null {
  const refusal = operationRefusal('opt_out', facts, now, state);
  if (refusal || facts.renewal.mode === 'auto') return refusal;
  return renewalNotPossible('The contract does not renew automatically, so there is nothing to opt out of.');
}

function policyRefusal(facts: ContractFacts): Refusal | null {
  const { mode, max_renewals } = facts.renewal;
  if (mode === 'none') return renewalNotPossible('Its renewal mode is none. Set renewal.mode to manual first.');
  if (facts.end_date === null) return renewalNotPossible('It has no end, so there is nothing to renew.');
  if (isLastRenewalDone(facts))
    return renewalNotPossible(`It may be renewed ${max_renewals} time(s). Raise renewal.max_renewals first.`);
  return null;
}

function termLengthRefusal(facts: ContractFacts, { term }: RenewInput): Refusal | null {
  if (term !== undefined || nextLength(facts) !== null) return null;
  return renewalNotPossible('It has no term length. Give one as term, such as P1Y.');
}

function renewalNotPossible(why: string, more: JsonObject = {}): Refusal {
  return refuse('RENEWAL_NOT_POSSIBLE', { why, ...more });
}

/**
 * Prevents that a repeated request creates two terms. Without `term_number`, a renewal is refused while the last term has not begun,
 * and during a term that a person created after it had begun, within grace or late (1.6, exactly once).
 */
function alreadyRenewedRefusal(facts: ContractFacts, input: RenewInput, now: string): Refusal | null {
  const { term_number, term_start_date, timezone, renewed_by_hand_at } = facts;
  const already = refuse('ALREADY_RENEWED', { term_number, term_start_date, next_term_number: term_number + 1 });
  if (input.term_number !== undefined) {
    if (input.term_number <= term_number) return already;
    if (input.term_number === term_number + 1) return null;
    return refuse('RENEWAL_NOT_POSSIBLE', { why: `The next term is number ${term_number + 1}.` });
  }
  if (term_start_date === null || term_number === 1) return null;
  const created_in_this_term =
    renewed_by_hand_at !== null && renewed_by_hand_at >= startOfDay(term_start_date, timezone);
  return term_start_date > localDateAt(now, timezone) || created_in_this_term ? already : null;
}

function basisRefusal({ end_date, timezone }: ContractFacts, { from }: RenewInput, now: Instant): Refusal | null {
  if (from !== 'from_now' || end_date === null || localDateAt(now, timezone) >= end_date) return null;
  const message = `The term runs until ${end_date}; renew from_expiry.`;
  return refuse('VALIDATION_FAILED', { path: 'from', message });
}

function tooLateRefusal(facts: ContractFacts, now: Instant): Refusal | null {
  const { end_date, renewal } = facts;
  if (end_date === null) return null;
  const today = localDateAt(now, facts.timezone);
  const late_days = daysBetween(addDays(end_date, facts.expiry_grace_days), today);
  if (late_days <= renewal.late_renewal_days) return null;
  const why = `It ended ${late_days} days ago and can be renewed for ${renewal.late_renewal_days} days. Create a new contract.`;
  return renewalNotPossible(why, { late_days, late_renewal_days: renewal.late_renewal_days });
}
