/** Decides the changes that an admin makes to a license: suspend, reinstate, revoke. */
import type { Instant } from '../base/instant';
import { allowedUnless, isRefusal, refuse } from '../base/refusal';
import type { Allowed, Refusal } from '../base/refusal';
import type { LicenseFacts } from './license-facts';
import { decision, notAvailable } from './license-operation';
import type { LicenseDecision } from './license-operation';

export const LICENSE_CHANGES = ['suspend', 'reinstate', 'revoke'] as const;
export type LicenseChange = (typeof LICENSE_CHANGES)[number];

/** The facts that a change sets. */
export type ChangedFacts = Partial<Pick<LicenseFacts, 'suspended_at' | 'revoked_at'>>;

/**
 * The facts that a change sets, or a refusal. `unchanged` when its effect is already in place, which also holds for an unused license
 * that is reinstated. A revoked license stays revoked, and keeps the time of its first revocation.
 */
export function decideLicenseChange(
  change: LicenseChange,
  facts: Pick<LicenseFacts, 'suspended_at' | 'revoked_at'>,
  now: Instant,
): ChangedFacts | 'unchanged' | Refusal {
  if (change === 'revoke') return facts.revoked_at === null ? { revoked_at: now } : 'unchanged';
  const refusal = revokedRefusal(facts);
  if (refusal) return refusal;
  if (change === 'suspend') return facts.suspended_at === null ? { suspended_at: now } : 'unchanged';
  return facts.suspended_at === null ? 'unchanged' : { suspended_at: null };
}

/** The same decision about one license of many: a refusal is one of its outcomes. */
export function decideLicenseOfMany(
  change: LicenseChange,
  facts: Pick<LicenseFacts, 'suspended_at' | 'revoked_at'>,
  now: Instant,
): LicenseDecision {
  const decided = decideLicenseChange(change, facts, now);
  if (isRefusal(decided)) return notAvailable('revoked');
  return decision(decided === 'unchanged' ? 'unchanged' : 'done');
}

/** Each change of a license: true, or the code of its refusal. */
export function licenseChangesAllowed(facts: Pick<LicenseFacts, 'revoked_at'>): Record<LicenseChange, Allowed> {
  const changed = allowedUnless(revokedRefusal(facts));
  return { suspend: changed, reinstate: changed, revoke: true };
}

function revokedRefusal({ revoked_at }: Pick<LicenseFacts, 'revoked_at'>): Refusal | null {
  return revoked_at === null ? null : refuse('LICENSE_REVOKED', { revoked_at });
}

/** The audit action and the type of the domain event of a change. */
export function licenseAction<Change extends LicenseChange>(change: Change) {
  return ACTIONS[change];
}

const ACTIONS = {
  suspend: 'license.suspended',
  reinstate: 'license.reinstated',
  revoke: 'license.revoked',
} as const satisfies Record<LicenseChange, string>;
