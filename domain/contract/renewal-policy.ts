/** How a contract renews: its policy, and the record of each renewal. */
import type { Instant, LocalDate } from '../base/instant';

export const RENEWAL_MODES = ['manual', 'auto', 'none'] as const;
export type RenewalMode = (typeof RENEWAL_MODES)[number];

export interface RenewalPolicy {
  mode: RenewalMode;
  /** The length of terms after the first; null: equal to the previous term. */
  term: string | null;
  /** Days from the last day to opt out to the end of the term. */
  notice_days: number;
  /** When the contract opted out of automatic renewal; null: it did not. */
  opt_out_at: Instant | null;
  /** The last term of a contract that opted out. */
  opt_out_term: number | null;
  /** What each renewal adds to the quota. */
  quota_effect: { add: number } | null;
  /** How many times the contract renews; null: without end. It counts renewals and not terms: two renewals give three terms. */
  max_renewals: number | null;
  /** The contract with which the next term ends. */
  coterm_with: string | null;
  /** Days after its end in which a contract can still be renewed. */
  late_renewal_days: number;
}

export const DEFAULT_RENEWAL: RenewalPolicy = {
  mode: 'manual',
  term: null,
  notice_days: 30,
  opt_out_at: null,
  opt_out_term: null,
  quota_effect: null,
  max_renewals: null,
  coterm_with: null,
  late_renewal_days: 90,
};

export const NOTICE_DAYS_MAX = 365;
export const LATE_RENEWAL_DAYS_MAX = 3650;
export const MAX_RENEWALS_MAX = 1000;

/** The day from which a new term counts: the end of the old term, or the day of the renewal. */
export const RENEWAL_BASES = ['from_expiry', 'from_now'] as const;
export type RenewalBasis = (typeof RENEWAL_BASES)[number];

/** The record of one renewal. There is one for each term after the first. */
export interface RenewalRecord {
  term_number: number;
  mode: 'auto' | 'manual';
  basis: RenewalBasis;
  start_date: LocalDate;
  end_date: LocalDate;
  /** Days between the end of the old term and the start of the new one. */
  gap_days: number;
  quota_added: number;
  reference: string | null;
}

/** Some fields of the renewal policy; the others stay unchanged. The last term of an opt-out is derived from its instant. */
export type RenewalEdit = {
  [Field in keyof Omit<RenewalPolicy, 'opt_out_term'>]?: RenewalPolicy[Field] | undefined;
};

/** The policy of a contract, and the number of its term. */
interface RenewingContract {
  renewal: RenewalPolicy;
  term_number: number;
}

/** Whether the customer opted out of the term after the current one. */
export function isOptedOut({ renewal, term_number }: RenewingContract, at: Instant): boolean {
  return renewal.opt_out_at !== null && renewal.opt_out_at <= at && (renewal.opt_out_term ?? 0) <= term_number;
}

/** How often the contract was renewed. */
function renewalsDone({ term_number }: RenewingContract): number {
  return term_number - 1;
}

export function isLastRenewalDone(contract: RenewingContract): boolean {
  const { max_renewals } = contract.renewal;
  return max_renewals !== null && renewalsDone(contract) >= max_renewals;
}
