/**
 * Contracts as plain facts, for tests of rules: sensible values, each replaceable, and one contract in each live state.
 */
import type { ContractFacts, ContractState, Hold } from '../../domain/contract';
import type { DecisionContext } from '../../domain/contract-commands';
import type { GeneratorFacts } from '../../domain/generator';
import type { Instant } from '../../domain/instant';
import { DEFAULT_ALPHABET } from '../../domain/license-key';
import type { ProductFacts } from '../../domain/product';

/** The moment of tests that do not care which. */
export const NOON: Instant = '2027-06-15T12:00:00.000Z';

export const PRODUCT: ProductFacts = {
  id: 'product-1',
  name: 'Fence',
  code: 'FENCE',
  environment: 'production',
  status: 'active',
  modules: [],
};

/** An active generator of {@link PRODUCT}. */
export function buildGenerator(changes: Partial<GeneratorFacts> = {}): GeneratorFacts {
  return {
    id: 'generator-1',
    product_id: PRODUCT.id,
    name: 'Keys',
    format: { prefix: 'TEST', groups: 4, group_length: 5, alphabet: DEFAULT_ALPHABET, separator: '-' },
    features: { seats: 5, tier: 'gold' },
    activation_limit: 3,
    status: 'active',
    revision: 1,
    ...changes,
  };
}

/** What decisions look at: everything active, no open job, a person with the id `admin-1`. */
export function buildContext(changes: Partial<DecisionContext> = {}): DecisionContext {
  return { now: NOON, actor_id: 'admin-1', product: PRODUCT, generator: buildGenerator(), open_jobs: 0, ...changes };
}

/** A contract that runs through 2027 and is active at {@link NOON}. */
export function buildFacts(changes: Partial<ContractFacts> = {}): ContractFacts {
  return {
    id: 'contract-1',
    environment: 'production',
    name: 'Fence 2027',
    type: 'standard',
    product_id: PRODUCT.id,
    generator_id: 'generator-1',
    customer_id: null,
    feature_overrides: {},
    activation_limit: null,
    expiry: null,
    metadata: {},
    timezone: 'UTC',
    start_date: '2027-01-01',
    end_date: '2028-01-01',
    term_length: null,
    term_number: 1,
    expiry_grace_days: 0,
    activated_at: '2026-12-01T00:00:00.000Z',
    deleted_at: null,
    holds: [],
    quota: { total: 100, claimed: 0 },
    revision: 1,
    settled_until: NOON,
    created_at: '2026-12-01T00:00:00.000Z',
    created_by: 'admin-1',
    ...changes,
  };
}

/** An administrator's open hold. */
export function buildHold(changes: Partial<Hold> = {}): Hold {
  return {
    id: 'hold-1',
    source: 'admin',
    code: 'PAUSED',
    placed_at: '2027-06-01T00:00:00.000Z',
    resume_at: null,
    lifted_at: null,
    placed_by: 'admin-1',
    note: null,
    ...changes,
  };
}

/** States in which a command can find a contract; a deleted one is refused before any rule is asked. */
export type LiveState = Exclude<ContractState, 'DELETED'>;

/** One contract for each state at {@link NOON}. */
export const FACTS_IN: Record<LiveState, ContractFacts> = {
  DRAFT: buildFacts({ activated_at: null, start_date: '2027-07-01' }),
  SCHEDULED: buildFacts({ start_date: '2027-07-01' }),
  ACTIVE: buildFacts(),
  EXPIRY_GRACE: buildFacts({ end_date: '2027-06-10', expiry_grace_days: 30 }),
  PAUSED: buildFacts({ holds: [buildHold()] }),
  EXPIRED: buildFacts({ end_date: '2027-06-01' }),
};
