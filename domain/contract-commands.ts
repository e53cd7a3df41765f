/**
 * Every command upon a contract and how it is decided: one table, asked by the API, by activities and by dry runs.
 *
 * A decision takes the settled facts and answers with a change, a refusal, or `unchanged` when what is asked already
 * holds (domain.md 1.4: repeating a transition is no error and leaves no trace).
 */
import { addDays, addPeriods, daysBetween, localDateAt } from './calendar';
import { expiresAt, openHold, stateAt, statusOf } from './contract';
import type { ContractFacts, ContractState, ContractType, Hold } from './contract';
import { liftHolds } from './contract-boundary';
import type { ContractAction, ContractChange } from './contract-change';
import type { Environment } from './environment';
import type { ExpiryRule } from './expiry';
import { mistypedOverrides } from './features';
import type { ActivationLimitOverride } from './features';
import { expiredRefusal, expiryRefusal } from './generation';
import { generatorRefusal, keyspaceRefusal } from './generator';
import type { GeneratorFacts } from './generator';
import type { Instant, LocalDate } from './instant';
import { sameJson } from './json';
import type { JsonObject } from './json';
import type { ProductFacts } from './product';
import { totalRefusal } from './quota';
import { isRefusal, refuse } from './refusal';
import type { Refusal } from './refusal';

/** What a decision may look at besides the facts. */
export interface DecisionContext {
  now: Instant;
  /** The id of whoever commands. */
  actor_id: string;
  product: ProductFacts;
  /** The generator the contract has, or would have after the command; null when it does not exist. */
  generator: GeneratorFacts | null;
  /** Generation jobs that are not finished. */
  open_jobs: number;
}

export type Decision = ContractChange | Refusal | 'unchanged';

/** What every command may be conditioned on. */
interface Conditional {
  /** The revision named by `If-Match`. */
  expected_revision?: number | undefined;
}
export interface ActivateInput extends Conditional {}
export interface PauseInput extends Conditional {
  reason?: 'paused' | 'completed' | undefined;
  resume_at?: Instant | null | undefined;
  note?: string | null | undefined;
}
export interface ResumeInput extends Conditional {
  extend_term_on_resume?: boolean | undefined;
}
/** Fields of a PATCH; a field left out stays as it is. */
export interface EditInput extends Conditional {
  name?: string | undefined;
  status?: 'active' | 'inactive' | undefined;
  quota?: number | undefined;
  generator_id?: string | undefined;
  customer_id?: string | null | undefined;
  feature_overrides?: JsonObject | undefined;
  activation_limit?: ActivationLimitOverride | undefined;
  expiry?: ExpiryRule | undefined;
  metadata?: JsonObject | undefined;
  timezone?: string | undefined;
  start_date?: LocalDate | null | undefined;
  end_date?: LocalDate | null | undefined;
  term?: string | null | undefined;
  expiry_grace_days?: number | undefined;
  /** Never editable; accepted so that the refusal can say so. */
  type?: string | undefined;
  product_id?: string | undefined;
  environment?: string | undefined;
  id?: string | undefined;
}
export interface DeleteInput extends Conditional {
  confirm_name: string;
}

/** The inputs of each command by its name. */
export interface CommandInputs {
  activate: ActivateInput;
  pause: PauseInput;
  resume: ResumeInput;
  edit: EditInput;
  delete: DeleteInput;
}
export type CommandName = keyof CommandInputs;

/** One command with its input, as it travels to a workflow. */
export type ContractCommand = { [Name in CommandName]: { name: Name; input: CommandInputs[Name] } }[CommandName];

/** The answer to a command: done, nothing to do, or a refusal. */
export interface CommandOutcome {
  refusal: Refusal | null;
  changed: boolean;
  /** Whether this is the stored answer of an earlier, equal command. */
  replayed: boolean;
}

type Decide<Input> = (facts: ContractFacts, input: Input, context: DecisionContext) => Decision;

const COMMANDS: { [Name in CommandName]: Decide<CommandInputs[Name]> } = {
  activate,
  pause,
  resume,
  edit,
  delete: remove,
};

/** Decides one command upon settled facts. */
export function decide(command: ContractCommand, facts: ContractFacts, context: DecisionContext): Decision {
  const stale = revisionRefusal(facts, command.input.expected_revision);
  if (stale) return stale;
  const decideThis = COMMANDS[command.name] as Decide<ContractCommand['input']>;
  return decideThis(facts, command.input, context);
}

/** What creating a contract takes; everything else has a default (domain.md 1, "The source's form is enough"). */
export interface CreateInput {
  name: string;
  type: ContractType;
  status: 'active' | 'inactive';
  quota: number;
  customer_id: string | null;
  feature_overrides: JsonObject;
  activation_limit: ActivationLimitOverride;
  expiry: ExpiryRule;
  timezone: string;
  start_date: LocalDate | null;
  end_date: LocalDate | null;
  term: string | null;
  expiry_grace_days: number;
  metadata: JsonObject;
}

/** T1, with T2 in the same step for `status: "active"`: one change, one audit row `contract.created`. */
export function create(
  id: string,
  generator_id: string,
  input: CreateInput,
  context: DecisionContext,
): ContractChange | Refusal {
  const { now, product } = context;
  const environment: Environment = product.environment;
  const draft: ContractFacts = {
    id,
    environment,
    name: input.name,
    type: input.type,
    product_id: product.id,
    generator_id,
    customer_id: input.customer_id,
    feature_overrides: input.feature_overrides,
    activation_limit: input.activation_limit,
    expiry: input.expiry,
    metadata: input.metadata,
    timezone: input.timezone,
    start_date: input.start_date,
    end_date: input.end_date,
    term_length: input.term,
    term_number: 1,
    expiry_grace_days: input.expiry_grace_days,
    activated_at: null,
    deleted_at: null,
    holds: [],
    quota: { total: input.quota, claimed: 0 },
    revision: 1,
    settled_until: now,
    created_at: now,
    created_by: context.actor_id,
  };
  const facts = withTermEnd(draft);
  const refusal = catalogueRefusal(facts, context) ?? expiryRefusal(facts, now) ?? datesRefusal(facts);
  if (refusal) return refusal;
  const created = input.status === 'active' ? activated(facts, now) : facts;
  return isRefusal(created) ? created : { facts: created, at: now, action: 'contract.created', revised: true };
}

/** T2: a draft gets its term and its zone for good. */
function activate(facts: ContractFacts, _input: ActivateInput, context: DecisionContext): Decision {
  const state = stateAt(facts, context.now);
  if (state === 'ACTIVE' || state === 'SCHEDULED') return 'unchanged';
  if (state !== 'DRAFT') return impossible(facts, state, 'activate');
  const refusal = catalogueRefusal(facts, context);
  if (refusal) return refusal;
  const next = activated(facts, context.now);
  return isRefusal(next) ? next : revise(facts, next, context.now, 'contract.activated');
}

/** T9: an administrator's hold. It may be placed on whatever is live, since holds are independent (decisions 18). */
function pause(facts: ContractFacts, input: PauseInput, context: DecisionContext): Decision {
  const { now } = context;
  const state = stateAt(facts, now);
  if (state === 'DRAFT' || state === 'EXPIRED') return impossible(facts, state, 'pause');
  if (openHold(facts, now)) return 'unchanged';
  const resume_at = input.resume_at ?? null;
  if (resume_at !== null && resume_at <= now) {
    return refuse('VALIDATION_FAILED', { path: 'resume_at', message: 'resume_at must lie in the future.' });
  }
  const hold: Hold = {
    id: null,
    source: 'admin',
    code: input.reason === 'completed' ? 'COMPLETED' : 'PAUSED',
    placed_at: now,
    resume_at,
    lifted_at: null,
    placed_by: context.actor_id,
    note: input.note ?? null,
  };
  const change = revise(facts, { ...facts, holds: [...facts.holds, hold] }, now, 'contract.paused');
  return { ...change, reason: hold.code.toLowerCase() };
}

/** T10: lifts the administrator's hold; on request the paused days are added to the end. */
function resume(facts: ContractFacts, input: ResumeInput, context: DecisionContext): Decision {
  const { now } = context;
  const state = stateAt(facts, now);
  if (state === 'DRAFT' || state === 'EXPIRED') return impossible(facts, state, 'resume');
  const hold = openHold(facts, now);
  if (!hold) return 'unchanged';
  const lifted = liftHolds(facts, now, (open) => open.source === 'admin');
  if (!input.extend_term_on_resume || facts.end_date === null) return revise(facts, lifted, now, 'contract.resumed');
  const paused_days = daysBetween(localDateAt(hold.placed_at, facts.timezone), localDateAt(now, facts.timezone));
  const extended = { ...lifted, end_date: addDays(facts.end_date, paused_days) };
  return { ...revise(facts, extended, now, 'contract.resumed'), reason: `extended by ${paused_days} days` };
}

/** A PATCH: fields first, then what `status` asks for; together one change (domain.md 2.1, 2.2). */
function edit(facts: ContractFacts, input: EditInput, context: DecisionContext): Decision {
  const { now } = context;
  const fixed = (['id', 'type', 'product_id', 'environment'] as const).find(
    (field) => input[field] !== undefined && input[field] !== facts[field],
  );
  if (fixed) return refuse('IMMUTABLE_FIELD', { field: fixed });
  const edited = editFields(facts, input, context);
  if (isRefusal(edited)) return edited;
  const status = input.status === undefined ? 'unchanged' : setStatus(edited, input.status, context);
  if (status !== 'unchanged') return status;
  return sameTerms(facts, edited) ? 'unchanged' : revise(facts, edited, now, 'contract.updated');
}

/** T16: the row stays as a tombstone; licenses, jobs and audit stay too (domain.md 1.9). */
function remove(facts: ContractFacts, input: DeleteInput, context: DecisionContext): Decision {
  if (statusOf(facts, context.now).status === 'active') return refuse('CONTRACT_ACTIVE', { contract_id: facts.id });
  if (context.open_jobs > 0) return refuse('CONTRACT_HAS_OPEN_JOB', { open_jobs: context.open_jobs });
  if (input.confirm_name.trim() !== facts.name.trim()) return refuse('CONFIRMATION_MISMATCH');
  return revise(facts, { ...facts, deleted_at: context.now }, context.now, 'contract.deleted');
}

/** The facts with the given fields changed, or the refusal of the first that may not be. */
function editFields(facts: ContractFacts, input: EditInput, context: DecisionContext): ContractFacts | Refusal {
  const state = stateAt(facts, context.now);
  const frozen = (['timezone', 'start_date', 'end_date', 'term', 'expiry_grace_days'] as const).find(
    (field) => input[field] !== undefined && input[field] !== facts[field === 'term' ? 'term_length' : field],
  );
  if (frozen && state !== 'DRAFT') return refuse('IMMUTABLE_FIELD', { field: frozen, when: 'after activation' });

  const next: ContractFacts = {
    ...facts,
    name: input.name ?? facts.name,
    generator_id: input.generator_id ?? facts.generator_id,
    customer_id: input.customer_id === undefined ? facts.customer_id : input.customer_id,
    feature_overrides: input.feature_overrides ?? facts.feature_overrides,
    activation_limit: input.activation_limit === undefined ? facts.activation_limit : input.activation_limit,
    expiry: input.expiry === undefined ? facts.expiry : input.expiry,
    metadata: input.metadata ?? facts.metadata,
    quota: { ...facts.quota, total: input.quota ?? facts.quota.total },
  };
  const generates = (field: 'generator_id' | 'feature_overrides' | 'activation_limit' | 'expiry' | 'quota'): boolean =>
    !sameJson(next[field], facts[field]);
  const wants = (['generator_id', 'feature_overrides', 'activation_limit', 'expiry', 'quota'] as const).filter(
    generates,
  );
  if (wants.length > 0 && state === 'EXPIRED') return expiredRefusal(facts);

  const refusal =
    (wants.includes('quota') ? totalRefusal(facts.quota, next.quota.total) : null) ??
    (wants.length > 0 ? catalogueRefusal(next, context, wants.includes('generator_id')) : null) ??
    (wants.includes('expiry') ? expiryRefusal(next, context.now) : null);
  if (refusal) return refusal;
  if (state !== 'DRAFT') return next;

  const dated = withTermEnd({
    ...next,
    timezone: input.timezone ?? facts.timezone,
    start_date: input.start_date === undefined ? facts.start_date : input.start_date,
    // A term gives the end, a fixed end replaces the term (decisions 19).
    ...(input.term
      ? { term_length: input.term, end_date: null }
      : input.term === null
        ? { term_length: null, end_date: null }
        : {}),
    ...(input.end_date === undefined ? {} : { term_length: null, end_date: input.end_date }),
    expiry_grace_days: input.expiry_grace_days ?? facts.expiry_grace_days,
  });
  return datesRefusal(dated) ?? dated;
}

/** What setting the status by edit does: activate, resume or pause (domain.md 2.1, decisions 18). */
function setStatus(facts: ContractFacts, status: 'active' | 'inactive', context: DecisionContext): Decision {
  const state = stateAt(facts, context.now);
  if (statusOf(facts, context.now).status === status) return 'unchanged';
  if (status === 'inactive') return pause(facts, { reason: 'paused' }, context);
  if (state === 'DRAFT') return activate(facts, {}, context);
  if (state === 'PAUSED') return resume(facts, {}, context);
  return impossible(facts, state, 'status: active');
}

/** The facts of a draft once it is activated, or why its term cannot begin (decisions 19). */
function activated(facts: ContractFacts, now: Instant): ContractFacts | Refusal {
  const start_date = facts.start_date ?? localDateAt(now, facts.timezone);
  const next = withTermEnd({ ...facts, start_date, activated_at: now });
  const ends = expiresAt(next);
  const over = next.end_date !== null && (start_date >= next.end_date || (ends !== null && now >= ends));
  if (over) return refuse('TERM_ALREADY_OVER', { end_date: next.end_date, expiry_grace_days: next.expiry_grace_days });
  return next;
}

/** The end that a term gives, counted from its start; a draft without a start has none yet. */
function withTermEnd(facts: ContractFacts): ContractFacts {
  if (facts.term_length === null) return facts;
  return { ...facts, end_date: facts.start_date === null ? null : addPeriods(facts.start_date, facts.term_length) };
}

function datesRefusal(facts: ContractFacts): Refusal | null {
  if (facts.start_date === null || facts.end_date === null || facts.start_date < facts.end_date) return null;
  return refuse('VALIDATION_FAILED', {
    path: 'end_date',
    message: `end_date ${facts.end_date} must be after start_date ${facts.start_date}.`,
  });
}

/** Whether product and generator can carry the contract: active, matching, with keys enough for the quota. */
function catalogueRefusal(facts: ContractFacts, context: DecisionContext, must_be_active = true): Refusal | null {
  const { product, generator } = context;
  if (must_be_active && product.status !== 'active')
    return refuse('PRODUCT_INACTIVE', { product_id: product.id, product_code: product.code });
  const refusal = must_be_active ? generatorRefusal(generator, facts.generator_id, product.id) : null;
  if (refusal) return refusal;
  if (generator === null) return null;
  const mistyped = mistypedOverrides(generator.features, facts.feature_overrides);
  if (mistyped.length > 0) return refuse('FEATURE_TYPE_MISMATCH', { paths: mistyped.join(', ') });
  return keyspaceRefusal(generator.format, facts.quota.total);
}

function revisionRefusal(facts: ContractFacts, expected: number | undefined): Refusal | null {
  if (expected === undefined || expected === facts.revision) return null;
  return refuse('REVISION_CONFLICT', { given: expected, current: facts.revision });
}

/** Everything a person can edit, compared; counters that move by themselves are left out. */
function sameTerms(a: ContractFacts, b: ContractFacts): boolean {
  const terms = (facts: ContractFacts): unknown => ({ ...facts, settled_until: null, quota: facts.quota.total });
  return sameJson(terms(a), terms(b));
}

function revise(before: ContractFacts, after: ContractFacts, at: Instant, action: ContractAction): ContractChange {
  return { facts: { ...after, revision: before.revision + 1 }, at, action, revised: true };
}

/** 409 with the action that would work instead (domain.md 2.1). */
function impossible(facts: ContractFacts, from: ContractState, action: string): Refusal {
  const remedies: Partial<Record<ContractState, string>> = {
    DRAFT: 'Activate it first.',
    SCHEDULED: `It starts by itself on ${facts.start_date}.`,
    EXPIRY_GRACE: `Its term ended on ${facts.end_date}: renew it.`,
    PAUSED: 'Resume it.',
    EXPIRED: `Its term ended on ${facts.end_date}: renew it or make a new contract.`,
  };
  const remedy = remedies[from] ?? '';
  return refuse('INVALID_STATE_TRANSITION', {
    from,
    action,
    remedy,
    start_date: facts.start_date,
    end_date: facts.end_date,
  });
}
