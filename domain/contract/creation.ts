/** The beginning of a contract: its creation, and its activation, which fixes its term and its time zone (T1, T2). */
import { autoReplenishRefusal } from './auto-replenish';
import { addPeriods, localDateAt } from '../base/calendar';
import { expiresAt, stateAt } from './contract';
import type { AutoReplenish, ContractFacts, ContractState, ContractType } from './facts';
import type { ContractChange } from './change';
import { revise } from './decision';
import type { Conditional, Decision, DecisionContext } from './decision';
import { operationRefusal, permissionFor } from './operations';
import { poolFieldsRefusal } from './pool-fields';
import { remainingValidityRefusal } from './remaining-validity';
import { catalogueRefusal } from './refusals';
import type { Dunning } from '../billing/dunning';
import { expiryRefusal } from './expiry';
import type { ExpiryRule } from './expiry';
import type { ActivationLimitOverride } from './features';
import type { OnSuspend } from './issued-licenses';
import type { Instant, LocalDate } from '../base/instant';
import type { JsonObject } from '../base/json';
import { isRefusal, refuse } from '../base/refusal';
import type { Refusal } from '../base/refusal';
import { NO_RATE_LIMITS, editRateLimits } from './rate-limits';
import type { RateLimitsEdit } from './rate-limits';
import { applyCoterm, hasPendingCoterm, nextLength } from './renewal';
import type { RenewalPolicy } from './renewal-policy';

export interface ActivateInput extends Conditional {}

/** The input of a new contract. All other facts have defaults (domain.md 1, "The source's form is enough"). */
export interface CreateInput {
  name: string;
  type: ContractType;
  status: 'active' | 'inactive';
  quota: number;
  customer_id: string | null;
  account_manager: string | null;
  feature_overrides: JsonObject;
  activation_limit: ActivationLimitOverride;
  expiry: ExpiryRule;
  cap_expiry_at_contract_end: boolean;
  device_lease_minutes: number | null;
  on_suspend: OnSuspend;
  timezone: string;
  start_date: LocalDate | null;
  end_date: LocalDate | null;
  term: string | null;
  expiry_grace_days: number;
  grace_allows_generation: boolean;
  renewal: RenewalPolicy;
  dunning: Dunning;
  dunning_exempt: boolean;
  rate_limits: RateLimitsEdit;
  low_water: number;
  min_remaining_validity: string | null;
  auto_replenish: AutoReplenish | null;
  test_clock_id: string | null;
  ip_allowlist: string[];
  api_access: boolean;
  metadata: JsonObject;
}

/** Creates a contract (T1), and activates it in the same change for `status: "active"` (T2): one audit row `contract.created`. */
export function create(
  id: string,
  generator_id: string,
  input: CreateInput,
  context: DecisionContext,
): ContractChange | Refusal {
  const { now, product } = context;
  const draft: ContractFacts = {
    id,
    environment: product.environment,
    name: input.name,
    type: input.type,
    product_id: product.id,
    generator_id,
    customer_id: input.customer_id,
    account_manager: input.account_manager,
    feature_overrides: input.feature_overrides,
    activation_limit: input.activation_limit,
    expiry: input.expiry,
    cap_expiry_at_contract_end: input.cap_expiry_at_contract_end,
    device_lease_minutes: input.device_lease_minutes,
    on_suspend: input.on_suspend,
    metadata: input.metadata,
    ip_allowlist: input.ip_allowlist,
    api_access: input.api_access,
    timezone: input.timezone,
    start_date: input.start_date,
    end_date: input.end_date,
    term_length: input.term,
    term_number: 1,
    term_start_date: null,
    anchor_date: null,
    anchor_term: 0,
    expiry_grace_days: input.expiry_grace_days,
    grace_allows_generation: input.grace_allows_generation,
    renewal: input.renewal,
    renewal_blocked: null,
    renewed_by_hand_at: null,
    cotermed_with: null,
    dunning: input.dunning,
    dunning_exempt: input.dunning_exempt,
    rate_limits: editRateLimits(NO_RATE_LIMITS, input.rate_limits),
    low_water: input.low_water,
    min_remaining_validity: input.min_remaining_validity,
    auto_replenish: input.auto_replenish,
    past_due_since: null,
    billing_unreachable_since: null,
    verify_after: null,
    invoices: [],
    amendments: [],
    test_clock_id: input.test_clock_id,
    activated_at: null,
    terminated_at: null,
    termination_code: null,
    termination_reason: null,
    deleted_at: null,
    holds: [],
    quota: { total: input.quota, claimed: 0 },
    revision: 1,
    settled_until: now,
    created_at: now,
    created_by: context.actor_id,
  };
  const facts = withTermEnd(draft);
  const refusal =
    clockRefusal(facts) ??
    catalogueRefusal(facts, context) ??
    expiryRefusal(facts, now) ??
    datesRefusal(facts) ??
    renewalRefusal(facts) ??
    poolFieldsRefusal(facts) ??
    remainingValidityRefusal(facts, now) ??
    autoReplenishRefusal(facts);
  if (refusal) return refusal;
  const created = input.status === 'active' ? applyActivation(facts, context) : facts;
  return isRefusal(created) ? created : { facts: created, at: now, action: 'contract.created', revised: true };
}

/** T2: activates a draft, which fixes its term and its time zone. */
export function activate(facts: ContractFacts, _input: ActivateInput, context: DecisionContext): Decision {
  const state = stateAt(facts, context.now);
  if (permissionFor('activate', state) === 'done') return 'unchanged';
  const refusal = operationRefusal('activate', facts, context.now, state) ?? catalogueRefusal(facts, context);
  if (refusal) return refusal;
  const next = applyActivation(facts, context);
  return isRefusal(next) ? next : revise(facts, next, context.now, 'contract.activated');
}

/** Why a contract cannot be activated, by the rules that need only the contract; null when it can. */
export function activateRefusal(
  facts: ContractFacts,
  now: Instant,
  state: ContractState = stateAt(facts, now),
): Refusal | null {
  const refusal = operationRefusal('activate', facts, now, state);
  // A co-termed first term ends with the other contract, which is not known here.
  if (refusal || permissionFor('activate', state) === 'done' || hasPendingCoterm(facts)) return refusal;
  const next = applyActivation(facts, { now, coterm_target: null });
  return isRefusal(next) ? next : null;
}

/** Sets the end of the term, counted from its start. A draft without a start has no end yet. */
export function withTermEnd(facts: ContractFacts): ContractFacts {
  if (facts.term_length === null) return facts;
  return { ...facts, end_date: facts.start_date === null ? null : addPeriods(facts.start_date, facts.term_length) };
}

/** Refuses a contract that would end before it starts. */
export function datesRefusal(facts: ContractFacts): Refusal | null {
  if (facts.start_date === null || facts.end_date === null || facts.start_date < facts.end_date) return null;
  return refuse('VALIDATION_FAILED', {
    path: 'end_date',
    message: `end_date ${facts.end_date} must be after start_date ${facts.start_date}.`,
  });
}

/** Refuses an automatic renewal without a term length. */
export function renewalRefusal(facts: ContractFacts): Refusal | null {
  if (facts.renewal.mode !== 'auto' || nextLength(facts) !== null) return null;
  const message = 'A contract that renews automatically needs a term length: term or renewal.term.';
  return refuse('VALIDATION_FAILED', { path: 'renewal.mode', message });
}

type ActivationContext = Pick<DecisionContext, 'now' | 'coterm_target'>;

/** Activates a draft, or refuses because its term cannot begin (decisions 19). */
export function applyActivation(facts: ContractFacts, context: ActivationContext): ContractFacts | Refusal {
  const { now } = context;
  const start_date = facts.start_date ?? localDateAt(now, facts.timezone);
  const anchored = { start_date, term_start_date: start_date, anchor_date: start_date, anchor_term: 0 };
  const next = applyCotermAtStart(withTermEnd({ ...facts, ...anchored, activated_at: now }), now, context);
  if (isRefusal(next)) return next;
  const ends = expiresAt(next);
  const over = next.end_date !== null && (start_date >= next.end_date || (ends !== null && now >= ends));
  if (over) return refuse('TERM_ALREADY_OVER', { end_date: next.end_date, expiry_grace_days: next.expiry_grace_days });
  return next;
}

/** Shortens the first term so that it ends with the contract named by `coterm_with` (1.6). */
function applyCotermAtStart(
  facts: ContractFacts,
  now: Instant,
  { coterm_target }: ActivationContext,
): ContractFacts | Refusal {
  if (!hasPendingCoterm(facts)) return facts;
  const { start_date, end_date, term_length: length } = facts;
  const term =
    coterm_target === null || start_date === null || end_date === null || length === null
      ? null
      : applyCoterm(facts, coterm_target, { start_date, end_date, length }, 1, now);
  if (term === null) return refuse('COTERM_NOT_POSSIBLE', { coterm_with: facts.renewal.coterm_with });
  const { anchor_date, anchor_term, cotermed_with } = term;
  return { ...facts, end_date: term.end_date, anchor_date, anchor_term, cotermed_with };
}

/** Refuses a test clock in production (domain.md 5.9). */
function clockRefusal({ test_clock_id, environment }: ContractFacts): Refusal | null {
  if (test_clock_id === null || environment !== 'production') return null;
  const message = 'Contracts in production use real time. Use a product of another environment.';
  return refuse('VALIDATION_FAILED', { path: 'test_clock_id', message });
}
