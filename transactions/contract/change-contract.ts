/**
 * The one door through which a contract changes (architecture.md 3).
 *
 * One transaction: lock the row, cross every boundary that is due, ask `domain/` for the decision, and write together
 * the facts, the revision, the quota grant, exactly one audit row for each change, its domain event, and the copies of the
 * derived state that SQL judges by. A refusal still commits the boundaries it met on its way.
 */
import { SYSTEM } from '../../domain/base/actor';
import type { Actor } from '../../domain/base/actor';
import { historyOf } from '../../domain/contract/history';
import type { ContractHistory, ContractStep } from '../../domain/contract/history';
import { stateAt } from '../../domain/contract/contract';
import { deletedRefusal, mayGenerateIn } from '../../domain/contract/operations';
import type { ContractFacts } from '../../domain/contract/facts';
import type { SettleContext } from '../../domain/contract/boundary';
import type { ContractChange } from '../../domain/contract/change';
import { boundaryMove, copiesOf, copiesToStore } from '../../domain/contract/copies';
import { consequencesOf } from '../../domain/contract/consequence';
import type { Decision, DecisionContext } from '../../domain/contract/decision';
import type { GeneratorFacts } from '../../domain/catalogue/generator';
import type { InvoiceName } from '../../domain/billing/invoice';
import { earlierOf, laterOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { sameJson } from '../../domain/base/json';
import { NO_NUDGE } from '../../domain/contract/nudge';
import type { Nudge } from '../../domain/contract/nudge';
import { isRefusal, notFound } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { settledOn } from '../../domain/contract/time-zone-rules';
import {
  answerChange,
  settleFromNow,
  withAnswer,
  withoutInvoices,
  withoutNeedlessWait,
} from '../../domain/contract/verification';
import type { BillingAnswer } from '../../domain/contract/verification';
import { saveAmendments } from '../../db/contract/amendment';
import { countPendingBillingEvents } from '../../db/billing/billing-event';
import { insertAudit } from '../../db/base/audit';
import { insertDomainEvents } from '../../db/contract/domain-event';
import { factsOf, findContract, lockContract } from '../../db/contract/contract';
import type { ContractRow } from '../../db/contract/contract';
import { cancelOpenJobs } from './cancel-open-jobs';
import { findSettleContext } from './settle-context';
import { saveHolds } from '../../db/contract/hold';
import { insertQuota, insertQuotaGrants, lockQuota, refreshGrants, setQuotaTotal } from '../../db/contract/quota';
import { insertRenewals } from '../../db/contract/renewal';
import { insertRevisions } from '../../db/contract/revision';
import { insertContractRow, updateContractRow, updateQuietColumns } from '../../db/contract/save-contract';
import { awaitChunks } from '../../db/generation/chunk';
import { pausedJobsOf } from '../../db/generation/generation-job';
import { findGenerator } from '../../db/catalogue/generator';
import type { Sql } from '../../db/base/database';
import { saveInvoices } from '../../db/billing/invoice';
import { refreshTerms } from '../../db/contract/license-terms';
import { TIME_ZONE_RULES } from '../../db/contract/time-zone-rules';

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
  /** The real time; a contract on a test clock lives by that clock instead. */
  now: Instant;
  request_id: string | null;
  /** The generator that the command would put in place, to be loaded for the decision. */
  generator_id?: string | undefined;
  /** Keeps requests from claiming quota while a change of the quota is decided. */
  lock_quota?: boolean | undefined;
  /**
   * What is known about unpaid invoices: `stop` settles up to where they must be verified, the invoices fetched just now
   * verify them, `unreachable` says that the billing system gave no answer. Left out, what needs verification is passed by
   * and stays due (decisions 3).
   */
  billing?: 'stop' | BillingAnswer | undefined;
  /** Settle up to here and no further, by the contract's clock. */
  until?: Instant | undefined;
  /** Invoices that turned out to be another contract's. */
  foreign_invoices?: InvoiceName[] | undefined;
}

/** Settles a contract and carries out one decision; call it inside a transaction. Answers `NOT_FOUND` as a refusal. */
export async function changeContract(
  tx: Sql,
  request: ChangeRequest,
  decide: (facts: ContractFacts, context: DecisionContext) => Decision,
): Promise<Changed | Refusal> {
  const row = await findLocked(tx, request);
  if (!row) return notFound('contract', request.id);
  if (row.deleted_at !== null) return deletedRefusal(row);

  const before = factsOf(row);
  const clock = row.clock_now ?? request.now;
  // Money that came in is looked at before anything is crossed or judged without it.
  const waits_for_events =
    needsAllEvents(request) && (await countPendingBillingEvents(tx, request.id, request.now)) > 0;
  const settled_until = laterOf(row.settled_until, before.settled_until);
  const wanted = waits_for_events ? settled_until : earlierOf(request.until ?? clock, clock);
  const until = laterOf(wanted, settled_until);
  const answered = waits_for_events ? { ...request, billing: 'stop' as const } : request;
  const context = await settleContext(tx, row, answered, until);
  const settled = settleFromNow(withBilling(before, answered, until), until, context);
  const now = settled.facts.settled_until;
  const steps: ContractStep[] = settled.crossed.map((change) => ({ change, actor: SYSTEM }));
  const moved = boundaryMove(row, before, settled.facts, TIME_ZONE_RULES);
  if (moved) steps.push({ change: moved, actor: SYSTEM });
  const answer = answerChange(before, settled.facts, now);
  if (answer) steps.push({ change: answer, actor: SYSTEM });

  const deciding = await decisionContext(tx, row, request, context, now);
  const decision = decide(settled.facts, deciding);
  const changes = isRefusal(decision) || decision === 'unchanged' ? [] : [decision].flat();
  steps.push(...changes.map((change) => ({ change, actor: request.actor })));
  const decided = { ...(changes.at(-1)?.facts ?? settled.facts), settled_until: now };
  const following = { ...context, generator: context.generators.get(decided.generator_id) ?? deciding.generator };
  const consequences = consequencesOf(decided, now, following, !sameJson(before.invoices, decided.invoices));
  steps.push(...consequences.map((change) => ({ change, actor: SYSTEM })));

  const facts = { ...withoutNeedlessWait(consequences.at(-1)?.facts ?? decided, now), settled_until: now };
  const { written, cancelled } = await commit(tx, row, before, facts, steps, request, following.generator);

  const nudge = await nudgeFor(tx, row, before, facts);
  return {
    row: written ? ((await findContract(tx, request.id)) as ContractRow) : row,
    facts,
    refusal: isRefusal(decision) ? decision : null,
    changed: changes.length > 0,
    crossed: settled.crossed,
    nudge: { ...nudge, job_ids: [...nudge.job_ids, ...cancelled] },
  };
}

/**
 * The contract, locked. A generator that is given to it, or judged against a new quota, is kept from changing; it is locked before
 * the quota row, as a change of the generator does (db/contract/quota.ts).
 */
async function findLocked(tx: Sql, request: ChangeRequest): Promise<ContractRow | undefined> {
  const locked = await lockContract(tx, request.id);
  if (!locked) return undefined;
  if (isGeneratorJudged(request)) await findGenerator(tx, request.generator_id ?? locked.generator_id, { lock: 'use' });
  if (request.lock_quota === true) await lockQuota(tx, request.id);
  return findContract(tx, request.id);
}

function isGeneratorJudged({ generator_id, lock_quota }: ChangeRequest): boolean {
  return generator_id !== undefined || lock_quota === true;
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
  const history = historyOf(null, [{ change, actor }]);
  const copies = copiesOf(facts, change.at, TIME_ZONE_RULES);
  await insertContractRow(tx, facts, { ...copies, settled_on: settledOn(facts, null) });
  await insertQuota(tx, facts.id, facts.quota.total);
  await saveHistory(tx, facts, history, request_id);
  await prepareTerms(tx, facts, generator);
  await refreshGrants(tx, facts.id);
  await insertDomainEvents(tx, facts.id, history.events);
  const row = (await findContract(tx, facts.id)) as ContractRow;
  const nudge = facts.activated_at === null ? NO_NUDGE : { contract_id: facts.id, job_ids: [] };
  return { row, facts, refusal: null, changed: true, crossed: [], nudge };
}

/** Makes the license terms while the contract is being changed, so that the first request for licenses finds them. */
async function prepareTerms(tx: Sql, facts: ContractFacts, generator: GeneratorFacts | null): Promise<void> {
  const open = mayGenerateIn(stateAt(facts, facts.settled_until), facts);
  if (open && generator !== null && generator.id === facts.generator_id) await refreshTerms(tx, facts, generator);
}

/** Whether a change settles or verifies for good, as the workflow does, and so must not pass by what billing has told. */
function needsAllEvents({ billing }: ChangeRequest): boolean {
  return billing === 'stop' || typeof billing === 'object';
}

async function settleContext(
  tx: Sql,
  row: ContractRow,
  { billing }: ChangeRequest,
  until: Instant,
): Promise<SettleContext> {
  const mode = typeof billing === 'object' ? 'verified' : billing === 'stop' ? 'stop' : 'skip';
  return { ...(await findSettleContext(tx, row, until)), billing: mode };
}

/** The stored facts with what was heard of invoices, or that nothing was. */
function withBilling(
  stored: ContractFacts,
  { billing, foreign_invoices = [] }: ChangeRequest,
  now: Instant,
): ContractFacts {
  const own = withoutInvoices(stored, foreign_invoices);
  return billing === undefined || billing === 'stop' ? own : withAnswer(own, billing, now);
}

async function decisionContext(
  tx: Sql,
  row: ContractRow,
  request: ChangeRequest,
  context: SettleContext,
  now: Instant,
): Promise<DecisionContext> {
  const generator_id = request.generator_id ?? row.generator_id;
  const generator = isGeneratorJudged(request)
    ? await findGenerator(tx, generator_id)
    : context.generators.get(generator_id);
  const { product, coterm_target } = context;
  const { open_jobs } = row;
  return { now, actor_id: request.actor.id, product, coterm_target, generator: generator ?? null, open_jobs };
}

/** Writes what differs, with its history; answers whether anything did, and the jobs that ended with the contract. */
async function commit(
  tx: Sql,
  row: ContractRow,
  before: ContractFacts,
  facts: ContractFacts,
  steps: ContractStep[],
  request: ChangeRequest,
  generator: GeneratorFacts | null,
): Promise<{ written: boolean; cancelled: string[] }> {
  const now = facts.settled_until;
  const copies = copiesToStore(row, before, facts, TIME_ZONE_RULES);
  const closes = row.may_generate && !copies.may_generate;
  // A draft that gets another zone has reached another day.
  const settled_on = settledOn(facts, row.timezone === facts.timezone ? row.settled_on : null);
  if (steps.length === 0) {
    const { billing_unreachable_since, verify_after } = facts;
    const kept = { ...copies, billing_unreachable_since, verify_after };
    const moved = Object.entries(kept).some(([column, value]) => !sameJson(row[column as keyof typeof kept], value));
    if (!moved && sameJson(before.invoices, facts.invoices)) return { written: false, cancelled: [] };
    await updateQuietColumns(tx, facts.id, { ...kept, settled_until: now, settled_on });
    await saveInvoices(tx, facts.id, before.invoices, facts.invoices);
    if (closes) await awaitChunks(tx, facts.id);
    await refreshGrants(tx, facts.id);
    return { written: true, cancelled: [] };
  }
  const history = historyOf(before, steps);
  const deleted = facts.deleted_at !== null ? { deleted_by: request.actor.name } : {};
  await updateContractRow(tx, facts, { ...copies, settled_on, ...deleted });
  await saveHolds(tx, facts.id, facts.holds);
  await saveInvoices(tx, facts.id, before.invoices, facts.invoices);
  await saveAmendments(tx, facts.id, before.amendments, facts.amendments);
  await saveHistory(tx, facts, history, request.request_id);
  if (steps.some(({ change }) => change.revised)) await prepareTerms(tx, facts, generator);
  const ended = before.terminated_at === null && facts.terminated_at !== null;
  const cancel = async (): Promise<string[]> => (ended ? cancelOpenJobs(tx, facts.id, now, request.request_id) : []);
  const cancelled = await cancel();
  if (closes) await awaitChunks(tx, facts.id);
  // From here on the quota row is locked. A job that was granted while its lock was awaited is cancelled as well.
  if (facts.quota.total !== before.quota.total) await setQuotaTotal(tx, facts.id, facts.quota.total);
  await refreshGrants(tx, facts.id);
  cancelled.push(...(await cancel()));
  await insertDomainEvents(tx, facts.id, history.events);
  return { written: true, cancelled };
}

/** Writes what a change leaves besides the facts; domain events come last, when the quota row is locked. */
async function saveHistory(
  tx: Sql,
  { id, environment, test_clock_id }: ContractFacts,
  { audit, revisions, quota_grants, renewals }: ContractHistory,
  request_id: string | null,
): Promise<void> {
  await insertQuotaGrants(tx, id, quota_grants);
  await insertRenewals(tx, id, renewals);
  await insertRevisions(tx, id, revisions);
  const subject = { subject_type: 'contract', subject_id: id, contract_id: id } as const;
  const clock = test_clock_id === null ? 'real' : 'test';
  await insertAudit(
    tx,
    audit.map((entry) => ({ ...entry, ...subject, environment, request_id, clock })),
  );
}

/** The workflow is woken when it waits for another boundary or shows another name than it knew; paused jobs when generation is open again. */
async function nudgeFor(tx: Sql, row: ContractRow, before: ContractFacts, facts: ContractFacts): Promise<Nudge> {
  const copies = copiesToStore(row, before, facts, TIME_ZONE_RULES);
  const moved =
    row.activated_at !== facts.activated_at ||
    row.next_boundary_at !== copies.next_boundary_at ||
    (copies.verify_at !== null && row.verify_at !== copies.verify_at) ||
    row.customer_id !== facts.customer_id ||
    row.name !== facts.name ||
    row.state !== copies.state;
  const opened = copies.may_generate && !row.may_generate;
  const job_ids = opened ? await pausedJobsOf(tx, facts.id) : [];
  return { contract_id: moved && facts.activated_at !== null ? facts.id : null, job_ids };
}
