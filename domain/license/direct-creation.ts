/**
 * Decides what licenses get that an admin creates without a contract: no quota, no state and no clock of a contract applies to them.
 * Their source is `Manual`.
 */
import type { Instant } from '../base/instant';
import type { JsonObject } from '../base/json';
import { isRefusal, refuse } from '../base/refusal';
import type { Refusal } from '../base/refusal';
import { generatorRefusal, keyspaceRefusal } from '../catalogue/generator';
import type { GeneratorFacts } from '../catalogue/generator';
import type { ProductFacts } from '../catalogue/product';
import { licenseExpiry } from '../contract/expiry';
import type { ExpiryRule, ExpiryTerms } from '../contract/expiry';
import { effectiveActivationLimit, effectiveFeatures, mistypedOverrides } from '../contract/features';
import type { ActivationLimitOverride } from '../contract/features';
import { ownExpiry, ownExpiryRule } from './license-expiry';
import type { OwnExpiryRule } from './license-expiry';

/** Licenses of one request; they are created in its transaction. */
export const DIRECT_LICENSES_MAX = 100;

/** The time zone of the dates of these licenses, which is also the default of contracts. */
const INSTALLATION_TIME_ZONE = 'UTC';

/** What the licenses get besides what their generator gives. */
export interface DirectInput {
  generator_id: string;
  count: number;
  feature_overrides: JsonObject;
  activation_limit: ActivationLimitOverride;
  expiry: ExpiryRule;
}

/** The catalogue as it is while the licenses are created. */
export interface DirectSource {
  product: ProductFacts;
  generator: GeneratorFacts | null;
}

/** What the licenses get. */
export interface DirectTerms {
  generator: GeneratorFacts;
  features: JsonObject;
  activation_limit: number | null;
  /** The rule by which each gets an expiry at its assignment or first activation; null: none. */
  own_expiry: OwnExpiryRule | null;
  /** When all of them expire; null: never, or by their own rule. */
  expires_at: Instant | null;
}

/** The terms of new licenses, or a refusal by the same rules as for a contract, apart from its quota. */
export function decideDirectCreation(input: DirectInput, source: DirectSource, now: Instant): DirectTerms | Refusal {
  const { product, generator } = source;
  if (product.status !== 'active')
    return refuse('PRODUCT_INACTIVE', { product_id: product.id, product_code: product.code });
  const unavailable = generatorRefusal(generator, input.generator_id, product.id);
  if (unavailable !== null || generator === null) return unavailable ?? refuse('GENERATOR_NOT_AVAILABLE');
  const mistyped = mistypedOverrides(generator.features, input.feature_overrides);
  if (mistyped.length > 0) return refuse('FEATURE_TYPE_MISMATCH', { paths: mistyped.join(', ') });
  const too_small = keyspaceRefusal(generator.format, input.count);
  if (too_small) return too_small;
  const terms = expiryTerms(input.expiry);
  const expires_at = licenseExpiry(terms, now);
  if (isRefusal(expires_at)) return expires_at;
  return {
    generator,
    features: effectiveFeatures(generator.features, input.feature_overrides),
    activation_limit: effectiveActivationLimit(generator.activation_limit, input.activation_limit),
    own_expiry: ownExpiryRule(terms),
    expires_at,
  };
}

/** The expiry that the assignment at their creation gives to licenses with these terms; null: none. */
export function expiryByAssignment({ own_expiry }: DirectTerms, now: Instant): Instant | null {
  return ownExpiry(own_expiry, 'assignment', now, null);
}

function expiryTerms(expiry: ExpiryRule): ExpiryTerms {
  return { expiry, timezone: INSTALLATION_TIME_ZONE, cap_expiry_at_contract_end: false, end_date: null };
}
