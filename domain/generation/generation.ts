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

/** What generating depends on besides the contract itself. */
export interface GenerationContext {
  now: Instant;
  product: ProductFacts;
  generator: GeneratorFacts | null;
}

/** Why the contract generates nothing now; null when it does, as far as its quota reaches. */
export function generationRefusal(facts: ContractFacts, context: GenerationContext): Refusal | null {
  return (
    operationRefusal('generate', facts, context.now) ??
    sourceRefusal(facts, context) ??
    expiryRefusal(facts, context.now)
  );
}

/** The same for test licenses, which only a draft gives (C3). */
export function testGenerationRefusal(facts: ContractFacts, context: GenerationContext): Refusal | null {
  return testLicensesRefusal(facts, context.now) ?? sourceRefusal(facts, context);
}

/** Whether a job that ended short may be filled up: it waits while its contract is paused, but not for what is over. */
export function resumptionRefusal(facts: ContractFacts, now: Instant): Refusal | null {
  return operationRefusal('resume_job', facts, now);
}

/** Product and generator must be there and active: they are what licenses are made of. */
function sourceRefusal(facts: ContractFacts, { product, generator }: GenerationContext): Refusal | null {
  if (product.status !== 'active')
    return refuse('PRODUCT_INACTIVE', { product_id: product.id, product_code: product.code });
  return generatorRefusal(generator, facts.generator_id, facts.product_id);
}
