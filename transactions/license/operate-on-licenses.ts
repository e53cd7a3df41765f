/** Carries out a task on many licenses: locks them, decides about each, stores what changes, and records it once for all. */
import { auditAct } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { insertDomainEvents } from '../../db/contract/domain-event';
import { insertOperation } from '../../db/license/license-operation';
import type { NewLicenseOperation } from '../../db/license/license-operation';
import { insertOutcomes } from '../../db/license/license-outcome';
import {
  leaveUnchanged,
  listLicenseIds,
  lockLicenses,
  storeAssignments,
  storeChanges,
} from '../../db/license/locked-license';
import type { LicenseOfMany } from '../../db/license/locked-license';
import type { LicenseFilter } from '../../db/license/license-page';
import type { Act } from '../../domain/base/edit';
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import { isRefusal, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { licenseIdText } from '../../domain/license/license';
import {
  INLINE_OPERATION_LICENSES_MAX,
  NAMED_LICENSES_MAX,
  countDecisions,
  finalOperationState,
  notAvailable,
} from '../../domain/license/license-operation';
import type { LicenseDecision, OperationCounts } from '../../domain/license/license-operation';
import { candidatesOf, decideTask, operationEvent, storedTask, taskAction, taskSummary } from '../../domain/license/license-task';
import type { LicenseTask } from '../../domain/license/license-task';
import { lockOutOfPool } from './lock-out-of-pool';

/**
 * Which licenses an operation is about: stored ids, with texts of the request that are no ids; or those that match a filter, with `limit`
 * exactly so many that it can change.
 */
export type LicenseSelection = { ids: readonly string[]; unknown_ids?: readonly string[] } | { filter: LicenseFilter; limit: number | null };

/** A license with the decision about it. */
export interface DecidedLicense extends LicenseDecision {
  /** The stored id; negative for a text that is no id of a license. */
  id: string;
  /** That text; null: `id` is an id. */
  unknown_id: string | null;
}

export interface OperationResult {
  /** Null when nothing was changed: then nothing is recorded either. */
  operation_id: string | null;
  counts: OperationCounts;
  licenses: DecidedLicense[];
}

/**
 * Carries out a task in one transaction, with one row of the operation, one audit row, and one domain event for each contract. Call it
 * inside a transaction, and roll that back after a refusal.
 */
export async function operateOnLicenses(
  tx: Sql,
  task: LicenseTask,
  selection: LicenseSelection,
  act: Act,
): Promise<OperationResult | Refusal> {
  const decided = await decideSelection(tx, selection, task, act.now);
  if (isRefusal(decided)) return decided;
  const summary = summarize(await storeDecisions(tx, task, decided));
  const counts = countDecisions(decided);
  let operation_id: string | null = null;
  if (counts.done > 0) {
    const operation = { ...newOperation(task, selection, decided.length), ...act };
    const state = finalOperationState('RUNNING', { ...counts, ...operation });
    operation_id = await insertOperation(tx, operation, { state, counts });
    await insertOutcomes(tx, operation_id, notDoneOf(decided));
    await recordOperation(tx, { operation_id, task, summary, act });
  }
  return {
    operation_id,
    counts,
    licenses: decided.map(({ id, unknown_id, outcome, reason, other_customer_id }) => ({
      ...{ id, unknown_id, outcome, reason, other_customer_id },
    })),
  };
}

/** The columns of an operation that its request gives. */
export function newOperation(
  task: LicenseTask,
  selection: LicenseSelection,
  requested: number,
): Omit<NewLicenseOperation, keyof Act> {
  if ('ids' in selection) {
    const { ids, unknown_ids = [] } = selection;
    const named = { contract_id: null, filter: null, license_ids: ids, unknown_ids };
    return { ...storedTask(task), ...named, requested, exact: false };
  }
  const { filter, limit } = selection;
  const { contract_id = null } = filter;
  const filtered = { contract_id, filter, license_ids: null };
  return { ...storedTask(task), ...filtered, requested, exact: limit !== null };
}

/** A locked license with the decision about it; `license` is null when there is none with this id. */
export interface LockedDecision extends DecidedLicense {
  license: LicenseOfMany | null;
  /** Whether its row of facts exists only for the lock. */
  unused: boolean;
  /** The time of its contract's clock. */
  at: Instant;
}

async function decideSelection(
  tx: Sql,
  selection: LicenseSelection,
  task: LicenseTask,
  now: Instant,
): Promise<LockedDecision[] | Refusal> {
  if ('ids' in selection) {
    const { ids, unknown_ids = [] } = selection;
    const unknown = unknownDecisions(unknown_ids).map((one) => ({ ...one, license: null, unused: false, at: now }));
    return [...unknown, ...(await lockAndDecide(tx, ids, { task, filter: null }, now))];
  }
  const { filter, limit } = selection;
  if (limit !== null) return decideExactly(tx, { filter, limit }, task, now);
  const page = { after: null, limit: INLINE_OPERATION_LICENSES_MAX, now };
  const ids = await listLicenseIds(tx, candidatesOf(filter, task, false), page);
  return lockAndDecide(tx, ids, { task, filter }, now);
}

/**
 * Finds exactly `limit` licenses that the task can change, earliest first. Licenses that another transaction has changed meanwhile are
 * passed over, and later ones are taken instead.
 */
async function decideExactly(
  tx: Sql,
  { filter, limit }: { filter: LicenseFilter; limit: number },
  task: LicenseTask,
  now: Instant,
): Promise<LockedDecision[] | Refusal> {
  const candidates = candidatesOf(filter, task, true);
  const taken: LockedDecision[] = [];
  let after: string | null = null;
  for (let read = 0; taken.length < limit; ) {
    const missing = limit - taken.length;
    // As many as are missing, so that no other license is locked; more when earlier ones could not be taken, so that the rounds are few.
    const most = Math.min(INLINE_OPERATION_LICENSES_MAX, Math.max(missing, read));
    const ids: string[] = await listLicenseIds(tx, candidates, { after, limit: most, now });
    if (ids.length === 0) return refuse('NOT_ENOUGH_LICENSES', { requested: limit, available: taken.length });
    read += ids.length;
    after = ids.at(-1) ?? null;
    const decided = await lockAndDecide(tx, ids, { task, filter }, now);
    const chosen = new Set(decided.filter(({ outcome }) => outcome === 'done').slice(0, missing));
    taken.push(...chosen);
    await leaveAsTheyWere(
      tx,
      decided.filter((one) => !chosen.has(one)),
    );
  }
  return taken;
}

/** Locks licenses in the order of their ids and decides about each, as it is under the lock. `filter` is what selected them; null: their ids. */
export async function lockAndDecide(
  tx: Sql,
  ids: readonly string[],
  { task, filter }: { task: LicenseTask; filter: LicenseFilter | null },
  now: Instant,
): Promise<LockedDecision[]> {
  const { licenses, unused } = await lockOutOfPool(tx, ids, () => lockLicenses(tx, ids));
  const by_id = new Map(licenses.map((license) => [license.id, license]));
  return ids.map((id) => {
    const license = by_id.get(id) ?? null;
    const at = license?.clock_now ?? now;
    const decided = license === null ? notAvailable('not_found') : decideTask(task, license, at, filter);
    return { ...decided, id, unknown_id: null, license, unused: unused.has(id), at };
  });
}

/** The decisions about texts that are no ids, numbered from their negative count to -1. */
export function unknownDecisions(unknown_ids: readonly string[]): DecidedLicense[] {
  return unknown_ids.map((unknown_id, n) => ({ ...notAvailable('not_found'), id: String(n - unknown_ids.length), unknown_id }));
}

/** Undoes what only the lock did to licenses. */
function leaveAsTheyWere(tx: Sql, decided: readonly LockedDecision[]): Promise<void> {
  const unused = decided.filter((one) => one.unused);
  return leaveUnchanged(tx, { ids: decided.map(({ id }) => id), unused: unused.map(({ id }) => id) });
}

/** The licenses that an operation leaves as they are, although they are not as it wants them. */
export function notDoneOf(decided: readonly LockedDecision[]): LockedDecision[] {
  return decided.filter(({ outcome }) => outcome === 'conflict' || outcome === 'not_available');
}

/** A license that was changed. */
export interface ChangedLicense {
  id: string;
  contract_id: string | null;
  environment: Environment;
  at: Instant;
  clock_now: Instant | null;
  moved: boolean;
}

/** Writes the licenses that the task changes, and no others. Returns them. */
export async function storeDecisions(
  tx: Sql,
  task: LicenseTask,
  decided: readonly LockedDecision[],
): Promise<ChangedLicense[]> {
  const changed = decided.flatMap(({ license, outcome, other_customer_id, at }) =>
    license !== null && outcome === 'done' ? [{ ...license, at, moved: other_customer_id !== null }] : [],
  );
  if (changed.length > 0) await storeTask(tx, task, changed);
  await leaveAsTheyWere(
    tx,
    decided.filter(({ outcome }) => outcome !== 'done'),
  );
  return changed.map(({ id, contract_id, environment, at, clock_now, moved }) => ({
    ...{ id, contract_id, environment, at, clock_now, moved },
  }));
}

function storeTask(tx: Sql, task: LicenseTask, licenses: readonly (LicenseOfMany & { at: Instant })[]): Promise<void> {
  return task.kind === 'assign'
    ? storeAssignments(tx, task.customer_id, licenses)
    : storeChanges(tx, task.kind, licenses);
}

/** The licenses of one contract in an operation, or those of one environment that were created without a contract. */
export interface ContractSummary {
  contract_id: string | null;
  environment: Environment;
  at: Instant;
  clock_now: Instant | null;
  done: number;
  moved: number;
  /** The first {@link NAMED_LICENSES_MAX}, as clients see them. */
  license_ids: string[];
}

/** Summarizes changed licenses by contract, in the order of the ids of contracts, in which their quota rows are locked. */
export function summarize(changed: readonly ChangedLicense[]): ContractSummary[] {
  const by_contract = new Map<string, ContractSummary>();
  for (const { id, contract_id, environment, at, clock_now, moved } of changed) {
    const source = contract_id ?? environment;
    const summary = by_contract.get(source) ?? {
      ...{ contract_id, environment, at, clock_now },
      ...{ done: 0, moved: 0, license_ids: [] },
    };
    by_contract.set(source, summary);
    summary.done += 1;
    if (moved) summary.moved += 1;
    if (summary.license_ids.length < NAMED_LICENSES_MAX) summary.license_ids.push(licenseIdText(id));
  }
  return [...by_contract].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, summary]) => summary);
}

/** An operation that its request has carried out. */
interface CarriedOut {
  operation_id: string;
  task: LicenseTask;
  summary: readonly ContractSummary[];
  act: Act;
}

/** Writes the one audit row of an operation, and one domain event for each contract. */
async function recordOperation(tx: Sql, { operation_id, task, summary, act }: CarriedOut): Promise<void> {
  const total = { done: 0, moved: 0 };
  for (const { done, moved } of summary) {
    total.done += done;
    total.moved += moved;
  }
  const license_ids = summary.flatMap((contract) => contract.license_ids).slice(0, NAMED_LICENSES_MAX);
  const only = summary.length === 1 ? summary[0] : undefined;
  await auditAct(
    tx,
    { ...act, now: only?.at ?? act.now },
    {
      action: taskAction(task, total),
      ...auditSubjectOf(operation_id, storedTask(task).customer_id),
      contract_id: only?.contract_id ?? null,
      environment: only?.environment ?? null,
      before: null,
      after: { operation_id, ...taskSummary(task, { ...total, license_ids }) },
      reason: storedTask(task).reason,
      clock: only === undefined || only.clock_now === null ? 'real' : 'test',
    },
  );
  await insertOperationEvents(tx, { operation_id, task }, summary);
}

/** The subject of the audit rows of an operation: its customer, if it has one. */
export function auditSubjectOf(operation_id: string, customer_id: string | null) {
  return customer_id === null
    ? ({ subject_type: 'license_operation', subject_id: operation_id } as const)
    : ({ subject_type: 'customer', subject_id: customer_id } as const);
}

/** Writes one domain event for each contract. */
export async function insertOperationEvents(
  tx: Sql,
  { operation_id, task }: Pick<CarriedOut, 'operation_id' | 'task'>,
  contracts: readonly Omit<ContractSummary, 'clock_now'>[],
): Promise<void> {
  for (const { contract_id, environment, at, ...changed } of contracts)
    await insertDomainEvents(tx, contract_id, [{ at, environment, ...operationEvent(task, operation_id, changed) }]);
}
