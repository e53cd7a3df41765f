/** Whether a contract generates licenses now, and why not (domain.md 2.2, 3.3; decisions 17). */
import type { ContractFacts } from '../contract/facts';
import { operationRefusal, testLicensesRefusal } from '../contract/operations';
import { expiryRefusal } from '../contract/expiry';
import { generatorRefusal } from '../catalogue/generator';
import type { GeneratorFacts } from '../catalogue/generator';
import type { Instant } from '../base/instant';
import type { ProductFacts } from '../catalogue/product';
import { refuse } from '../base/refusal';
import type { Refusal } from '../base/refusal';

/** The input of a generation decision besides the contract. */
export interface GenerationContext {
  now: Instant;
  product: ProductFacts;
  generator: GeneratorFacts | null;
}

/** Why the contract cannot generate licenses now; null when it can, within its quota. */
export function generationRefusal(facts: ContractFacts, context: GenerationContext): Refusal | null {
  return (
    operationRefusal('generate', facts, context.now) ??
    sourceRefusal(facts, context) ??
    expiryRefusal(facts, context.now)
  );
}

/** The same for test licenses, which only a draft generates (C3). */
export function testGenerationRefusal(facts: ContractFacts, context: GenerationContext): Refusal | null {
  return testLicensesRefusal(facts, context.now) ?? sourceRefusal(facts, context);
}

/** Refuses to resume an incomplete job of a contract that is over. The job of a paused contract waits. */
export function resumptionRefusal(facts: ContractFacts, now: Instant): Refusal | null {
  return operationRefusal('resume_job', facts, now);
}

/** Refuses generation when the product or the generator is missing or inactive. */
function sourceRefusal(facts: ContractFacts, { product, generator }: GenerationContext): Refusal | null {
  if (product.status !== 'active')
    return refuse('PRODUCT_INACTIVE', { product_id: product.id, product_code: product.code });
  return generatorRefusal(generator, facts.generator_id, facts.product_id);
}
