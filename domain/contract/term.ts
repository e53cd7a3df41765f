/**
 * The terms of a contract: local dates counted from an anchor, clamped to the month's end and never chained, so that a
 * contract from 31 January ends on the last day of each month it reaches (domain.md 1.8.4).
 */
import { addPeriods } from '../base/calendar';
import type { ContractFacts } from './facts';
import type { LocalDate } from '../base/instant';

/** Where ends of terms are counted from, and how long a term is. */
export type TermFacts = Pick<ContractFacts, 'anchor_date' | 'anchor_term' | 'term_length' | 'term_number'>;

/** The first day after a term: the anchor plus as many whole terms as lie between them; null without a term. */
export function endOfTerm({ anchor_date, anchor_term, term_length }: TermFacts, term_number: number): LocalDate | null {
  if (anchor_date === null || term_length === null) return null;
  return addPeriods(anchor_date, term_length, term_number - anchor_term);
}

/**
 * The facts with terms counted from another day on: that on which the current term now ends. What stood against a renewal
 * at the old end says nothing of the new one.
 */
export function moveTermEnd(facts: ContractFacts, end_date: LocalDate): ContractFacts {
  return { ...facts, end_date, anchor_date: end_date, anchor_term: facts.term_number, renewal_blocked: null };
}
