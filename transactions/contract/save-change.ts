/** Saving what was decided on a contract: facts, history, and what SQL judges by, together; only files of this folder call it. */
import type { Act } from '../../domain/base/edit';
import { ERASED_NAME } from '../../domain/access/erasure';
import { sameJson } from '../../domain/base/json';
import type { GeneratorFacts } from '../../domain/catalogue/generator';
import { stateAt } from '../../domain/contract/contract';
import { copiesToStore } from '../../domain/contract/copies';
import type { ContractCopies } from '../../domain/contract/copies';
import type { ContractFacts } from '../../domain/contract/facts';
import { historyOf } from '../../domain/contract/history';
import type { ContractHistory, ContractStep } from '../../domain/contract/history';
import type { Nudge } from '../../domain/contract/nudge';
import { mayGenerateIn } from '../../domain/contract/operations';
import { settledOn } from '../../domain/contract/time-zone-rules';
import { resolveStoredName } from '../../db/access/person';
import { insertAudit } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { saveInvoices } from '../../db/billing/invoice';
import { saveAmendments } from '../../db/contract/amendment';
import { findContract } from '../../db/contract/contract';
import type { ContractRow } from '../../db/contract/contract';
import { insertDomainEvents } from '../../db/contract/domain-event';
import { saveHolds } from '../../db/contract/hold';
import { refreshTerms } from '../../db/contract/license-terms';
import { insertQuotaGrants, refreshGrants, setQuotaTotal } from '../../db/contract/quota';
import { insertRenewals } from '../../db/contract/renewal';
import { insertRevisions } from '../../db/contract/revision';
import { updateContractRow, updateSettlementColumns } from '../../db/contract/save-contract';
import type { DerivedColumns } from '../../db/contract/save-contract';
import { TIME_ZONE_RULES } from '../base/time-zone-rules';
import { awaitChunks } from '../../db/generation/chunk';
import { listPausedJobs } from '../../db/generation/generation-job';
import { cancelOpenJobs } from './cancel-open-jobs';

/** A change of a contract that is decided and not yet written. */
export interface UnsavedChange {
  /** As it was locked. */
  row: ContractRow;
  before: ContractFacts;
  facts: ContractFacts;
  steps: ContractStep[];
  /** The generator of the contract after the change. */
  generator: GeneratorFacts | null;
}

/** Writes what differs; answers the row as it is stored then, and whom to wake after the commit. */
export async function saveChange(
  tx: Sql,
  act: Act,
  change: UnsavedChange,
): Promise<{ row: ContractRow; nudge: Nudge }> {
  const { row, before, facts, steps } = change;
  const copies = copiesToStore(row, before, facts, TIME_ZONE_RULES);
  // A draft that gets another zone has reached another day.
  const settled_on = settledOn(facts, row.timezone === facts.timezone ? row.settled_on : null);
  const derived = { ...copies, settled_on };
  const written = steps.length > 0 || isQuietlyMoved(row, before, facts, copies);
  const cancelled = steps.length > 0 ? await saveSteps(tx, act, change, derived) : [];
  if (written && steps.length === 0) await saveQuietly(tx, change, derived);
  const nudge = await nudgeFor(tx, row, facts, copies);
  return {
    row: written ? ((await findContract(tx, facts.id)) as ContractRow) : row,
    nudge: { ...nudge, job_ids: [...nudge.job_ids, ...cancelled] },
  };
}

/** Writes what a change leaves besides the facts, less its domain events: they are numbered from the quota row, and so come last. */
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

/** Makes the license terms while the contract is being changed, so that the first request for licenses finds them. */
export async function prepareTerms(tx: Sql, facts: ContractFacts, generator: GeneratorFacts | null): Promise<void> {
  const open = mayGenerateIn(stateAt(facts, facts.settled_until), facts);
  if (open && generator !== null && generator.id === facts.generator_id) await refreshTerms(tx, facts, generator);
}

/** Whether something is to be written although nothing happened: a boundary was passed by unverified, an answer came. */
function isQuietlyMoved(
  row: ContractRow,
  before: ContractFacts,
  facts: ContractFacts,
  copies: ContractCopies,
): boolean {
  const kept = quietColumns(facts, copies);
  const moved = Object.entries(kept).some(([column, value]) => !sameJson(row[column as keyof typeof kept], value));
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

/** Writes a change with its history; answers the jobs that ended with the contract. */
async function saveSteps(
  tx: Sql,
  { actor, request_id }: Act,
  { row, before, facts, steps, generator }: UnsavedChange,
  derived: DerivedColumns,
): Promise<string[]> {
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
  const cancelled = ended ? await cancelOpenJobs(tx, id, now, request_id) : [];
  if (row.may_generate && !derived.may_generate) await awaitChunks(tx, id);
  // From here on the quota row is locked. A job that was granted while its lock was awaited is cancelled as well.
  if (facts.quota.total !== before.quota.total) await setQuotaTotal(tx, id, facts.quota.total);
  await refreshGrants(tx, id);
  if (ended) cancelled.push(...(await cancelOpenJobs(tx, id, now, request_id)));
  await insertDomainEvents(tx, id, history.events);
  return cancelled;
}

/**
 * Whom to wake: the workflow when it waits for another boundary or shows another name than it knew, paused jobs when generation is
 * open again.
 */
async function nudgeFor(tx: Sql, row: ContractRow, facts: ContractFacts, copies: ContractCopies): Promise<Nudge> {
  const moved =
    row.activated_at !== facts.activated_at ||
    row.next_boundary_at !== copies.next_boundary_at ||
    (copies.verify_at !== null && row.verify_at !== copies.verify_at) ||
    row.customer_id !== facts.customer_id ||
    row.name !== facts.name ||
    row.state !== copies.state;
  const opened = copies.may_generate && !row.may_generate;
  const job_ids = opened ? await listPausedJobs(tx, facts.id) : [];
  return { contract_id: moved && facts.activated_at !== null ? facts.id : null, job_ids };
}
