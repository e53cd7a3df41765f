/**
 * The automatic renewal (domain.md 1.6). Only this file decides whether a contract with automatic renewal gets its next term:
 * at the end of the term, after a change within grace, and for a payment that is applied late.
 */
import { startOfDay } from '../base/calendar';
import type { Instant } from '../base/instant';
import type { ContractChange } from './change';
import { expiresAt, isLive, stateAt } from './contract';
import type { RenewalContext } from './decision';
import type { ContractFacts } from './facts';
import { applyRenewal, renewalBlock } from './renewal';
import type { Renewal, RenewalBlock } from './renewal';

/** The occasion on which a renewal is decided. */
export type RenewalOccasion =
  /** Its boundary is due: the end of the term or, within grace, the next day. A new block is recorded. */
  | 'boundary'
  /** Another boundary was applied within grace and may have removed the block. Nothing is recorded. */
  | 'cleared'
  /** Facts have changed at or after the end. A block is recorded when none is recorded yet. */
  | 'change'
  /**
   * After the contract expired, a payment was applied that had been received before. It could not be checked in time, because
   * another caller settled the contract past its end, or the billing system gave no answer. The customer is not responsible for
   * the delay. Nothing is recorded.
   */
  | 'late_payment';

/**
 * The renewal at an instant, or the change that records its block. Null when the contract is not renewed on this occasion and
 * nothing is recorded.
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

/** Whether a contract with automatic renewal has reached its end, was not renewed, and is still within grace. */
export function awaitsRenewal(facts: ContractFacts, now: Instant): boolean {
  const { end_date, renewal, timezone } = facts;
  if (end_date === null || renewal.mode !== 'auto' || !isLive(stateAt(facts, now))) return false;
  return now >= startOfDay(end_date, timezone);
}

/** Whether a blocked renewal is tried again each day. It is not when the customer opted out or the last renewal is done. */
export function isRenewalRetried({ renewal_blocked }: Pick<ContractFacts, 'renewal_blocked'>): boolean {
  return renewal_blocked !== null && renewal_blocked !== 'OPTED_OUT' && renewal_blocked !== 'MAX_RENEWALS';
}

function isDecided(facts: ContractFacts, at: Instant, occasion: RenewalOccasion): boolean {
  const { end_date, timezone, renewal, renewal_blocked } = facts;
  switch (occasion) {
    case 'boundary':
      return true;
    case 'cleared':
      // At the end itself the boundary of the renewal decides.
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

/** What blocks a renewal at the end of the term. The hold of billing does not count, because the payment would have lifted it. */
function blockAtEnd(facts: ContractFacts, context: RenewalContext): RenewalBlock | null {
  if (facts.end_date === null) return 'NO_TERM';
  const without_billing_hold = { ...facts, holds: facts.holds.filter(({ source }) => source !== 'billing') };
  return renewalBlock(without_billing_hold, startOfDay(facts.end_date, facts.timezone), context);
}

function isRecorded({ renewal_blocked }: ContractFacts, block: RenewalBlock, occasion: RenewalOccasion): boolean {
  if (occasion === 'boundary') return block !== renewal_blocked;
  return occasion === 'change' && renewal_blocked === null;
}

/** The automatic renewal at an instant. The new term begins at the old end, within grace too. */
function renewAutomatically(facts: ContractFacts, at: Instant, context: RenewalContext): ContractChange {
  const quota_added = facts.renewal.quota_effect?.add ?? 0;
  const renewal: Renewal = { at, mode: 'auto', basis: 'from_expiry', term: null, quota_added, reference: null };
  return applyRenewal(facts, renewal, context);
}

/** Records why a contract was not renewed at its end. */
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
