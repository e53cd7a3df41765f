/** Refusals that several decisions about a contract share. */
import { refuse } from '../base/refusal';
import type { Refusal } from '../base/refusal';
import { generatorRefusal, keyspaceRefusal } from '../catalogue/generator';
import type { DecisionContext } from './decision';
import type { ContractFacts } from './facts';
import { mistypedOverrides } from './features';
import { QUOTA_MAX } from './quota';

/**
 * Refuses a contract that cannot be used with its product and generator: both must be active and belong together, the features
 * that the contract overrides must have the generator's types, and the key format must have enough keys for the quota.
 * An edit that keeps the generator passes false for `must_be_active`: a contract can be edited while its product is inactive.
 */
export function catalogueRefusal(
  facts: ContractFacts,
  { product, generator }: DecisionContext,
  must_be_active = true,
): Refusal | null {
  if (must_be_active && product.status !== 'active')
    return refuse('PRODUCT_INACTIVE', { product_id: product.id, product_code: product.code });
  const refusal = must_be_active ? generatorRefusal(generator, facts.generator_id, product.id) : null;
  if (refusal) return refusal;
  if (facts.quota.total > QUOTA_MAX)
    return refuse('VALIDATION_FAILED', { path: 'quota', message: `The quota can be ${QUOTA_MAX} at most.` });
  if (generator === null) return null;
  const mistyped = mistypedOverrides(generator.features, facts.feature_overrides);
  if (mistyped.length > 0) return refuse('FEATURE_TYPE_MISMATCH', { paths: mistyped.join(', ') });
  return keyspaceRefusal(generator.format, facts.quota.total);
}
