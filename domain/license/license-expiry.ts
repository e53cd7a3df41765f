/**
 * The expiry that a license gets by itself, at its assignment or first activation (domain.md 5.7).
 *
 * Its rule is stored with the license terms and never changes, so an edit of the contract has no effect on licenses that exist. The
 * instant is computed once and stays.
 */
import { addPeriodToInstant } from '../base/calendar';
import type { Instant, LocalDate } from '../base/instant';
import { cappedExpiry, hasOwnExpiry } from '../contract/expiry';
import type { ExpiryBasis, ExpiryTerms } from '../contract/expiry';

/** The event that gives a license its own expiry. */
export type OwnExpiryBasis = Exclude<ExpiryBasis, 'generation'>;

/** The rule of the licenses of a revision of a contract. */
export interface OwnExpiryRule {
  duration: string;
  basis: OwnExpiryBasis;
  /** The time zone of the contract. */
  timezone: string;
  cap_at_contract_end: boolean;
}

/** The rule that new licenses of a contract get; null when their job decides when they expire. */
export function ownExpiryRule(terms: ExpiryTerms): OwnExpiryRule | null {
  const { expiry, timezone, cap_expiry_at_contract_end } = terms;
  if (!hasOwnExpiry(expiry)) return null;
  return { ...expiry, timezone, cap_at_contract_end: cap_expiry_at_contract_end };
}

/**
 * The expiry that an event at the instant `at` gives to a license; null when it gives none. `end_date` is the first day that the
 * contract does not cover, as the contract is now; it counts only if the rule says so.
 */
export function ownExpiry(
  rule: OwnExpiryRule | null,
  event: OwnExpiryBasis,
  at: Instant,
  end_date: LocalDate | null,
): Instant | null {
  if (rule?.basis !== event) return null;
  const { timezone, cap_at_contract_end: cap_expiry_at_contract_end } = rule;
  const expires_at = addPeriodToInstant(at, rule.duration, timezone);
  return cappedExpiry(expires_at, { timezone, cap_expiry_at_contract_end, end_date });
}
