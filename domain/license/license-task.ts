/** What an operation does to each of its licenses: one table of the kinds for requests and jobs. */
import type { Instant } from '../base/instant';
import type { JsonObject } from '../base/json';
import { assignmentAction, decideAssignment } from './license-assignment';
import type { AssignableLicense } from './license-assignment';
import { decideLicenseOfMany, licenseAction } from './license-change';
import type { LicenseChange } from './license-change';
import { LICENSE_STATUSES, licenseStatus } from './license-facts';
import type { LicenseStatus } from './license-facts';
import { notAvailable } from './license-operation';
import type { LicenseDecision, LicenseOperationKind, OperationCounts } from './license-operation';

/** Assigns licenses to a customer; with `reassign`, also those of other customers. */
export interface AssignTask {
  kind: 'assign';
  customer_id: string;
  reassign: boolean;
}

/** Suspends, reinstates or revokes licenses. */
export interface ChangeTask {
  kind: LicenseChange;
  /** For the audit. */
  reason: string | null;
}

export type LicenseTask = AssignTask | ChangeTask;

/** The columns in which an operation stores its task. */
export interface StoredTask {
  kind: LicenseOperationKind;
  customer_id: string | null;
  reassign: boolean;
  reason: string | null;
}

export function storedTask(task: LicenseTask): StoredTask {
  if (task.kind === 'assign') return { ...task, reason: null };
  return { ...task, customer_id: null, reassign: false };
}

export function taskOf({ kind, customer_id, reassign, reason }: StoredTask): LicenseTask {
  // The constraint `license_operations_recipient` has the same rule.
  return kind === 'assign' ? { kind, customer_id: customer_id as string, reassign } : { kind, reason };
}

/** The part of a filter that is judged again when a license is locked. Its dates and devices are those when it was selected. */
export interface ChangingFilter {
  status?: LicenseStatus | readonly LicenseStatus[] | undefined;
  customer_id?: string | undefined;
}

/**
 * Decides what a task does to one license at an instant. A license that `filter` selected, and that was given to a customer or changed
 * before it was locked, stays as it is.
 */
export function decideTask(
  task: LicenseTask,
  license: AssignableLicense,
  at: Instant,
  filter: ChangingFilter | null = null,
): LicenseDecision {
  if (filter !== null && !stillMatches(filter, license, at)) return notAvailable('changed_meanwhile');
  return task.kind === 'assign' ? decideAssignment(license, task, at) : decideLicenseOfMany(task.kind, license, at);
}

/** The audit action of a task that is carried out at once, and the type of its domain events. */
export function taskAction(task: LicenseTask, counts: Pick<OperationCounts, 'moved'>) {
  return task.kind === 'assign' ? assignmentAction(counts) : licenseAction(task.kind);
}

/** What the audit and the events say about changed licenses. */
export function taskSummary(
  task: LicenseTask,
  { done, moved, license_ids }: Pick<OperationCounts, 'done' | 'moved'> & { license_ids: string[] },
): JsonObject {
  return { count: done, ...(task.kind === 'assign' ? { reassigned: moved } : {}), license_ids };
}

/** The type and the data of the domain event about licenses of one contract that an operation has changed. */
export function operationEvent(
  task: LicenseTask,
  operation_id: string,
  { done: count, moved, license_ids }: Pick<OperationCounts, 'done' | 'moved'> & { license_ids: string[] },
) {
  const chosen = { operation_id, count, license_ids };
  if (task.kind !== 'assign') return { type: licenseAction(task.kind), data: { ...chosen, reason: task.reason } };
  const data = { ...chosen, customer_id: task.customer_id, reassigned: moved, hold_id: null, order_ref: null };
  return { type: assignmentAction({ moved }), data };
}

/**
 * The filter that finds candidates. Only suspended licenses can be reinstated. When exactly so many licenses have to be changed, those
 * that cannot be changed are of no use; to pass over them one by one would take long in a contract of which most are assigned.
 */
export function candidatesOf<Filter extends { status?: LicenseStatus | readonly LicenseStatus[] | undefined }>(
  filter: Filter,
  task: LicenseTask,
  exact: boolean,
): Filter {
  if (filter.status !== undefined || (!exact && task.kind !== 'reinstate')) return filter;
  return { ...filter, status: changedStatuses(task) };
}

/** The statuses of the licenses that a task can change. */
function changedStatuses(task: LicenseTask): readonly LicenseStatus[] {
  switch (task.kind) {
    case 'assign':
      return task.reassign ? ['available', 'assigned', 'active'] : ['available'];
    case 'suspend':
      return LICENSE_STATUSES.filter((status) => status !== 'suspended' && status !== 'revoked');
    case 'reinstate':
      return ['suspended'];
    case 'revoke':
      return LICENSE_STATUSES.filter((status) => status !== 'revoked');
  }
}

function stillMatches({ status, customer_id }: ChangingFilter, license: AssignableLicense, at: Instant): boolean {
  if (customer_id !== undefined && license.customer_id !== customer_id) return false;
  return status === undefined || [status].flat().includes(licenseStatus(license, at));
}
