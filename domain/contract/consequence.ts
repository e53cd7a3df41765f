/**
 * What follows at once from changed facts, without anybody's command and without waiting for a boundary: a pause that
 * ended while nothing could end it is over, money that arrived lifts the hold of billing, and a renewal that was blocked is
 * made as soon as nothing stands against it any more (domain.md 1.4 T4, T5, T7, T10; 1.6).
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
 * The changes that follow from settled facts, in order; none when the facts are at rest. `billing_told` says whether billing
 * has just told something: only then can hindsight judge what was done before.
 */
export function consequencesOf(
  facts: ContractFacts,
  now: Instant,
  context: RenewalContext,
  billing_told = true,
): ContractChange[] {
  const changes: ContractChange[] = [];
  let current = facts;
  const follows = [
    (settled: ContractFacts) => resumptionFollows(settled, now),
    (settled: ContractFacts) => billingFollows(settled, now, billing_told),
    // An end that nobody has judged yet, since the contract was no running one then, is judged now.
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

/** A pause may end while the contract is over; whoever is renewed late or reinstated afterwards is not paused any more. */
function resumptionFollows(facts: ContractFacts, now: Instant): ContractChange | null {
  const isOver = (hold: Hold): boolean => hold.resume_at !== null && hold.resume_at <= now;
  if (!isLive(stateAt(facts, now)) || !facts.holds.some((hold) => hold.lifted_at === null && isOver(hold))) return null;
  return { ...revise(facts, liftHolds(facts, now, isOver), now, 'contract.resumed'), reason: 'resume_at' };
}

/** Billing lifts its own hold, tells that nothing is owed any more, or that something is. */
function billingFollows(facts: ContractFacts, now: Instant, billing_told: boolean): ContractChange | null {
  const state = stateAt(facts, now);
  if (state === 'TERMINATED' || state === 'DELETED' || state === 'DRAFT') return null;
  const level = billingLevel(facts, now);
  const hold = openHold(facts, now, 'billing');
  const past_due_since = level === 'CLEAR' ? null : (facts.past_due_since ?? now);
  const answered = { billing_unreachable_since: null, verify_after: null };
  if (hold && !isAtLeast(level, 'SUSPEND')) {
    const lifted = liftHolds(facts, now, ({ source }) => source === 'billing');
    const change = revise(facts, { ...lifted, ...answered, past_due_since }, now, 'contract.reinstated');
    return { ...change, reason: 'billing', details: billing_told ? inHindsight(facts, hold, now) : {} };
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

/** Whether the suspension would never have come about, had the payment been heard of in time; history is not rewritten. */
function inHindsight(facts: ContractFacts, hold: Hold, now: Instant): JsonObject {
  if (isAtLeast(levelInHindsight(facts, hold.placed_at), 'SUSPEND')) return {};
  return { should_not_have_been_suspended_from: hold.placed_at, should_not_have_been_suspended_to: now };
}
