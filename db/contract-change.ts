/**
 * The one door through which a contract changes (architecture.md 3).
 *
 * One transaction: lock the row, cross every boundary that is due, ask `domain/` for the decision, and write together
 * the facts, the revision, the quota grant, exactly one audit row for each change, its domain event, and the copies of the
 * derived state that SQL judges by. A refusal still commits the boundaries it met on its way.
 */
import type { Actor } from '../domain/actor';
import { SYSTEM } from '../domain/actor';
import { mayGenerateIn, stateAt } from '../domain/contract';
import type { ContractFacts, ContractState } from '../domain/contract';
import { nextBoundary, settle } from '../domain/contract-boundary';
import type { ContractChange } from '../domain/contract-change';
import type { Decision, DecisionContext } from '../domain/contract-commands';
import type { GeneratorFacts } from '../domain/generator';
import type { Instant } from '../domain/instant';
import { laterOf } from '../domain/instant';
import type { JsonObject } from '../domain/json';
import { NO_NUDGE } from '../domain/nudge';
import type { Nudge } from '../domain/nudge';
import { isRefusal, refuse } from '../domain/refusal';
import type { Refusal } from '../domain/refusal';
import { difference, insertAudit, insertDomainEvents } from './commit';
import { factsOf, findContract } from './contract';
import type { ContractRow } from './contract';
import { findGenerator } from './generator';
import type { Sql } from './index';
import { refreshTerms } from './license-terms';
import { findProduct } from './product';

/** What came of a change. */
export interface Changed {
  row: ContractRow;
  facts: ContractFacts;
  /** The refusal of the command, null when it was carried out or there was nothing to do. */
  refusal: Refusal | null;
  /** False when what was asked already held. */
  changed: boolean;
  crossed: ContractChange[];
  nudge: Nudge;
}

export interface ChangeRequest {
  id: string;
  actor: Actor;
  now: Instant;
  request_id: string | null;
  /** The generator that the command would put in place, to be loaded for the decision. */
  generator_id?: string | undefined;
  /** Keeps requests from claiming quota while a change of the quota is decided. */
  lock_quota?: boolean | undefined;
}

/** Settles a contract and carries out one decision; call it inside a transaction. Answers `NOT_FOUND` as a refusal. */
export async function changeContract(
  tx: Sql,
  request: ChangeRequest,
  decide: (facts: ContractFacts, context: DecisionContext) => Decision,
): Promise<Changed | Refusal> {
  const row = await findContract(tx, request.id, { lock: true, lock_quota: request.lock_quota === true });
  if (!row) return refuse('NOT_FOUND', { what: 'contract', id: request.id });
  if (row.deleted_at !== null) return deletedRefusal(row);

  const before = factsOf(row);
  const now = laterOf(request.now, before.settled_until);
  const settled = settle(before, now);
  const context = await decisionContext(tx, row, request, now);
  const decision = decide(settled.facts, context);

  const change = isRefusal(decision) || decision === 'unchanged' ? null : decision;
  const facts = change ? { ...change.facts, settled_until: now } : settled.facts;
  const steps = [
    ...settled.crossed.map((crossing) => ({ change: crossing, actor: SYSTEM })),
    ...(change ? [{ change, actor: request.actor }] : []),
  ];
  if (steps.length > 0) await commit(tx, before, facts, steps, request, now);
  if (change?.revised) await prepareTerms(tx, facts, context.generator);

  const nudge = await nudgeFor(tx, row, facts, now);
  return {
    row: steps.length > 0 ? ((await findContract(tx, request.id)) as ContractRow) : row,
    facts,
    refusal: isRefusal(decision) ? decision : null,
    changed: change !== null,
    crossed: settled.crossed,
    nudge,
  };
}

/** Writes a contract that did not exist, with its quota and first revision; call it inside a transaction. */
export async function insertContract(
  tx: Sql,
  change: ContractChange,
  actor: Actor,
  request_id: string | null,
  generator: GeneratorFacts | null,
): Promise<Changed> {
  const { facts } = change;
  const now = change.at;
  await tx`INSERT INTO contracts ${tx(columnsOf(tx, facts, now))}`;
  await tx`INSERT INTO contract_quotas ${tx({ contract_id: facts.id, total: facts.quota.total, claimed: 0 })}`;
  await insertGrant(tx, facts, facts.quota.total, 'created', actor, now);
  await writeHistory(tx, null, facts, [{ change, actor }], request_id);
  await prepareTerms(tx, facts, generator);
  const row = (await findContract(tx, facts.id)) as ContractRow;
  const nudge = facts.activated_at === null ? NO_NUDGE : { contract_id: facts.id, job_ids: [] };
  return { row, facts, refusal: null, changed: true, crossed: [], nudge };
}

/** The refusal that stands for a deleted contract; the tombstone is in its metadata. */
export function deletedRefusal(row: ContractRow): Refusal {
  return refuse('CONTRACT_DELETED', {
    id: row.id,
    last_name: row.name,
    deleted_at: row.deleted_at,
    deleted_by: row.deleted_by,
  });
}

/** Makes the license terms while the contract is being changed, so that the first request for licenses finds them. */
async function prepareTerms(tx: Sql, facts: ContractFacts, generator: GeneratorFacts | null): Promise<void> {
  if (generator !== null && generator.id === facts.generator_id && mayGenerateIn(stateAt(facts, facts.settled_until))) {
    await refreshTerms(tx, facts, generator);
  }
}

async function decisionContext(
  tx: Sql,
  row: ContractRow,
  request: ChangeRequest,
  now: Instant,
): Promise<DecisionContext> {
  const product = await findProduct(tx, row.product_id);
  if (!product) throw new Error(`contract ${row.id} refers to no product`);
  // A generator that is given to the contract, or judged against a new quota, must not change meanwhile.
  const judged = request.generator_id !== undefined || request.lock_quota === true;
  const generator_id = request.generator_id ?? row.generator_id;
  const generator: GeneratorFacts | undefined = await findGenerator(tx, generator_id, judged ? { lock: 'use' } : {});
  return { now, actor_id: request.actor.id, product, generator: generator ?? null, open_jobs: row.open_jobs };
}

interface Step {
  change: ContractChange;
  actor: Actor;
}

async function commit(
  tx: Sql,
  before: ContractFacts,
  facts: ContractFacts,
  steps: Step[],
  request: ChangeRequest,
  now: Instant,
): Promise<void> {
  const deleted = facts.deleted_at !== null ? { deleted_by: request.actor.name } : {};
  await tx`UPDATE contracts SET ${tx({ ...columnsOf(tx, facts, now), ...deleted })} WHERE id = ${facts.id}`;
  for (const hold of facts.holds) {
    if (hold.id === null) await tx`INSERT INTO contract_holds ${tx({ ...withoutId(hold), contract_id: facts.id })}`;
    else if (hold.lifted_at !== null)
      await tx`UPDATE contract_holds SET lifted_at = ${hold.lifted_at} WHERE id = ${hold.id}`;
  }
  const granted = facts.quota.total - before.quota.total;
  if (granted !== 0) {
    await tx`UPDATE contract_quotas SET total = ${facts.quota.total} WHERE contract_id = ${facts.id}`;
    await insertGrant(tx, facts, granted, 'edited', request.actor, now);
  }
  await writeHistory(tx, before, facts, steps, request.request_id);
}

/** One audit row, one domain event and, where terms changed, one revision for each step. */
async function writeHistory(
  tx: Sql,
  before: ContractFacts | null,
  after: ContractFacts,
  steps: Step[],
  request_id: string | null,
): Promise<void> {
  let previous = before;
  const audit = [];
  for (const { change, actor } of steps) {
    const differs = difference(previous ? auditedFacts(previous) : {}, auditedFacts(change.facts));
    audit.push({
      at: change.at,
      actor,
      action: change.action,
      subject_type: 'contract' as const,
      subject_id: after.id,
      contract_id: after.id,
      environment: after.environment,
      before: previous ? { ...differs.before, state: stateAt(previous, previous.settled_until) } : null,
      after: { ...differs.after, state: stateAt(change.facts, change.at) },
      reason: change.reason ?? null,
      request_id,
      revision: change.facts.revision,
    });
    if (change.revised) {
      await tx`INSERT INTO contract_revisions ${tx({
        contract_id: after.id,
        revision: change.facts.revision,
        effective_at: change.at,
        actor: tx.json({ ...actor }),
        action: change.action,
        snapshot: tx.json(auditedFacts(change.facts)),
      })}`;
    }
    previous = { ...change.facts, settled_until: change.at };
  }
  await insertAudit(tx, audit);
  await insertDomainEvents(
    tx,
    steps.map(({ change }) => ({
      at: change.at,
      type: change.action,
      contract_id: after.id,
      environment: after.environment,
      data: {
        contract_id: after.id,
        state: stateAt(change.facts, change.at),
        revision: change.facts.revision,
        reason: change.reason ?? null,
      },
    })),
  );
}

async function insertGrant(
  tx: Sql,
  facts: ContractFacts,
  amount: number,
  reason: string,
  actor: Actor,
  now: Instant,
): Promise<void> {
  await tx`INSERT INTO quota_grants ${tx({ contract_id: facts.id, amount, effective_at: now, reason, actor: tx.json({ ...actor }) })}`;
}

/** The workflow is woken when it waits for another boundary than it knew; paused jobs when generation is open again. */
async function nudgeFor(tx: Sql, row: ContractRow, facts: ContractFacts, now: Instant): Promise<Nudge> {
  const boundary = nextBoundary(facts);
  const moved =
    row.activated_at !== facts.activated_at ||
    row.next_boundary_at !== (boundary?.at ?? null) ||
    row.customer_id !== facts.customer_id ||
    row.state !== stateAt(facts, now);
  const opened = mayGenerateIn(stateAt(facts, now)) && !row.may_generate;
  const paused = opened
    ? await tx<{ id: string }[]>`SELECT id FROM generation_jobs WHERE contract_id = ${facts.id} AND state = 'PAUSED'`
    : [];
  return { contract_id: moved && facts.activated_at !== null ? facts.id : null, job_ids: paused.map((job) => job.id) };
}

/** The columns of `contracts` for the facts, with the copies of what is derived from them. */
function columnsOf(tx: Sql, facts: ContractFacts, now: Instant) {
  const state: ContractState = stateAt(facts, now);
  const boundary = nextBoundary(facts);
  return {
    id: facts.id,
    environment: facts.environment,
    name: facts.name,
    type: facts.type,
    product_id: facts.product_id,
    generator_id: facts.generator_id,
    customer_id: facts.customer_id,
    feature_overrides: tx.json(facts.feature_overrides),
    activation_limit: facts.activation_limit === null ? null : tx.json(facts.activation_limit),
    expiry: facts.expiry === null ? null : tx.json(facts.expiry),
    metadata: tx.json(facts.metadata),
    timezone: facts.timezone,
    start_date: facts.start_date,
    end_date: facts.end_date,
    term_length: facts.term_length,
    term_number: facts.term_number,
    expiry_grace_days: facts.expiry_grace_days,
    activated_at: facts.activated_at,
    deleted_at: facts.deleted_at,
    revision: facts.revision,
    settled_until: facts.settled_until,
    state,
    may_generate: mayGenerateIn(state),
    next_boundary_at: boundary?.at ?? null,
    next_boundary_kind: boundary?.kind ?? null,
    created_at: facts.created_at,
    created_by: facts.created_by,
    updated_at: now,
  };
}

/** The facts that history compares and keeps: what people decide, not what counters and clocks do. */
function auditedFacts(facts: ContractFacts): JsonObject {
  const { settled_until: _settled, quota, holds, ...terms } = facts;
  return {
    ...terms,
    quota: quota.total,
    holds: holds.filter((hold) => hold.lifted_at === null).map((hold) => ({ ...withoutId(hold) })),
  };
}

function withoutId<T extends { id: string | null }>(hold: T): Omit<T, 'id'> {
  const { id: _id, ...rest } = hold;
  return rest;
}
