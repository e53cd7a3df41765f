/** A job that assigns more licenses than one request does: its states, and when it has nothing left to do. */
import { refuse } from '../base/refusal';
import type { Refusal } from '../base/refusal';
import type { AssignmentCounts } from './license-assignment';

export const ASSIGNMENT_STATES = [
  'QUEUED',
  'RUNNING',
  'CANCELLING',
  'SUCCEEDED',
  'PARTIAL',
  'FAILED',
  'CANCELLED',
] as const;
export type AssignmentState = (typeof ASSIGNMENT_STATES)[number];

export const UNFINISHED_ASSIGNMENT_STATES = ['QUEUED', 'RUNNING', 'CANCELLING'] as const;

/** Licenses of one job. */
export const ASSIGNMENT_JOB_LICENSES_MAX = 1_000_000;

/** Licenses that one transaction of a job decides about. */
export const ASSIGNMENT_BATCH_LICENSES = 500;

export function isAssignmentUnfinished(state: AssignmentState): boolean {
  return (UNFINISHED_ASSIGNMENT_STATES as readonly AssignmentState[]).includes(state);
}

/** How far a job is. */
export interface AssignmentProgress extends AssignmentCounts {
  requested: number;
  /** Whether `requested` licenses have to be assigned; otherwise so many have to be decided about. */
  exact: boolean;
}

/** Licenses that the job has decided about. */
export function decidedOf(progress: AssignmentCounts): number {
  return progress.assigned + progress.already_assigned_same + progress.conflict + progress.not_available;
}

/** Licenses that the job still has to assign or to decide about. */
export function leftOf(progress: AssignmentProgress): number {
  return Math.max(0, progress.requested - (progress.exact ? progress.assigned : decidedOf(progress)));
}

/** The final state of a job that has nothing left to try. */
export function finalAssignmentState(state: AssignmentState, progress: AssignmentProgress): AssignmentState {
  if (state === 'CANCELLING') return 'CANCELLED';
  const has_all = progress.assigned + (progress.exact ? 0 : progress.already_assigned_same) >= progress.requested;
  if (has_all) return 'SUCCEEDED';
  return progress.assigned + progress.already_assigned_same > 0 ? 'PARTIAL' : 'FAILED';
}

/** Cancels a job; licenses that are assigned stay assigned. `unchanged` when it is already being cancelled. */
export function cancelAssignmentDecision(state: AssignmentState): 'CANCELLING' | 'unchanged' | Refusal {
  if (state === 'CANCELLING') return 'unchanged';
  return isAssignmentUnfinished(state) ? 'CANCELLING' : refuse('ASSIGNMENT_ALREADY_FINISHED', { state });
}

/** Resumes a job after the last license that it decided about. */
export function resumeAssignmentDecision(state: AssignmentState): 'QUEUED' | Refusal {
  if (state === 'CANCELLED' || state === 'PARTIAL' || state === 'FAILED') return 'QUEUED';
  return refuse('ASSIGNMENT_NOT_RESUMABLE', { state });
}

/** The audit action of a change of a job's state. */
export function assignmentJobAction(to: AssignmentState): string {
  switch (to) {
    case 'RUNNING':
      return 'assignment.started';
    case 'CANCELLING':
      return 'assignment.cancel_requested';
    case 'QUEUED':
      return 'assignment.resumed';
    default:
      return 'assignment.finished';
  }
}
