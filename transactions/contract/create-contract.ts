/**
 * Creates a contract (domain.md 1.1, T1). The product, generator and customer are loaded and cannot change until the
 * transaction ends.
 */
import { isRefusal, missingReference } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { create } from '../../domain/contract/creation';
import type { CreateInput } from '../../domain/contract/creation';
import { dunningRefusal } from '../../domain/contract/edit';
import type { RenewalPolicy } from '../../domain/contract/renewal-policy';
import type { Sql } from '../../db/base/database';
import type { Act } from '../../domain/base/edit';
import type { LockedRow } from '../../db/base/errors';
import { unparkBillingEvents } from '../../db/billing/billing-event';
import { customerExists } from '../../db/catalogue/customer';
import { findGenerator } from '../../db/catalogue/generator';
import { findProduct } from '../../db/catalogue/product';
import { factsOf, findContract } from '../../db/contract/contract';
import { findTestClock } from '../../db/system/test-clock';
import { newId } from '../base/new-id';
import type { ChangedContract } from './changed-contract';
import { insertContract } from './insert-contract';

/** The input of a new contract, with the ids of its product and generator. */
export interface NewContract extends Omit<CreateInput, 'renewal'> {
  product_id: string;
  generator_id: string;
  /** Without the last term of an opt-out, which is derived from its instant. */
  renewal: Omit<RenewalPolicy, 'opt_out_term'>;
}

/** The rows that `createContract` locks for share. */
export function sourceRowsOf({ product_id, generator_id, customer_id }: NewContract): LockedRow[] {
  return [
    { table: 'products', id: product_id, shared: true },
    { table: 'generators', id: generator_id, shared: true },
    ...(customer_id === null ? [] : [{ table: 'customers', id: customer_id, shared: true } as const]),
  ];
}

/**
 * Creates a contract in the transaction `tx`, which has the turn for the rows of `sourceRowsOf`. The nudge names the contract
 * when its workflow must start: it is active, or billing events were received before it. An id that does not exist is
 * `VALIDATION_FAILED` with its field; so is a test clock where test clocks are disabled.
 */
export async function createContract(
  tx: Sql,
  input: NewContract,
  { actor, now, request_id }: Act,
  { test_clocks }: { test_clocks: boolean },
): Promise<ChangedContract | Refusal> {
  const product = await findProduct(tx, input.product_id, { lock: 'use' });
  if (!product) return missingReference('product_id', 'product');
  if (input.customer_id !== null && !(await customerExists(tx, input.customer_id)))
    return missingReference('customer_id', 'customer');
  const { coterm_with } = input.renewal;
  const coterm = coterm_with === null ? undefined : await findContract(tx, coterm_with);
  if (coterm_with !== null && !coterm) return missingReference('renewal.coterm_with', 'contract');
  const clock = input.test_clock_id === null || !test_clocks ? undefined : await findTestClock(tx, input.test_clock_id);
  if (input.test_clock_id !== null && !clock) return missingReference('test_clock_id', 'test clock');
  const dunning = dunningRefusal(input.dunning);
  if (dunning) return dunning;
  const generator = (await findGenerator(tx, input.generator_id, { lock: 'use' })) ?? null;
  const renewal = { ...input.renewal, opt_out_term: null };
  const change = create(
    newId(now),
    input.generator_id,
    { ...input, renewal },
    {
      now: clock?.now ?? now,
      actor_id: actor.id,
      product,
      generator,
      coterm_target: coterm ? factsOf(coterm) : null,
      open_jobs: 0,
      open_holds: 0,
    },
  );
  if (isRefusal(change)) return change;
  const created = await insertContract(tx, change, { actor, request_id }, generator);
  // Billing events that were received before the contract. A draft has no workflow that would apply them.
  const waiting = await unparkBillingEvents(tx, created.facts.id, now);
  return waiting === 0 ? created : { ...created, nudge: { ...created.nudge, contract_id: created.facts.id } };
}
