/** Refusals that several decisions about a contract share. */
import type { Instant } from '../base/instant';
import { refuse } from '../base/refusal';
import type { Refusal } from '../base/refusal';
import { generatorRefusal, keyspaceRefusal } from '../catalogue/generator';
import { stateAt, openHold } from './contract';
import type { DecisionContext } from './decision';
import type { ContractFacts, ContractState } from './facts';
import { mistypedOverrides } from './features';
import { QUOTA_MAX } from './quota';

/** Whether product and generator can carry the contract: active, matching, with keys enough for the quota. */
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

/** 409 with the action that would work instead (domain.md 2.1). */
export function impossible(facts: ContractFacts, now: Instant, action: string): Refusal {
  const from = stateAt(facts, now);
  const suspended_by = openHold(facts, now)?.source;
  const remedies: Partial<Record<ContractState, string>> = {
    DRAFT: 'Activate it first.',
    SCHEDULED: `It starts by itself on ${facts.start_date}.`,
    EXPIRY_GRACE: `Its term ended on ${facts.end_date}: renew it.`,
    PAUSED: 'Resume it.',
    SUSPENDED:
      suspended_by === 'compliance'
        ? 'Release its compliance hold.'
        : 'Have its open invoices paid: it is reinstated by itself.',
    EXPIRED: `Its term ended on ${facts.end_date}: renew it or make a new contract.`,
    TERMINATED: 'Reinstate it within 30 days, or make a new contract.',
  };
  const { start_date, end_date } = facts;
  return refuse('INVALID_STATE_TRANSITION', { from, action, remedy: remedies[from] ?? '', start_date, end_date });
}
