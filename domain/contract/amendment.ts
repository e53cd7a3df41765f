/**
 * Amendments: sets of changes to a running contract that take effect on a date (domain.md 1.7).
 *
 * An amendment of today or earlier is applied at once. A later one waits for its effective date and is checked again then. It
 * is applied completely or not at all.
 */
import { localDateAt } from '../base/calendar';
import { stateAt } from './contract';
import type { ContractFacts, Amendment, AmendmentChanges } from './facts';
import type { ContractChange } from './change';
import { revise } from './decision';
import type { Conditional, Decision, DecisionContext } from './decision';
import { editFields } from './edit';
import { inactiveRefusal, operationRefusal, overdueRefusal, permissionFor } from './operations';
import type { Instant, LocalDate } from '../base/instant';
import type { JsonObject } from '../base/json';
import { isRefusal, refuse } from '../base/refusal';
import type { Refusal } from '../base/refusal';
import { moveTermEnd } from './term';

export interface AmendInput extends Conditional {
  /** Chosen by the caller, so that a repeated command is the same amendment. */
  amendment_id: string;
  effective_date: LocalDate;
  changes: AmendmentChanges;
  note: string | null;
}
export interface WithdrawAmendmentInput extends Conditional {
  amendment_id: string;
}

/** T17: applies an amendment, or schedules it for its effective date. It must be possible now in both cases. */
export function amend(facts: ContractFacts, input: AmendInput, context: DecisionContext): Decision {
  const { now } = context;
  const { amendment_id: id, effective_date, changes, note } = input;
  const refusal = operationRefusal('amend', facts, now);
  if (refusal) return refusal;
  const today = localDateAt(now, facts.timezone);
  // A term that was granted and has not begun is not the current term. Then the earliest date is today.
  const earliest = facts.term_start_date !== null && facts.term_start_date < today ? facts.term_start_date : today;
  if (effective_date < earliest) {
    const why = `An amendment cannot take effect before ${earliest}.`;
    return refuse('AMENDMENT_NOT_POSSIBLE', { why, earliest });
  }
  const amendment: Amendment = {
    id,
    effective_date,
    changes,
    note,
    status: 'pending',
    failure: null,
    created_at: now,
    created_by: context.actor_id,
    decided_at: null,
    stored: false,
  };
  const applied = applyChanges(facts, amendment, context);
  if (isRefusal(applied)) return applied;
  const scheduled = { ...facts, amendments: [...facts.amendments, amendment] };
  if (effective_date <= today) return applyAmendment(scheduled, amendment, context);
  const details = { amendment_id: id, effective_date, changes: { ...changes } as JsonObject };
  return { facts: scheduled, at: now, action: 'amendment.scheduled', revised: false, details };
}

/** Withdraws a pending amendment. */
export function withdrawAmendment(
  facts: ContractFacts,
  { amendment_id }: WithdrawAmendmentInput,
  { now }: DecisionContext,
): Decision {
  const amendment = facts.amendments.find(({ id }) => id === amendment_id);
  // It may have been applied just now, when this command settled the contract.
  if (amendment?.status !== 'pending')
    return refuse('AMENDMENT_NOT_PENDING', { amendment_id, status: amendment?.status ?? 'decided' });
  const cancelled = updateAmendment(facts, amendment, { status: 'cancelled', decided_at: now });
  return { facts: cancelled, at: now, action: 'amendment.cancelled', revised: false, details: { amendment_id } };
}

/** Applies an amendment completely, or records why it failed. It is checked at `context.now` and takes effect at `at`. */
export function applyAmendment(
  facts: ContractFacts,
  amendment: Amendment,
  context: DecisionContext,
  at: Instant = context.now,
): ContractChange {
  const { id: amendment_id, effective_date } = amendment;
  const applied = applyChanges(facts, amendment, context);
  if (isRefusal(applied)) {
    const { code, detail } = applied;
    const failed = updateAmendment(facts, amendment, { status: 'failed', failure: { code, detail }, decided_at: at });
    const details = { amendment_id, effective_date, code, detail };
    return { facts: failed, at, action: 'amendment.failed', reason: code, revised: false, details };
  }
  const done = updateAmendment(applied, amendment, { status: 'applied', decided_at: at });
  const action = isQuotaGrant(amendment) ? 'quota.granted' : 'contract.amended';
  const grant_label = amendment.note ?? `amendment of ${effective_date}`;
  return { ...revise(facts, done, at, action), grant_label, details: { amendment_id, effective_date } };
}

/** Whether an amendment only grants quota. */
export function isQuotaGrant({ changes }: Pick<Amendment, 'changes'>): boolean {
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  return given.length === 1 && changes.quota_add !== undefined;
}

/**
 * Withdraws the pending amendments of a contract that is over. Otherwise one whose day passes meanwhile would be skipped without
 * notice when the contract is reinstated.
 */
export function withdrawPendingAmendments(facts: ContractFacts, at: Instant): ContractFacts {
  if (facts.amendments.every(({ status }) => status !== 'pending')) return facts;
  const amendments = facts.amendments.map((one): Amendment =>
    one.status === 'pending' ? { ...one, status: 'cancelled', decided_at: at } : one,
  );
  return { ...facts, amendments };
}

function applyChanges(
  facts: ContractFacts,
  { changes, effective_date }: Amendment,
  context: DecisionContext,
): ContractFacts | Refusal {
  const { now } = context;
  const { quota_add, end_date, ...fields } = changes;
  const state = stateAt(facts, now);
  if (permissionFor('amend', state) === 'lower' && !onlyLowers(facts, changes))
    return inactiveRefusal(facts, now, state);
  const adds = quota_add !== undefined || (end_date !== undefined && extendsTerm(facts, end_date));
  const owing = adds ? overdueRefusal(facts, now) : null;
  if (owing) return owing;
  const quota = quota_add === undefined ? undefined : facts.quota.total + quota_add;
  const edited = editFields(facts, { ...fields, quota }, context);
  if (isRefusal(edited) || end_date === undefined) return edited;
  const today = localDateAt(now, facts.timezone);
  // A right is not removed retroactively, and a term cannot end before it begins or before the amendment takes effect.
  const first = [today, effective_date, facts.term_start_date ?? today].reduce((a, b) => (a > b ? a : b));
  if (end_date <= first) {
    const message = `end_date must be after ${first}; to end the contract now, terminate it.`;
    return refuse('VALIDATION_FAILED', { path: 'changes.end_date', message });
  }
  return moveTermEnd(edited, end_date);
}

/** Whether an amendment only reduces a contract, which is all that a suspended contract allows (1.7). */
function onlyLowers(facts: ContractFacts, { end_date, renewal, ...others }: AmendmentChanges): boolean {
  const nothing_else = Object.values(others).every((value) => value === undefined);
  const shortens = end_date === undefined || !extendsTerm(facts, end_date);
  const renews_less = renewal === undefined || (renewal.mode !== 'auto' && Object.keys(renewal).join() === 'mode');
  return nothing_else && shortens && renews_less;
}

function extendsTerm({ end_date: old }: ContractFacts, end_date: LocalDate): boolean {
  return old !== null && end_date > old;
}

function updateAmendment(facts: ContractFacts, amendment: Amendment, changes: Partial<Amendment>): ContractFacts {
  const amendments = facts.amendments.map((one) => (one.id === amendment.id ? { ...one, ...changes } : one));
  return { ...facts, amendments };
}
