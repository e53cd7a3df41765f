/** Saves a decided change of a contract: its facts, history and derived columns together. Only files of this folder call it. */
import type { Act } from '../../domain/base/edit';
import { ERASED_NAME } from '../../domain/access/erasure';
import { sameJson } from '../../domain/base/json';
import type { GeneratorFacts } from '../../domain/catalogue/generator';
import { opensReplenishment } from '../../domain/contract/auto-replenish';
import { stateAt } from '../../domain/contract/contract';
import { copiesToStore, wakeInstant } from '../../domain/contract/copies';
import type { ContractCopies } from '../../domain/contract/copies';
import type { ContractFacts } from '../../domain/contract/facts';
import { historyOf, withRemaining } from '../../domain/contract/history';
import type { ContractHistory, ContractStep } from '../../domain/contract/history';
import type { Nudge, OperationRef } from '../../domain/contract/nudge';
import { mayGenerateIn } from '../../domain/contract/operations';
import { settledOn } from '../../domain/contract/time-zone-rules';
import { resolveStoredName } from '../../db/access/person';
import { insertAudit } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { saveInvoices } from '../../db/billing/invoice';
import { saveAmendments } from '../../db/contract/amendment';
import type { ContractRow } from '../../db/contract/contract';
import { insertDomainEvents } from '../../db/contract/domain-event';
import { saveHolds } from '../../db/contract/hold';
import { refreshTerms } from '../../db/contract/license-terms';
import { insertQuotaGrants, refreshGrants, setQuotaTotal } from '../../db/contract/quota';
import { oweUndeliverable } from '../../db/notification/notice';
import { deleteReplenishment, unblockValidity } from '../../db/pool/replenishment';
import { deleteReportSchedulesOf, outdateReports } from '../../db/notification/report-schedule';
import { endSchedulesOf, outdateRuns } from '../../db/schedule/schedule';
import { deleteRates, saveRateLimits } from '../../db/generation/rate';
import { insertRenewals } from '../../db/contract/renewal';
import { insertRevisions } from '../../db/contract/revision';
import { updateContractRow, updateSettlementColumns } from '../../db/contract/save-contract';
import type { DerivedColumns } from '../../db/contract/save-contract';
import { TIME_ZONE_RULES } from '../base/time-zone-rules';
import { awaitChunks } from '../../db/generation/chunk';
import { listPausedJobs } from '../../db/generation/generation-job';
import { revokeKeysAfter } from './revoke-api-keys';
import { cancelOpenJobs } from './cancel-open-jobs';
import { revokeIssued } from './revoke-issued';
import type { StoredContract } from './changed-contract';

/** A decided change of a contract that is not yet saved. */
export interface UnsavedChange {
  /** The row when it was locked. */
  row: ContractRow;
  before: ContractFacts;
  facts: ContractFacts;
  steps: ContractStep[];
  /** The generator of the contract after the change. */
  generator: GeneratorFacts | null;
}

/** Saves what differs. Returns what is stored then, and the workflows to signal after the commit. */
export async function saveChange(
  tx: Sql,
  act: Act,
  change: UnsavedChange,
): Promise<{ stored: StoredContract; nudge: Nudge }> {
  const { row, before, facts, steps } = change;
  const copies = copiesToStore(row, before, facts, TIME_ZONE_RULES);
  // The local day of a draft changes with its time zone.
  const settled_on = settledOn(facts, row.timezone === facts.timezone ? row.settled_on : null);
  const derived = { ...copies, settled_on };
  const written = steps.length > 0 || hasQuietChange(row, before, facts, copies);
  const { cancelled, operations, schedules } =
    steps.length > 0 ? await saveSteps(tx, act, change, derived) : NOTHING_STARTED;
  if (written && steps.length === 0) await saveQuietly(tx, change, derived);
  const nudge = await nudgeFor(tx, row, facts, copies);
  return {
    stored: storedContract(row, facts, copies),
    nudge: {
      ...nudge,
      job_ids: [...nudge.job_ids, ...cancelled],
      ...(operations.length > 0 ? { operations } : {}),
      ...(schedules.length > 0 ? { schedule_ids: schedules } : {}),
    },
  };
}

/** What is stored of a contract after a change. `clock_now` is the time of its test clock, null on the real clock. */
export function storedContract(
  {
    clock_now,
    reserved,
    timer_at,
    unwoken_since,
  }: Pick<ContractRow, 'clock_now' | 'reserved' | 'timer_at' | 'unwoken_since'>,
  { test_clock_id }: ContractFacts,
  { state, may_generate, next_boundary_at, next_boundary_kind, wake_at }: ContractCopies,
): StoredContract {
  return {
    state,
    may_generate,
    next_boundary_at,
    next_boundary_kind,
    wake_at,
    timer_at,
    unwoken_since,
    test_clock_id,
    clock_now,
    reserved,
  };
}

/** Saves the history of a change without its domain events: they are numbered from the quota row, and so come last. */
export async function saveHistory(
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

/** Computes the license terms while the contract is being changed, so that the first request for licenses finds them. */
export async function prepareTerms(tx: Sql, facts: ContractFacts, generator: GeneratorFacts | null): Promise<void> {
  const open = mayGenerateIn(stateAt(facts, facts.settled_until), facts);
  if (open && generator !== null && generator.id === facts.generator_id) await refreshTerms(tx, facts, generator);
}

/** Whether the row must be saved although there is no step: a boundary was skipped, or the billing system answered. */
function hasQuietChange(
  row: ContractRow,
  before: ContractFacts,
  facts: ContractFacts,
  copies: ContractCopies,
): boolean {
  const columns = quietColumns(facts, copies);
  const moved = Object.entries(columns).some(
    ([column, value]) => !sameJson(row[column as keyof typeof columns], value),
  );
  return moved || !sameJson(before.invoices, facts.invoices);
}

function quietColumns({ billing_unreachable_since, verify_after }: ContractFacts, copies: ContractCopies) {
  return { ...copies, billing_unreachable_since, verify_after };
}

async function saveQuietly(
  tx: Sql,
  { row, before, facts }: UnsavedChange,
  { settled_on, ...copies }: DerivedColumns,
): Promise<void> {
  const { settled_until } = facts;
  await updateSettlementColumns(tx, facts.id, { ...quietColumns(facts, copies), settled_until, settled_on });
  await saveInvoices(tx, facts.id, before.invoices, facts.invoices);
  if (row.may_generate && !copies.may_generate) await awaitChunks(tx, facts.id);
  await refreshGrants(tx, facts.id);
}

/** What a change does to jobs. */
interface ChangedJobs {
  /** The generation jobs that were cancelled with the contract. */
  cancelled: string[];
  /** The operations on its licenses that were created. */
  operations: OperationRef[];
  /** Its schedules that ended, or whose next run is to be computed again. */
  schedules: string[];
}

const NOTHING_STARTED: ChangedJobs = { cancelled: [], operations: [], schedules: [] };

/** What decides how long new licenses of a pool can be given out. */
const VALIDITY_FIELDS = ['expiry', 'cap_expiry_at_contract_end', 'end_date', 'min_remaining_validity'] as const;

/** Saves a change with its history. */
async function saveSteps(
  tx: Sql,
  { actor, now: real_now, request_id }: Act,
  { row, before, facts, steps, generator }: UnsavedChange,
  derived: DerivedColumns,
): Promise<ChangedJobs> {
  const { id, settled_until: now } = facts;
  const history = historyOf(before, steps);
  const deleted_by = facts.deleted_at === null ? {} : { deleted_by: await resolveStoredName(tx, actor, ERASED_NAME) };
  await updateContractRow(tx, facts, { ...derived, ...deleted_by });
  await saveHolds(tx, id, facts.holds);
  await saveInvoices(tx, id, before.invoices, facts.invoices);
  await saveAmendments(tx, id, before.amendments, facts.amendments);
  await saveHistory(tx, facts, history, request_id);
  if (history.revisions.length > 0) await prepareTerms(tx, facts, generator);
  const ended = before.terminated_at === null && facts.terminated_at !== null;
  await revokeKeysAfter(tx, { actor, now: real_now, request_id }, before, facts);
  const cancelled = ended ? await cancelOpenJobs(tx, id, now, request_id) : [];
  if (row.may_generate && !derived.may_generate) await awaitChunks(tx, id);
  // From here on the quota row is locked. A job that was granted while the lock was awaited is cancelled too.
  const { total, claimed: read } = facts.quota;
  const claimed = total === before.quota.total ? read : await setQuotaTotal(tx, id, total);
  await refreshGrants(tx, id);
  if (facts.deleted_at !== null) await deleteRates(tx, id);
  else if (!sameJson(before.rate_limits, facts.rate_limits)) await saveRateLimits(tx, id, facts.rate_limits);
  if (!sameJson(before.auto_replenish, facts.auto_replenish)) await deleteReplenishment(tx, id);
  if (VALIDITY_FIELDS.some((field) => !sameJson(before[field], facts[field]))) await unblockValidity(tx, id);
  if (ended) cancelled.push(...(await cancelOpenJobs(tx, id, now, request_id)));
  const revokes = steps.some(({ change }) => change.revokes_issued);
  const operations = revokes ? await revokeIssued(tx, facts, { actor, now: real_now, request_id }) : [];
  if (before.account_manager !== facts.account_manager || before.customer_id !== facts.customer_id)
    await oweUndeliverable(tx, { contract_id: id }, real_now);
  await insertDomainEvents(tx, id, withRemaining(history.events, claimed));
  return { cancelled, operations, schedules: await followInSchedules(tx, before, facts) };
}

/** Ends the schedules of a contract that is over, deletes those of its reports with it, and lets those of another time zone be computed again. Returns them. */
async function followInSchedules(tx: Sql, before: ContractFacts, facts: ContractFacts): Promise<string[]> {
  const { id, settled_until, timezone } = facts;
  if (facts.deleted_at !== null) await deleteReportSchedulesOf(tx, id);
  else if (before.timezone !== timezone) await outdateReports(tx, id, settled_until);
  if (facts.deleted_at !== null) return endSchedulesOf(tx, id, 'CONTRACT_DELETED', settled_until);
  if (facts.terminated_at !== null) return endSchedulesOf(tx, id, 'CONTRACT_TERMINATED', settled_until);
  return before.timezone === timezone ? [] : outdateRuns(tx, id, settled_until);
}

/**
 * The workflows to signal: that of the contract when what it waits for or its shown name changes, and those of paused jobs when
 * generation is possible again, and that of the pool when it may have to be replenished.
 */
async function nudgeFor(tx: Sql, row: ContractRow, facts: ContractFacts, copies: ContractCopies): Promise<Nudge> {
  const moved =
    row.activated_at !== facts.activated_at ||
    wakeInstant(row) !== wakeInstant(copies) ||
    (copies.verify_at !== null && row.verify_at !== copies.verify_at) ||
    row.customer_id !== facts.customer_id ||
    row.name !== facts.name ||
    row.state !== copies.state;
  const opened = copies.may_generate && !row.may_generate;
  const job_ids = opened ? await listPausedJobs(tx, facts.id) : [];
  const contract_id = moved && facts.activated_at !== null ? facts.id : null;
  const opens = opensReplenishment(
    { ...row, total: row.quota_total },
    { ...facts, state: copies.state, total: facts.quota.total },
  );
  return { contract_id, job_ids, ...(opens ? { pool_ids: [facts.id] } : {}) };
}
