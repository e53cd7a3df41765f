/**
 * Changes that follow from changed facts at once, without a command or a boundary: a pause that ended while the contract was
 * over is lifted, a payment lifts the hold of billing, and a blocked renewal is made as soon as nothing blocks it (domain.md
 * 1.4 T4, T5, T7, T10; 1.6).
 */
import { billingLevel, isAtLeast, levelInHindsight } from '../billing/dunning';
import { isLive, liftHolds, openHold, stateAt } from './contract';
import type { ContractFacts, Hold } from './facts';
import type { ContractChange } from './change';
import { revise } from './decision';
import type { RenewalContext } from './decision';
import type { Instant } from '../base/instant';
import type { JsonObject } from '../base/json';
import { automaticRenewal } from './automatic-renewal';

/**
 * Returns the changes that follow from settled facts, in order; empty when nothing follows. `has_new_billing` says whether
 * billing has just reported something: only then can hindsight find that an earlier suspension was wrong.
 */
export function consequencesOf(
  facts: ContractFacts,
  now: Instant,
  context: RenewalContext,
  has_new_billing = true,
): ContractChange[] {
  const changes: ContractChange[] = [];
  let current = facts;
  const follows = [
    (settled: ContractFacts) => liftExpiredPause(settled, now),
    (settled: ContractFacts) => applyBillingLevel(settled, now, has_new_billing),
    // An end that passed while the contract was not running is decided now.
    (settled: ContractFacts) => automaticRenewal(settled, now, context, 'change'),
  ];
  for (const follow of follows) {
    // Several terms may have passed since the one that was not renewed.
    for (let change = follow(current); change !== null; change = follow(current)) {
      changes.push(change);
      current = change.facts;
    }
  }
  return changes;
}

/** Lifts a pause that ended while the contract was over, once the contract is renewed late or reinstated. */
function liftExpiredPause(facts: ContractFacts, now: Instant): ContractChange | null {
  const isOver = (hold: Hold): boolean => hold.resume_at !== null && hold.resume_at <= now;
  if (!isLive(stateAt(facts, now)) || !facts.holds.some((hold) => hold.lifted_at === null && isOver(hold))) return null;
  return { ...revise(facts, liftHolds(facts, now, isOver), now, 'contract.resumed'), reason: 'resume_at' };
}

/** Lifts the hold of billing, or records that invoices are overdue or no longer overdue. */
function applyBillingLevel(facts: ContractFacts, now: Instant, has_new_billing: boolean): ContractChange | null {
  const state = stateAt(facts, now);
  if (state === 'TERMINATED' || state === 'DELETED' || state === 'DRAFT') return null;
  const level = billingLevel(facts, now);
  const hold = openHold(facts, now, 'billing');
  const past_due_since = level === 'CLEAR' ? null : (facts.past_due_since ?? now);
  const answered = { billing_unreachable_since: null, verify_after: null };
  if (hold && !isAtLeast(level, 'SUSPEND')) {
    const lifted = liftHolds(facts, now, ({ source }) => source === 'billing');
    const change = revise(facts, { ...lifted, ...answered, past_due_since }, now, 'contract.reinstated');
    return { ...change, reason: 'billing', details: has_new_billing ? wrongSuspension(facts, hold, now) : {} };
  }
  if (facts.past_due_since !== null && level === 'CLEAR')
    return {
      facts: { ...facts, ...answered, past_due_since: null },
      at: now,
      action: 'billing.cleared',
      revised: false,
    };
  if (facts.past_due_since === null && level !== 'CLEAR' && isLive(state))
    return { facts: { ...facts, past_due_since }, at: now, action: 'billing.past_due', revised: false };
  return null;
}

/**
 * Returns the period of a suspension that would not have happened if the payment had been reported in time. History is not
 * rewritten.
 */
function wrongSuspension(facts: ContractFacts, hold: Hold, now: Instant): JsonObject {
  if (isAtLeast(levelInHindsight(facts, hold.placed_at), 'SUSPEND')) return {};
  return { should_not_have_been_suspended_from: hold.placed_at, should_not_have_been_suspended_to: now };
}
