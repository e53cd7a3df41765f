/**
 * The facts of a license: what happened to it after it was generated. Its status is derived from them and a time.
 *
 * A license that was not used yet has no stored facts (db/license/license-facts.ts).
 */
import type { Instant } from '../base/instant';

export const LICENSE_STATUSES = [
  'available',
  'held',
  'assigned',
  'active',
  'suspended',
  'expired',
  'revoked',
] as const;
export type LicenseStatus = (typeof LICENSE_STATUSES)[number];

/** What happened to a license; null: it did not happen, or it is undone. */
export interface LicenseFacts {
  /** The customer to whom the license is assigned. */
  customer_id: string | null;
  assigned_at: Instant | null;
  /** The end of a hold, during which the license is taken out of its pool for an order. */
  held_until: Instant | null;
  /** The first activation on a device. */
  activated_at: Instant | null;
  suspended_at: Instant | null;
  revoked_at: Instant | null;
  /** The end of its validity; null: none. */
  expires_at: Instant | null;
}

/**
 * The status at an instant; the first that applies, in this order. A license is expired from `expires_at` on (domain.md 1.8.7),
 * and its hold is over from `held_until` on. SQL has the same rule (`statusIs` in db/license/license-status.ts).
 */
export function licenseStatus(facts: LicenseFacts, now: Instant): LicenseStatus {
  if (facts.revoked_at !== null) return 'revoked';
  if (facts.suspended_at !== null) return 'suspended';
  if (facts.expires_at !== null && facts.expires_at <= now) return 'expired';
  if (!isUnassigned(facts)) return facts.activated_at === null ? 'assigned' : 'active';
  if (facts.held_until !== null && facts.held_until > now) return 'held';
  return 'available';
}

/** Whether a license belongs to no customer and was never activated: it is available or held, unless it is invalid. */
export function isUnassigned({ activated_at, assigned_at }: LicenseFacts): boolean {
  return activated_at === null && assigned_at === null;
}
