/**
 * Renewal: how a contract gets its next term, automatically or manually, once for each term (domain.md 1.6).
 *
 * A renewal stores the term, the quota and an external reference. Prices are in the billing system.
 */
import { addDays, addPeriods, daysBetween, localDateAt, startOfDay } from '../base/calendar';
import { billingLevel, isAtLeast } from '../billing/dunning';
import { isLive, openHold, stateAt } from './contract';
import { permissionFor } from './operations';
import type { ContractFacts } from './facts';
import type { ContractChange } from './change';
import { generatorRefusal, keyspaceRefusal } from '../catalogue/generator';
import { instantFromMillis, millisOf } from '../base/instant';
import type { Instant, LocalDate } from '../base/instant';
import { QUOTA_MAX } from './quota';
import { isLastRenewalDone, isOptedOut } from './renewal-policy';
import type { RenewalBasis, RenewalRecord } from './renewal-policy';
import type { RenewalContext } from './decision';

/** Days before the end on which a reminder is due. One more is due on the last day to opt out. */
export const REMINDER_DAYS = [90, 60, 30, 7] as const;
/** Why a contract was not renewed automatically. */
export type RenewalBlock =
  | 'OPTED_OUT'
  | 'MAX_RENEWALS'
  | 'NO_TERM'
  | 'NOT_ACTIVE'
  | 'PAST_DUE'
  | 'PAUSED'
  | 'SUSPENDED'
  | 'PRODUCT_INACTIVE'
  | 'GENERATOR_NOT_AVAILABLE'
  | 'GENERATOR_KEYSPACE_TOO_SMALL'
  | 'QUOTA_TOO_LARGE';

/** The last local day on which the customer may opt out; null for a contract without an end. */
export function noticeDate({ end_date, renewal }: Pick<ContractFacts, 'end_date' | 'renewal'>): LocalDate | null {
  return end_date === null ? null : addDays(end_date, -renewal.notice_days);
}

/**
 * What blocks an automatic renewal; null when nothing does. Up to the end of the term it is decided at the instant before. A
 * contract with grace is also decided at the instant itself, because its grace includes the end.
 */
export function renewalBlock(facts: ContractFacts, at: Instant, context: RenewalContext): RenewalBlock | null {
  const end = facts.end_date === null ? null : startOfDay(facts.end_date, facts.timezone);
  if (end !== null && at <= end) {
    const block = blockAt(facts, instantFromMillis(millisOf(at) - 1), context);
    if (block === null || facts.expiry_grace_days === 0) return block;
  }
  return blockAt(facts, at, context);
}

function blockAt(facts: ContractFacts, at: Instant, context: RenewalContext): RenewalBlock | null {
  if (isOptedOut(facts, at)) return 'OPTED_OUT';
  if (isLastRenewalDone(facts)) return 'MAX_RENEWALS';
  if (facts.end_date === null || nextLength(facts) === null) return 'NO_TERM';
  return stateBlock(facts, at) ?? sourceBlock(facts, context);
}

function stateBlock(facts: ContractFacts, at: Instant): RenewalBlock | null {
  const hold = openHold(facts, at);
  if (hold) return hold.source === 'admin' ? 'PAUSED' : 'SUSPENDED';
  if (isAtLeast(billingLevel(facts, at), 'GRACE')) return 'PAST_DUE';
  return permissionFor('renew_automatically', stateAt(facts, at)) === 'yes' ? null : 'NOT_ACTIVE';
}

function sourceBlock(facts: ContractFacts, { product, generator }: RenewalContext): RenewalBlock | null {
  if (product.status !== 'active') return 'PRODUCT_INACTIVE';
  if (generator === null || generatorRefusal(generator, facts.generator_id, facts.product_id))
    return 'GENERATOR_NOT_AVAILABLE';
  const total = facts.quota.total + (facts.renewal.quota_effect?.add ?? 0);
  if (total > QUOTA_MAX) return 'QUOTA_TOO_LARGE';
  return keyspaceRefusal(generator.format, total) ? 'GENERATOR_KEYSPACE_TOO_SMALL' : null;
}

/** The input of one renewal. */
export interface Renewal {
  at: Instant;
  mode: 'auto' | 'manual';
  basis: RenewalBasis;
  /** The length of the new term; null: that of the policy. */
  term: string | null;
  quota_added: number;
  reference: string | null;
}

/**
 * T12 and T13: moves the contract into its next term and returns the record of the renewal. The contract must have an end and a
 * term length.
 */
export function applyRenewal(facts: ContractFacts, renewal: Renewal, context: RenewalContext): ContractChange {
  const term = nextTerm(facts, renewal, context);
  const record: RenewalRecord = {
    term_number: facts.term_number + 1,
    mode: renewal.mode,
    basis: renewal.basis,
    start_date: term.start_date,
    end_date: term.end_date,
    gap_days: Math.max(0, daysBetween(facts.end_date ?? term.start_date, term.start_date)),
    quota_added: renewal.quota_added,
    reference: renewal.reference,
  };
  const { opt_out_at, opt_out_term } = facts.renewal;
  const opted_out = opt_out_at !== null && opt_out_at <= renewal.at && (opt_out_term ?? 0) <= facts.term_number;
  // A target that the new term cannot end with does not block the renewal. It is reported, and tried again at the next renewal.
  const missed = hasPendingCoterm(facts) && term.cotermed_with !== facts.renewal.coterm_with;
  return {
    facts: {
      ...facts,
      term_number: record.term_number,
      term_start_date: term.start_date,
      end_date: term.end_date,
      term_length: term.length,
      anchor_date: term.anchor_date,
      anchor_term: term.anchor_term,
      cotermed_with: term.cotermed_with,
      // A manual renewal withdraws the opt-out.
      renewal: opted_out ? { ...facts.renewal, opt_out_at: null, opt_out_term: null } : facts.renewal,
      renewal_blocked: null,
      renewed_by_hand_at: renewal.mode === 'manual' ? renewal.at : facts.renewed_by_hand_at,
      quota: { ...facts.quota, total: facts.quota.total + renewal.quota_added },
      revision: facts.revision + 1,
    },
    at: renewal.at,
    action: 'contract.renewed',
    reason: renewal.mode,
    revised: true,
    renewal: record,
    grant_label: `term ${record.term_number}`,
    details: { ...record, ...(missed ? { not_cotermed_with: facts.renewal.coterm_with } : {}) },
  };
}

interface NextTerm {
  start_date: LocalDate;
  end_date: LocalDate;
  length: string;
  anchor_date: LocalDate;
  anchor_term: number;
  cotermed_with: string | null;
}

function nextTerm(facts: ContractFacts, renewal: Renewal, { coterm_target }: RenewalContext): NextTerm {
  const length = renewal.term ?? nextLength(facts);
  if (facts.end_date === null || length === null) throw new Error(`contract ${facts.id} has no term to renew`);
  const from_now = renewal.basis === 'from_now';
  const start_date = from_now ? localDateAt(renewal.at, facts.timezone) : facts.end_date;
  // A gap or another length begins a new count. Otherwise the count continues from the old anchor (1.8.4).
  const continues = !from_now && length === facts.term_length && facts.anchor_date !== null;
  const anchor_date = continues && facts.anchor_date !== null ? facts.anchor_date : start_date;
  const anchor_term = continues ? facts.anchor_term : facts.term_number;
  const end_date = addPeriods(anchor_date, length, facts.term_number + 1 - anchor_term);
  const plain = { start_date, end_date, length, anchor_date, anchor_term, cotermed_with: facts.cotermed_with };
  if (coterm_target === null || !hasPendingCoterm(facts)) return plain;
  return applyCoterm(facts, coterm_target, plain, facts.term_number + 1, renewal.at) ?? plain;
}

/**
 * Co-terming: ends a term together with the term of another contract, from which later terms are counted. Null when the other
 * contract is not live, belongs to another customer or environment, or ends outside the term.
 */
export function applyCoterm<T extends Pick<NextTerm, 'start_date' | 'end_date' | 'length'>>(
  facts: ContractFacts,
  target: ContractFacts,
  term: T,
  term_number: number,
  now: Instant,
): (T & Pick<NextTerm, 'end_date' | 'anchor_date' | 'anchor_term' | 'cotermed_with'>) | null {
  const eligible =
    isLive(stateAt(target, now)) &&
    target.customer_id !== null &&
    target.customer_id === facts.customer_id &&
    target.environment === facts.environment &&
    target.end_date !== null;
  if (!eligible || target.end_date === null) return null;
  if (target.end_date <= term.start_date || target.end_date > term.end_date) return null;
  const anchor_date = target.anchor_date ?? target.end_date;
  // The first end of a whole term of this contract, counted from the target's anchor, that lies after the shortened term.
  let terms = 1;
  while (addPeriods(anchor_date, term.length, terms) <= target.end_date) terms += 1;
  const anchor_term = term_number + 1 - terms;
  return { ...term, end_date: target.end_date, anchor_date, anchor_term, cotermed_with: target.id };
}

/** Whether the contract takes over the end of another contract at its next renewal. */
export function hasPendingCoterm({
  renewal,
  cotermed_with,
}: Pick<ContractFacts, 'renewal' | 'cotermed_with'>): boolean {
  return renewal.coterm_with !== null && renewal.coterm_with !== cotermed_with;
}

/** The length of the next term. */
export function nextLength({ renewal, term_length }: Pick<ContractFacts, 'renewal' | 'term_length'>): string | null {
  return renewal.term ?? term_length;
}
