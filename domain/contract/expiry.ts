/** When a license expires (domain.md 5.7). */
import { addDays, addPeriodToInstant, startOfDay } from '../base/calendar';
import type { Instant, LocalDate } from '../base/instant';
import { isRefusal, refuse } from '../base/refusal';
import type { Refusal } from '../base/refusal';

/** A period counted from generation, a last valid day, or null for licenses that never expire. */
export type ExpiryRule = { duration: string; basis: 'generation' } | { date: LocalDate } | null;

/**
 * The instant from which a license generated at `basis_at` is no longer valid; null when it never expires. A fixed date is
 * valid through that day in the contract's zone. Refuses with `EXPIRY_IN_PAST` when that day is over.
 */
export function licenseExpiry(rule: ExpiryRule, basis_at: Instant, zone: string): Instant | null | Refusal {
  if (rule === null) return null;
  if ('duration' in rule) return addPeriodToInstant(basis_at, rule.duration, zone);
  const expires_at = startOfDay(addDays(rule.date, 1), zone);
  return expires_at <= basis_at ? refuse('EXPIRY_IN_PAST', { date: rule.date }) : expires_at;
}

/** Refuses an expiry rule under which new licenses would already be expired. */
export function expiryRefusal(facts: { expiry: ExpiryRule; timezone: string }, now: Instant): Refusal | null {
  const expires_at = licenseExpiry(facts.expiry, now, facts.timezone);
  return isRefusal(expires_at) ? expires_at : null;
}
