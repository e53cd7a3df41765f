/** Editing a contract: which field can change in which state, and the effect of its status (domain.md 2.1, 2.2). */
import { autoReplenishRefusal } from './auto-replenish';
import type { Dunning } from '../billing/dunning';
import { localDateAt } from '../base/calendar';
import { stateAt, statusOf } from './contract';
import type { AutoReplenish, ContractFacts } from './facts';
import { activate, datesRefusal, renewalRefusal, withTermEnd } from './creation';
import { revise } from './decision';
import type { Conditional, Decision, DecisionContext } from './decision';
import { poolFieldsRefusal } from './pool-fields';
import { remainingValidityRefusal } from './remaining-validity';
import { catalogueRefusal } from './refusals';
import { pause, resume } from './hold';
import { frozenRefusal, operationRefusal, permissionFor } from './operations';
import type { ContractOperation } from './operations';
import { expiryRefusal } from './expiry';
import type { ExpiryRule } from './expiry';
import type { ActivationLimitOverride } from './features';
import type { OnSuspend } from './issued-licenses';
import { laterOf } from '../base/instant';
import type { Instant, LocalDate } from '../base/instant';
import { sameJson } from '../base/json';
import type { JsonObject } from '../base/json';
import { totalRefusal } from './quota';
import { editRateLimits } from './rate-limits';
import type { RateLimitsEdit } from './rate-limits';
import { isRefusal, refuse } from '../base/refusal';
import type { Refusal } from '../base/refusal';
import { noticeDate } from './renewal';
import type { RenewalEdit, RenewalPolicy } from './renewal-policy';

/** Fields of a PATCH; a field that is left out stays unchanged. */
export interface EditInput extends Conditional {
  name?: string | undefined;
  status?: 'active' | 'inactive' | undefined;
  quota?: number | undefined;
  /** What a raise of the quota is for: "Q2". Without a raise it has no effect. */
  quota_label?: string | undefined;
  generator_id?: string | undefined;
  customer_id?: string | null | undefined;
  account_manager?: string | null | undefined;
  feature_overrides?: JsonObject | undefined;
  activation_limit?: ActivationLimitOverride | undefined;
  expiry?: ExpiryRule | undefined;
  cap_expiry_at_contract_end?: boolean | undefined;
  device_lease_minutes?: number | null | undefined;
  on_suspend?: OnSuspend | undefined;
  metadata?: JsonObject | undefined;
  ip_allowlist?: string[] | undefined;
  api_access?: boolean | undefined;
  timezone?: string | undefined;
  start_date?: LocalDate | null | undefined;
  end_date?: LocalDate | null | undefined;
  term?: string | null | undefined;
  expiry_grace_days?: number | undefined;
  grace_allows_generation?: boolean | undefined;
  renewal?: RenewalEdit | undefined;
  dunning?: { [Step in keyof Dunning]?: Dunning[Step] | undefined } | undefined;
  dunning_exempt?: boolean | undefined;
  rate_limits?: RateLimitsEdit | undefined;
  low_water?: number | undefined;
  min_remaining_validity?: string | null | undefined;
  auto_replenish?: AutoReplenish | null | undefined;
  /** Never editable. These fields are accepted so that the refusal can name them. */
  type?: string | undefined;
  product_id?: string | undefined;
  environment?: string | undefined;
  test_clock_id?: string | null | undefined;
  id?: string | undefined;
}

/** The fields of each operation of the table in `operations.ts`; quota has operations of its own. */
const TERMS = [
  'generator_id',
  'feature_overrides',
  'activation_limit',
  'expiry',
  'cap_expiry_at_contract_end',
  'device_lease_minutes',
] as const;
const EDITABLE_DETAILS = [
  'name',
  'customer_id',
  'account_manager',
  'metadata',
  'ip_allowlist',
  'api_access',
  'grace_allows_generation',
  'renewal',
  'dunning',
  'dunning_exempt',
  'rate_limits',
  'low_water',
  'min_remaining_validity',
  'auto_replenish',
  'on_suspend',
] as const;

/** A PATCH: fields first, then `status`; together one change (domain.md 2.1, 2.2). */
export function edit(facts: ContractFacts, input: EditInput, context: DecisionContext): Decision {
  const { now } = context;
  const fixed = (['id', 'type', 'product_id', 'environment', 'test_clock_id'] as const).find(
    (field) => input[field] !== undefined && input[field] !== facts[field],
  );
  if (fixed) return refuse('IMMUTABLE_FIELD', { field: fixed });
  const edited = editFields(facts, input, context);
  if (isRefusal(edited)) return edited;
  const status = input.status === undefined ? 'unchanged' : setStatus(edited, input.status, context);
  if (status !== 'unchanged') return withGrantLabel(status, input.quota_label);
  if (sameTerms(facts, edited)) return 'unchanged';
  return withGrantLabel(revise(facts, edited, now, 'contract.updated'), input.quota_label);
}

/** A decision with what a quota that it grants is for. */
function withGrantLabel(decision: Decision, grant_label: string | undefined): Decision {
  if (grant_label === undefined || decision === 'unchanged' || isRefusal(decision)) return decision;
  return [decision].flat().map((change) => ({ ...change, grant_label }));
}

/** The facts with the given fields changed, or the refusal of the first field that cannot change. */
export function editFields(facts: ContractFacts, input: EditInput, context: DecisionContext): ContractFacts | Refusal {
  const state = stateAt(facts, context.now);
  const frozen = (['timezone', 'start_date', 'end_date', 'term', 'expiry_grace_days'] as const).find(
    (field) => input[field] !== undefined && input[field] !== facts[field === 'term' ? 'term_length' : field],
  );
  const may_edit_dates = permissionFor('edit_dates', state) === 'yes';
  if (frozen && !may_edit_dates) return frozenRefusal(frozen);

  const next: ContractFacts = {
    ...facts,
    name: input.name ?? facts.name,
    generator_id: input.generator_id ?? facts.generator_id,
    customer_id: input.customer_id === undefined ? facts.customer_id : input.customer_id,
    account_manager: input.account_manager === undefined ? facts.account_manager : input.account_manager,
    feature_overrides: input.feature_overrides ?? facts.feature_overrides,
    activation_limit: input.activation_limit === undefined ? facts.activation_limit : input.activation_limit,
    expiry: input.expiry === undefined ? facts.expiry : input.expiry,
    cap_expiry_at_contract_end: input.cap_expiry_at_contract_end ?? facts.cap_expiry_at_contract_end,
    device_lease_minutes:
      input.device_lease_minutes === undefined ? facts.device_lease_minutes : input.device_lease_minutes,
    on_suspend: input.on_suspend ?? facts.on_suspend,
    metadata: input.metadata ?? facts.metadata,
    ip_allowlist: input.ip_allowlist ?? facts.ip_allowlist,
    api_access: input.api_access ?? facts.api_access,
    quota: { ...facts.quota, total: input.quota ?? facts.quota.total },
    grace_allows_generation: input.grace_allows_generation ?? facts.grace_allows_generation,
    renewal: renewalAfter(facts, input.renewal),
    dunning: { ...facts.dunning, ...withoutUndefined(input.dunning) },
    dunning_exempt: input.dunning_exempt ?? facts.dunning_exempt,
    rate_limits: editRateLimits(facts.rate_limits, input.rate_limits),
    low_water: input.low_water ?? facts.low_water,
    min_remaining_validity:
      input.min_remaining_validity === undefined ? facts.min_remaining_validity : input.min_remaining_validity,
    auto_replenish: input.auto_replenish === undefined ? facts.auto_replenish : input.auto_replenish,
  };
  const touches = (field: keyof ContractFacts): boolean => !sameJson(next[field], facts[field]);
  const terms = TERMS.some(touches);
  const quota = next.quota.total !== facts.quota.total;
  const operations: [boolean, ContractOperation][] = [
    [EDITABLE_DETAILS.some(touches), 'edit_particulars'],
    [terms, 'edit_terms'],
    [quota && next.quota.total > facts.quota.total, 'raise_quota'],
    [quota, 'edit_terms'],
  ];
  for (const [wanted, operation] of operations) {
    const refusal = wanted ? operationRefusal(operation, facts, context.now, state) : null;
    if (refusal) return refusal;
  }
  const refusal =
    (quota ? totalRefusal(facts.quota, next.quota.total) : null) ??
    (terms || quota ? catalogueRefusal(next, context, touches('generator_id')) : null) ??
    (touches('expiry') ? expiryRefusal(next, context.now) : null) ??
    (touches('dunning') ? dunningRefusal(next.dunning) : null) ??
    poolFieldsRefusal(next, facts) ??
    (touches('expiry') || touches('min_remaining_validity') ? remainingValidityRefusal(next, context.now) : null) ??
    (touches('auto_replenish') || touches('low_water') ? autoReplenishRefusal(next) : null) ??
    (touches('renewal') && !may_edit_dates ? (optOutRefusal(facts, next, context.now) ?? renewalRefusal(next)) : null);
  if (refusal) return refusal;
  if (!may_edit_dates) return next;

  const dated = withTermEnd({
    ...next,
    timezone: input.timezone ?? facts.timezone,
    start_date: input.start_date === undefined ? facts.start_date : input.start_date,
    // A term determines the end. A fixed end replaces the term (decisions 19).
    ...(input.term
      ? { term_length: input.term, end_date: null }
      : input.term === null
        ? { term_length: null, end_date: null }
        : {}),
    ...(input.end_date === undefined || (input.term && input.end_date === null)
      ? {}
      : { term_length: null, end_date: input.end_date }),
    expiry_grace_days: input.expiry_grace_days ?? facts.expiry_grace_days,
  });
  return datesRefusal(dated) ?? renewalRefusal(dated) ?? dated;
}

/** Refuses a dunning schedule whose steps are not in order. */
export function dunningRefusal({ past_due_days, suspend_days, terminate_days }: Dunning): Refusal | null {
  const ordered = past_due_days < suspend_days && (terminate_days === null || suspend_days < terminate_days);
  if (ordered) return null;
  const message = 'The steps must be in order: past_due_days < suspend_days < terminate_days.';
  return refuse('VALIDATION_FAILED', { path: 'dunning', message });
}

/** The policy with the given fields. An opt-out by edit is for the current term; withdrawing it is for all terms. */
function renewalAfter(facts: ContractFacts, input: RenewalEdit | undefined): RenewalPolicy {
  const given = withoutUndefined(input);
  const { opt_out_at = facts.renewal.opt_out_at } = given;
  const same = opt_out_at === facts.renewal.opt_out_at;
  const opt_out_term = same ? facts.renewal.opt_out_term : opt_out_at === null ? null : facts.term_number;
  return { ...facts.renewal, ...given, opt_out_term };
}

/** An opt-out by edit has the same last day as the command (1.6). */
function optOutRefusal(facts: ContractFacts, next: ContractFacts, now: Instant): Refusal | null {
  const { mode, opt_out_at } = next.renewal;
  if (mode !== 'auto' || opt_out_at === null || opt_out_at === facts.renewal.opt_out_at) return null;
  const notice_date = noticeDate(next);
  const day = localDateAt(laterOf(opt_out_at, now), next.timezone);
  if (notice_date === null || day <= notice_date) return null;
  return refuse('NOTICE_PERIOD_PASSED', { notice_date, end_date: next.end_date });
}

/**
 * Whether an edit changes the state of the contract and must therefore run in its workflow (decisions 1). An edit without
 * `status` never does; one with `status` does when the state differs.
 */
export function movesState(decision: Decision): boolean {
  if (isRefusal(decision) || decision === 'unchanged') return false;
  return [decision].flat().some(({ action }) => action !== 'contract.updated');
}

/** Sets the status by edit: activates, resumes or pauses (domain.md 2.1, decisions 18). */
function setStatus(facts: ContractFacts, status: 'active' | 'inactive', context: DecisionContext): Decision {
  const state = stateAt(facts, context.now);
  if (statusOf(facts, context.now).status === status) return 'unchanged';
  if (status === 'inactive') return pause(facts, { reason: 'paused' }, context);
  const refusal = operationRefusal('set_active', facts, context.now, state);
  if (refusal) return refusal;
  return permissionFor('activate', state) === 'yes' ? activate(facts, {}, context) : resume(facts, {}, context);
}

/** Compares everything that a person can edit, without counters that change by themselves. */
function sameTerms(a: ContractFacts, b: ContractFacts): boolean {
  const terms = (facts: ContractFacts): unknown => ({ ...facts, settled_until: null, quota: facts.quota.total });
  return sameJson(terms(a), terms(b));
}

type Given<T> = { [Field in keyof T]?: Exclude<T[Field], undefined> };

function withoutUndefined<T extends object>(input: T | undefined): Given<T> {
  return Object.fromEntries(Object.entries(input ?? {}).filter(([, value]) => value !== undefined)) as Given<T>;
}
