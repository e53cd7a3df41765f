/** Whether a license is taken back from its customer (domain.md 5.4). */
import { millisOf } from '../base/instant';
import type { Instant } from '../base/instant';
import { allowedUnless, isRefusal, refuse } from '../base/refusal';
import type { Allowed, Refusal } from '../base/refusal';
import { licenseStatus } from '../license/license-facts';
import type { LicenseFacts, LicenseStatus } from '../license/license-facts';

/** How long after its assignment a license can be returned. */
export const RETURN_DAYS_MAX = 30;

const DAY_MS = 86_400_000;

/** Decides a return: only of a license that was never activated, within 30 days. `unchanged` when it is not assigned. */
export function returnDecision(facts: LicenseFacts, now: Instant): 'return' | 'unchanged' | Refusal {
  if (facts.revoked_at !== null) return refuse('LICENSE_REVOKED', { revoked_at: facts.revoked_at });
  if (facts.activated_at !== null) return refuse('LICENSE_ALREADY_ACTIVATED', { activated_at: facts.activated_at });
  const status = licenseStatus(facts, now);
  if (status === 'available') return 'unchanged';
  if (status !== 'assigned' || facts.assigned_at === null)
    return refuse('LICENSE_NOT_ASSIGNED', { status, remedy: remedyFor(status) });
  if (millisOf(now) - millisOf(facts.assigned_at) > RETURN_DAYS_MAX * DAY_MS)
    return refuse('RETURN_PERIOD_OVER', { assigned_at: facts.assigned_at, days: RETURN_DAYS_MAX });
  return 'return';
}

/** Whether a license can be returned: true, or the code of the refusal. */
export function returnAllowed(facts: LicenseFacts, now: Instant): Allowed {
  const decided = returnDecision(facts, now);
  return allowedUnless(isRefusal(decided) ? decided : null);
}

/** What a caller can do about a license that is not returned because of its status. */
function remedyFor(status: LicenseStatus): string {
  if (status === 'suspended') return 'Reinstate it first.';
  if (status === 'expired') return 'An expired license cannot be returned.';
  return 'Only an assigned license can be returned; release its hold instead.';
}
