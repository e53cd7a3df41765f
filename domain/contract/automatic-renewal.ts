/**
 * The automatic renewal (domain.md 1.6): whether a contract that renews by itself gets its next term is decided here alone, whoever
 * asks: the boundary at the end of the term, a change within grace, or a payment that is applied late.
 */
import { startOfDay } from '../base/calendar';
import type { Instant } from '../base/instant';
import type { ContractChange } from './change';
import { expiresAt, isLive, stateAt } from './contract';
import type { RenewalContext } from './decision';
import type { ContractFacts } from './facts';
import { applyRenewal, renewalBlock } from './renewal';
import type { Renewal, RenewalBlock } from './renewal';

/** On what occasion a renewal is decided. */
export type RenewalOccasion =
  /** Its boundary is crossed: the end of the term or, within grace, the next day. A new reason against it is recorded. */
  | 'boundary'
  /** Another boundary was crossed within grace, which may have cleared what stood against it. Nothing is recorded. */
  | 'cleared'
  /** Facts have changed at or after the end. A reason against it is recorded when there is none yet. */
  | 'change'
  /**
   * A payment was applied after the contract expired that had come in before. It could not be looked at in time, because somebody else
   * crossed the end first, or the billing system was silent: what is late is ours. Nothing is recorded.
   */
  | 'late_payment';

/**
 * The renewal at an instant, or the change that records why there is none; null when the contract is not to be renewed on this
 * occasion and nothing is recorded.
 */
export function automaticRenewal(
  facts: ContractFacts,
  at: Instant,
  context: RenewalContext,
  occasion: RenewalOccasion,
): ContractChange | null {
  if (!isDecided(facts, at, occasion)) return null;
  const block = occasion === 'late_payment' ? blockAtEnd(facts, context) : renewalBlock(facts, at, context);
  if (block === null) return renewAutomatically(facts, at, context);
  return isRecorded(facts, block, occasion) ? recordBlock(facts, at, block) : null;
}

/** Whether a contract that renews by itself has reached its end without doing so, and still can, because its grace goes on. */
export function awaitsRenewal(facts: ContractFacts, now: Instant): boolean {
  const { end_date, renewal, timezone } = facts;
  if (end_date === null || renewal.mode !== 'auto' || !isLive(stateAt(facts, now))) return false;
  return now >= startOfDay(end_date, timezone);
}

/** Whether a renewal that was blocked is looked at again each day: not one that nobody wants, or that was the last. */
export function isRenewalRetried({ renewal_blocked }: Pick<ContractFacts, 'renewal_blocked'>): boolean {
  return renewal_blocked !== null && renewal_blocked !== 'OPTED_OUT' && renewal_blocked !== 'MAX_RENEWALS';
}

function isDecided(facts: ContractFacts, at: Instant, occasion: RenewalOccasion): boolean {
  const { end_date, timezone, renewal, renewal_blocked } = facts;
  switch (occasion) {
    case 'boundary':
      return true;
    case 'cleared':
      // At the end itself its own boundary decides.
      return end_date !== null && at > startOfDay(end_date, timezone) && awaitsRenewal(facts, at);
    case 'change':
      return awaitsRenewal(facts, at);
    case 'late_payment': {
      const was_unpaid = renewal_blocked === 'PAST_DUE' || renewal_blocked === 'SUSPENDED';
      const expired = expiresAt(facts) !== null && stateAt(facts, at) === 'EXPIRED';
      return renewal.mode === 'auto' && expired && was_unpaid;
    }
  }
}

/** What stands against a renewal at its end, with the hold of billing lifted that the payment would have lifted. */
function blockAtEnd(facts: ContractFacts, context: RenewalContext): RenewalBlock | null {
  if (facts.end_date === null) return 'NO_TERM';
  const unheld = { ...facts, holds: facts.holds.filter(({ source }) => source !== 'billing') };
  return renewalBlock(unheld, startOfDay(facts.end_date, facts.timezone), context);
}

function isRecorded({ renewal_blocked }: ContractFacts, block: RenewalBlock, occasion: RenewalOccasion): boolean {
  if (occasion === 'boundary') return block !== renewal_blocked;
  return occasion === 'change' && renewal_blocked === null;
}

/** The automatic renewal at an instant, in grace as on time from the old end. */
function renewAutomatically(facts: ContractFacts, at: Instant, context: RenewalContext): ContractChange {
  const quota_added = facts.renewal.quota_effect?.add ?? 0;
  const renewal: Renewal = { at, mode: 'auto', basis: 'from_expiry', term: null, quota_added, reference: null };
  return applyRenewal(facts, renewal, context);
}

/** The facts of a contract that was not renewed at its end, with why not. */
function recordBlock(facts: ContractFacts, at: Instant, block: RenewalBlock): ContractChange {
  const { term_number, end_date, renewal } = facts;
  const details = { term_number, end_date, renewal_mode: renewal.mode };
  return {
    facts: { ...facts, renewal_blocked: block },
    at,
    action: 'renewal.blocked',
    reason: block,
    revised: false,
    details,
  };
}
