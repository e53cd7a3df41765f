/** Whether the licenses of a pool are valid for long enough to be given out (domain.md 5.4). */
import { addPeriodToInstant } from '../base/calendar';
import type { Instant } from '../base/instant';
import { isRefusal, refuse } from '../base/refusal';
import type { Refusal } from '../base/refusal';
import { licenseExpiry } from './expiry';
import type { ContractFacts } from './facts';

type Validity = Pick<
  ContractFacts,
  'expiry' | 'timezone' | 'cap_expiry_at_contract_end' | 'end_date' | 'min_remaining_validity'
>;

/** Whether licenses that are generated now could not be given out. `given_out_after` in db/schema.sql has the same rule. */
export function expiresTooEarly(facts: Validity, now: Instant): boolean {
  const { min_remaining_validity, timezone } = facts;
  if (min_remaining_validity === null) return false;
  const expires_at = licenseExpiry(facts, now);
  if (expires_at === null || isRefusal(expires_at)) return false;
  return expires_at <= addPeriodToInstant(now, min_remaining_validity, timezone);
}

/**
 * Refuses a pool that could never give out a license, because its `expiry` is sooner than `min_remaining_validity`. The end of the contract
 * does not count, because a renewal moves it: licenses that it makes expire too early are a warning (`POOL_VALIDITY_TOO_SHORT`).
 */
export function remainingValidityRefusal(facts: Validity & Pick<ContractFacts, 'type'>, now: Instant): Refusal | null {
  if (facts.type !== 'pool' || !expiresTooEarly({ ...facts, cap_expiry_at_contract_end: false }, now)) return null;
  const { min_remaining_validity, expiry } = facts;
  return refuse('VALIDITY_TOO_SHORT', { min_remaining_validity, expiry });
}
