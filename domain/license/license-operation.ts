/** Operations on many licenses, at once or by a job: what they decide about each license, and the states of the job. */
import type { Execution } from '../base/channel';
import { allowedUnless, isRefusal, refuse } from '../base/refusal';
import type { Allowed, Refusal } from '../base/refusal';

export const LICENSE_OPERATION_KINDS = ['assign', 'suspend', 'reinstate', 'revoke'] as const;
export type LicenseOperationKind = (typeof LICENSE_OPERATION_KINDS)[number];

export const LICENSE_OPERATION_STATES = [
  'QUEUED',
  'RUNNING',
  'CANCELLING',
  'SUCCEEDED',
  'PARTIAL',
  'FAILED',
  'CANCELLED',
] as const;
export type LicenseOperationState = (typeof LICENSE_OPERATION_STATES)[number];

export const UNFINISHED_OPERATION_STATES = ['QUEUED', 'RUNNING', 'CANCELLING'] as const;

/** Licenses that a request changes at once. A job changes more (domain.md 5.5). */
export const INLINE_OPERATION_LICENSES_MAX = 1_000;

/** Licenses of one job that a request names or selects. */
export const OPERATION_LICENSES_MAX = 1_000_000;

/** Licenses that one transaction of a job decides about. */
export const OPERATION_BATCH_LICENSES = 500;

/** Ids of licenses that an audit row, an event or a job names. The others are only counted. */
export const NAMED_LICENSES_MAX = 100;

/**
 * What an operation does to a license. `done`: it is changed; `unchanged`: it already was as the operation leaves it; `conflict`: it
 * belongs to another customer; `not_available`: for a reason.
 */
export const LICENSE_OUTCOMES = ['done', 'unchanged', 'conflict', 'not_available'] as const;
export type LicenseOutcome = (typeof LICENSE_OUTCOMES)[number];

/** Why an operation cannot change a license. */
export const NOT_AVAILABLE_REASONS = [
  'not_found',
  'test_license',
  'revoked',
  'suspended',
  'expired',
  'held',
  'active',
  'changed_meanwhile',
] as const;
export type NotAvailableReason = (typeof NOT_AVAILABLE_REASONS)[number];

/** The decision about one license. */
export interface LicenseDecision {
  outcome: LicenseOutcome;
  /** For `not_available`. */
  reason: NotAvailableReason | null;
  /** The customer to whom the license belonged before, if it is another one: the license is moved, or the reason of a conflict. */
  other_customer_id: string | null;
}

export function decision(outcome: Exclude<LicenseOutcome, 'not_available'>): LicenseDecision {
  return { outcome, reason: null, other_customer_id: null };
}

export function notAvailable(reason: NotAvailableReason): LicenseDecision {
  return { outcome: 'not_available', reason, other_customer_id: null };
}

/** How many licenses had each outcome. `moved` are those of `done` that belonged to another customer. */
export type OperationCounts = Record<LicenseOutcome | 'moved', number>;

export const NO_LICENSES: OperationCounts = { done: 0, moved: 0, unchanged: 0, conflict: 0, not_available: 0 };

export function countDecisions(decisions: readonly LicenseDecision[]): OperationCounts {
  const counts = { ...NO_LICENSES };
  for (const decided of decisions) addDecision(counts, decided, 1);
  return counts;
}

/**
 * The decisions that count. An operation for exactly so many licenses passes over those that it cannot change: they are not among its
 * licenses.
 */
export function countedDecisions<Decided extends LicenseDecision>(
  decisions: readonly Decided[],
  { exact }: Pick<OperationProgress, 'exact'>,
): readonly Decided[] {
  return exact ? decisions.filter(({ outcome }) => outcome === 'done') : decisions;
}

/** Adds the same decision about so many licenses to counts. */
export function addDecision(
  counts: OperationCounts,
  { outcome, other_customer_id }: LicenseDecision,
  licenses: number,
): void {
  counts[outcome] += licenses;
  if (outcome === 'done' && other_customer_id !== null) counts.moved += licenses;
}

/** How far a job is. */
export interface OperationProgress extends OperationCounts {
  requested: number;
  /** Whether `requested` licenses have to be changed; otherwise so many have to be decided about. */
  exact: boolean;
}

export function isOperationUnfinished(state: LicenseOperationState): boolean {
  return (UNFINISHED_OPERATION_STATES as readonly LicenseOperationState[]).includes(state);
}

/** Licenses that the job has decided about. */
export function decidedOf({ done, unchanged, conflict, not_available }: OperationCounts): number {
  return done + unchanged + conflict + not_available;
}

/** Licenses that count towards the requested ones. */
function countedOf(progress: OperationProgress): number {
  return progress.exact ? progress.done : decidedOf(progress);
}

/**
 * Requested licenses without an outcome, so that these and the counts are always the requested ones: those that the job has not reached yet.
 * At its end there are some if it was cancelled, if its customer was erased, or if no more could be changed of exactly so many.
 */
export function leftOf(progress: OperationProgress): number {
  return Math.max(0, progress.requested - countedOf(progress));
}

/** The progress in whole percent; 100 only when no license is left. */
export function operationPercent(progress: OperationProgress): number {
  return Math.min(100, Math.floor((100 * countedOf(progress)) / progress.requested));
}

/** The final state of a job that has nothing left to try. */
export function finalOperationState(state: LicenseOperationState, progress: OperationProgress): LicenseOperationState {
  if (state === 'CANCELLING') return 'CANCELLED';
  const { requested, exact, done, unchanged } = progress;
  if (done + (exact ? 0 : unchanged) >= requested) return 'SUCCEEDED';
  return done + unchanged > 0 ? 'PARTIAL' : 'FAILED';
}

/** What decides whether an operation can be cancelled or resumed. */
export interface OperationJob extends OperationProgress {
  state: LicenseOperationState;
  execution: Execution;
}

/** Cancels a job; licenses that are changed stay so. `unchanged` when it is already being cancelled. */
export function cancelOperationDecision({ state }: Pick<OperationJob, 'state'>): 'CANCELLING' | 'unchanged' | Refusal {
  if (state === 'CANCELLING') return 'unchanged';
  return isOperationUnfinished(state) ? 'CANCELLING' : refuse('OPERATION_ALREADY_FINISHED', { state });
}

/**
 * Resumes a job after the last license that it decided about; one that has decided about all of them has nothing left. What a request
 * carries out at once has no job.
 */
export function resumeOperationDecision({ state, execution, ...progress }: OperationJob): 'QUEUED' | Refusal {
  const is_incomplete = state === 'CANCELLED' || state === 'PARTIAL' || state === 'FAILED';
  const undecided = leftOf(progress);
  if (is_incomplete && execution === 'background' && undecided > 0) return 'QUEUED';
  return refuse('OPERATION_NOT_RESUMABLE', { state, execution, undecided });
}

export type OperationActionName = 'cancel' | 'resume';

/** Each action on a job: true, or the code of its refusal. */
export function operationActions(job: OperationJob): Record<OperationActionName, Allowed> {
  const refusalOf = (decided: string | Refusal) => (isRefusal(decided) ? decided : null);
  return {
    cancel: allowedUnless(refusalOf(cancelOperationDecision(job))),
    resume: allowedUnless(refusalOf(resumeOperationDecision(job))),
  };
}

/** The audit action of a change of a job's state. */
export function operationAction(to: LicenseOperationState): string {
  switch (to) {
    case 'RUNNING':
      return 'license_operation.started';
    case 'CANCELLING':
      return 'license_operation.cancel_requested';
    case 'QUEUED':
      return 'license_operation.resumed';
    default:
      return 'license_operation.finished';
  }
}
