/** When the licenses of a contract expire (domain.md 5.7). */
import { addDays, addPeriodToInstant, startOfDay } from '../base/calendar';
import { earlierOf } from '../base/instant';
import type { Instant, LocalDate } from '../base/instant';
import { isRefusal, refuse } from '../base/refusal';
import type { Refusal } from '../base/refusal';

/** The events from which a period of validity is counted: the generation of a license, its assignment, its first activation. */
export const EXPIRY_BASES = ['generation', 'assignment', 'first_activation'] as const;
export type ExpiryBasis = (typeof EXPIRY_BASES)[number];

/** A period counted from an event, a last valid day, or null for licenses that never expire. */
export type ExpiryRule = { duration: string; basis: ExpiryBasis } | { date: LocalDate } | null;

/** What decides the expiry of the licenses of a contract. */
export interface ExpiryTerms {
  expiry: ExpiryRule;
  timezone: string;
  /** Whether licenses end with the contract at the latest. */
  cap_expiry_at_contract_end: boolean;
  /** The first day that the contract does not cover; null: none. */
  end_date: LocalDate | null;
}

/**
 * The instant from which the licenses of a job generated at `basis_at` are no longer valid; null when they never expire, or when
 * each gets an expiry of its own later (domain/license/license-expiry.ts). A fixed date is valid through that day in the contract's
 * zone. Refuses with `EXPIRY_IN_PAST` when the licenses would be expired already.
 */
export function licenseExpiry(terms: ExpiryTerms, basis_at: Instant): Instant | null | Refusal {
  const { expiry, timezone } = terms;
  if (hasOwnExpiry(expiry)) return null;
  const by_rule = expiry === null ? null : expiryByRule(expiry, basis_at, timezone);
  const expires_at = cappedExpiry(by_rule, terms);
  if (expires_at === null || expires_at > basis_at) return expires_at;
  const date = expiry !== null && 'date' in expiry && by_rule === expires_at ? expiry.date : lastDay(terms);
  return refuse('EXPIRY_IN_PAST', { date });
}

/** Whether each license gets an expiry of its own, at its assignment or first activation. */
export function hasOwnExpiry(
  rule: ExpiryRule,
): rule is { duration: string; basis: Exclude<ExpiryBasis, 'generation'> } {
  return rule !== null && 'basis' in rule && rule.basis !== 'generation';
}

/** An expiry, moved to the end of the contract if it is later and the contract caps it. */
export function cappedExpiry(expires_at: Instant | null, terms: Omit<ExpiryTerms, 'expiry'>): Instant | null {
  if (!terms.cap_expiry_at_contract_end || terms.end_date === null) return expires_at;
  const end = startOfDay(terms.end_date, terms.timezone);
  return expires_at === null ? end : earlierOf(expires_at, end);
}

/** Refuses an expiry rule under which new licenses would already be expired. */
export function expiryRefusal(terms: ExpiryTerms, now: Instant): Refusal | null {
  const expires_at = licenseExpiry(terms, now);
  return isRefusal(expires_at) ? expires_at : null;
}

function expiryByRule(rule: NonNullable<ExpiryRule>, basis_at: Instant, zone: string): Instant {
  if ('duration' in rule) return addPeriodToInstant(basis_at, rule.duration, zone);
  return startOfDay(addDays(rule.date, 1), zone);
}

function lastDay({ end_date }: ExpiryTerms): LocalDate | null {
  return end_date === null ? null : addDays(end_date, -1);
}
