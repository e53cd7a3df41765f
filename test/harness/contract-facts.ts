/**
 * Contract facts for tests of domain rules: default values, each of which can be replaced, and one contract in each
 * live state.
 */
import type { Amendment, ContractFacts, Hold, ContractState } from '../../domain/contract/facts';
import { DEFAULT_DUNNING } from '../../domain/billing/dunning';
import type { SettleContext } from '../../domain/contract/boundary';
import type { ContractChange } from '../../domain/contract/change';
import type { CreateInput } from '../../domain/contract/creation';
import type { Decision, DecisionContext, RenewalContext } from '../../domain/contract/decision';
import type { GeneratorFacts } from '../../domain/catalogue/generator';
import { DEFAULT_ON_SUSPEND } from '../../domain/contract/issued-licenses';
import type { Instant } from '../../domain/base/instant';
import type { JsonObject } from '../../domain/base/json';
import type { Invoice, ObservedInvoice } from '../../domain/billing/invoice';
import { DEFAULT_ALPHABET } from '../../domain/catalogue/license-key';
import type { ProductFacts } from '../../domain/catalogue/product';
import { isRefusal } from '../../domain/base/refusal';
import { NO_RATE_LIMITS } from '../../domain/contract/rate-limits';
import { DEFAULT_RENEWAL } from '../../domain/contract/renewal-policy';
import type { RenewalPolicy } from '../../domain/contract/renewal-policy';
import type { Actor } from '../../domain/base/actor';

/** The instant of tests for which the instant does not matter. */
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
    kind: 'plain',
    format: { prefix: 'TEST', groups: 4, group_length: 5, alphabet: DEFAULT_ALPHABET, separator: '-' },
    features: { seats: 5, tier: 'gold' },
    activation_limit: 3,
    status: 'active',
    revision: 1,
    ...changes,
  };
}

/** The context of a decision: everything is active, there is no open job, and the actor has the id `admin-1`. */
export function buildContext(changes: Partial<DecisionContext> = {}): DecisionContext {
  return {
    now: NOON,
    actor_id: 'admin-1',
    product: PRODUCT,
    generator: buildGenerator(),
    coterm_target: null,
    open_jobs: 0,
    open_holds: 0,
    ...changes,
  };
}

/** The context of settling: everything is active, and the billing system has just verified what is due. */
export function buildSettleContext(changes: Partial<SettleContext> = {}): SettleContext {
  const generator = buildGenerator();
  return {
    product: PRODUCT,
    generators: new Map([[generator.id, generator]]),
    coterm_target: null,
    billing: 'verified',
    ...changes,
  };
}

/** The context of a renewal: everything is active. */
export function buildRenewalContext(changes: Partial<RenewalContext> = {}): RenewalContext {
  return { product: PRODUCT, generator: buildGenerator(), coterm_target: null, ...changes };
}

/** A contract that runs through 2027 and is active at {@link NOON}. */
export function buildFacts(changes: Partial<ContractFacts> = {}): ContractFacts {
  const start_date = changes.start_date === undefined ? '2027-01-01' : changes.start_date;
  return {
    id: 'contract-1',
    environment: 'production',
    name: 'Fence 2027',
    type: 'standard',
    product_id: PRODUCT.id,
    generator_id: 'generator-1',
    customer_id: null,
    account_manager: null,
    feature_overrides: {},
    activation_limit: null,
    expiry: null,
    cap_expiry_at_contract_end: false,
    low_water: 100,
    min_remaining_validity: null,
    auto_replenish: null,
    device_lease_minutes: null,
    on_suspend: DEFAULT_ON_SUSPEND,
    metadata: {},
    ip_allowlist: [],
    api_access: false,
    timezone: 'UTC',
    start_date,
    end_date: '2028-01-01',
    term_length: null,
    term_number: 1,
    term_start_date: start_date,
    anchor_date: start_date,
    anchor_term: 0,
    expiry_grace_days: 0,
    grace_allows_generation: false,
    renewal: DEFAULT_RENEWAL,
    renewal_blocked: null,
    renewed_by_hand_at: null,
    cotermed_with: null,
    dunning: DEFAULT_DUNNING,
    dunning_exempt: false,
    rate_limits: NO_RATE_LIMITS,
    past_due_since: null,
    billing_unreachable_since: null,
    verify_after: null,
    invoices: [],
    amendments: [],
    test_clock_id: null,
    activated_at: '2026-12-01T00:00:00.000Z',
    terminated_at: null,
    termination_code: null,
    termination_reason: null,
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

/** A contract with one-year terms from 1 January 2027 and automatic renewal. */
export function buildAutoRenewingFacts(
  renewal: Partial<RenewalPolicy> = {},
  changes: Partial<ContractFacts> = {},
): ContractFacts {
  return buildFacts({ term_length: 'P1Y', renewal: { ...DEFAULT_RENEWAL, mode: 'auto', ...renewal }, ...changes });
}

/** An open hold of an admin. */
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

/** The open hold of billing. */
export function buildBillingHold(changes: Partial<Hold> = {}): Hold {
  return buildHold({ source: 'billing', code: 'BILLING_SUSPENDED', placed_by: 'covenant', ...changes });
}

/** The open hold of compliance. */
export function buildComplianceHold(changes: Partial<Hold> = {}): Hold {
  return buildHold({ source: 'compliance', code: 'COMPLIANCE', note: 'sanctions list', ...changes });
}

/** An open invoice that is due on {@link NOON}'s day. */
export function buildInvoice(changes: Partial<Invoice> = {}): Invoice {
  return {
    source: 'standard',
    invoice_id: 'invoice-1',
    status: 'OPEN',
    due_date: '2027-06-15',
    disputed_on: null,
    occurred_at: '2027-06-01T00:00:00.000Z',
    version: null,
    fetched_at: null,
    rank: 0,
    ...changes,
  };
}

/** An observation of `invoice-1` from an event without a version. */
export function buildSeenInvoice(changes: Partial<ObservedInvoice> = {}): ObservedInvoice {
  return {
    source: 'standard',
    invoice_id: 'invoice-1',
    status: 'OPEN',
    due: '2027-06-15',
    occurred_at: '2027-06-01T00:00:00.000Z',
    version: null,
    fetched_at: null,
    ...changes,
  };
}

/** A pending amendment with the effective date 1 August: five more licenses. */
export function buildAmendment(changes: Partial<Amendment> = {}): Amendment {
  return {
    id: 'amendment-1',
    effective_date: '2027-08-01',
    changes: { quota_add: 5 },
    note: null,
    status: 'pending',
    failure: null,
    created_at: NOON,
    created_by: 'admin-1',
    decided_at: null,
    stored: true,
    ...changes,
  };
}

/** The input of a contract with a name and a quota. All other fields have their defaults. */
export const CREATE_INPUT: CreateInput = {
  name: 'Fence 2027',
  type: 'standard',
  status: 'inactive',
  quota: 10,
  customer_id: null,
  account_manager: null,
  feature_overrides: {},
  activation_limit: null,
  expiry: null,
  cap_expiry_at_contract_end: false,
  low_water: 100,
  min_remaining_validity: null,
  auto_replenish: null,
  device_lease_minutes: null,
  on_suspend: DEFAULT_ON_SUSPEND,
  timezone: 'UTC',
  start_date: null,
  end_date: null,
  term: null,
  expiry_grace_days: 0,
  grace_allows_generation: false,
  renewal: DEFAULT_RENEWAL,
  dunning: DEFAULT_DUNNING,
  dunning_exempt: false,
  rate_limits: null,
  test_clock_id: null,
  ip_allowlist: [],
  api_access: false,
  metadata: {},
};

/** The states in which rules can decide a command. A command for a deleted contract is refused before. */
export type LiveState = Exclude<ContractState, 'DELETED'>;

/** One contract for each state at {@link NOON}. */
export const FACTS_BY_STATE: Record<LiveState, ContractFacts> = {
  DRAFT: buildFacts({ activated_at: null, start_date: '2027-07-01', term_start_date: null, anchor_date: null }),
  SCHEDULED: buildFacts({ start_date: '2027-07-01' }),
  ACTIVE: buildFacts(),
  PAST_DUE: buildFacts({
    invoices: [buildInvoice({ due_date: '2027-06-10' })],
    past_due_since: '2027-06-11T00:00:00.000Z',
  }),
  EXPIRY_GRACE: buildFacts({ end_date: '2027-06-10', expiry_grace_days: 30 }),
  PAUSED: buildFacts({ holds: [buildHold()] }),
  SUSPENDED: buildFacts({
    invoices: [buildInvoice({ due_date: '2027-05-20' })],
    past_due_since: '2027-05-21T00:00:00.000Z',
    holds: [buildBillingHold({ placed_at: '2027-06-03T00:00:00.000Z' })],
  }),
  EXPIRED: buildFacts({ end_date: '2027-06-01' }),
  TERMINATED: buildFacts({
    terminated_at: '2027-06-01T09:00:00.000Z',
    termination_code: 'ADMIN',
    termination_reason: 'the customer left',
  }),
};
export const LIVE_STATES = Object.keys(FACTS_BY_STATE) as LiveState[];

/** Describes a decision: the actions of its changes, the code of a refusal, or `unchanged`. */
export function describeDecision(decision: Decision): string {
  if (decision === 'unchanged') return decision;
  if (isRefusal(decision)) return decision.code;
  return [decision]
    .flat()
    .map(({ action }) => action)
    .join(', ');
}

/** The details of a change of any action. */
export function detailsOf({ details }: ContractChange): JsonObject {
  return details ?? {};
}

/** Returns the last change of a decision. Throws when the decision is not a change. */
export function requireChange(decision: Decision): ContractChange {
  const change = decision === 'unchanged' || isRefusal(decision) ? undefined : [decision].flat().at(-1);
  if (!change) throw new Error(`the decision is not a change: ${describeDecision(decision)}`);
  return change;
}

/** Returns the facts after a change, settled at its instant. Throws when the decision is not a change. */
export function factsAfter(decision: Decision): ContractFacts {
  const { facts, at } = requireChange(decision);
  return { ...facts, settled_until: at };
}

/** The actor of tests for which the actor does not matter. */
export const TEST_ACTOR: Actor = { type: 'user', id: '00000000-0000-7000-8000-000000000001', name: 'Test Admin' };
