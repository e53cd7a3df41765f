/**
 * The terms of a contract: local dates counted from an anchor and clamped to the end of the month, never from one end to the
 * next. So a contract from 31 January ends on the last day of each month (domain.md 1.8.4).
 */
import { addPeriods } from '../base/calendar';
import type { ContractFacts } from './facts';
import type { LocalDate } from '../base/instant';

/** The date from which ends of terms are counted, and the length of a term. */
export type TermFacts = Pick<ContractFacts, 'anchor_date' | 'anchor_term' | 'term_length' | 'term_number'>;

/** The first day after a term: the anchor plus the number of whole terms in between; null without a term. */
export function endOfTerm({ anchor_date, anchor_term, term_length }: TermFacts, term_number: number): LocalDate | null {
  if (anchor_date === null || term_length === null) return null;
  return addPeriods(anchor_date, term_length, term_number - anchor_term);
}

/**
 * Moves the end of the current term. Later terms are counted from the new end. The reason that blocked a renewal at the old end
 * is cleared.
 */
export function moveTermEnd(facts: ContractFacts, end_date: LocalDate): ContractFacts {
  return { ...facts, end_date, anchor_date: end_date, anchor_term: facts.term_number, renewal_blocked: null };
}
