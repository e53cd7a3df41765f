/** Which workflows are signaled after the commit of a change. */
import { LATEST, earlierOf, millisOf } from '../base/instant';
import type { Instant } from '../base/instant';
import { wakeInstant } from './copies';
import type { ContractState } from './facts';

/** An operation on licenses with its kind, which decides the type of its workflow. */
export interface OperationRef {
  id: string;
  kind: string;
}

/**
 * The workflows that the caller of a change signals after its commit. If the caller dies first, a boundary is applied at most two
 * minutes late; until then, or until its next step, the workflow shows operators what it knew before.
 */
export interface Nudge {
  /** The contract whose workflow must wait for another boundary, or null. */
  contract_id: string | null;
  /** Jobs that were paused with the contract and can continue. */
  job_ids: string[];
  /** Operations on licenses that were created or changed. */
  operations?: OperationRef[];
  /** Contracts whose pool may have to be replenished. */
  pool_ids?: string[];
  /** Schedules that were changed. */
  schedule_ids?: string[];
  /** Mails that are sent again. */
  notification_ids?: string[];
}

export const NO_NUDGE: Nudge = { contract_id: null, job_ids: [] };

/** Merges two nudges for one contract. */
export function mergeNudges(one: Nudge, other: Nudge): Nudge {
  const operations = [...(one.operations ?? []), ...(other.operations ?? [])];
  const notification_ids = [...(one.notification_ids ?? []), ...(other.notification_ids ?? [])];
  return {
    contract_id: one.contract_id ?? other.contract_id,
    job_ids: [...new Set([...one.job_ids, ...other.job_ids])],
    ...(operations.length > 0 ? { operations } : {}),
    ...(notification_ids.length > 0 ? { notification_ids } : {}),
    pool_ids: [...new Set([...(one.pool_ids ?? []), ...(other.pool_ids ?? [])])],
    schedule_ids: [...new Set([...(one.schedule_ids ?? []), ...(other.schedule_ids ?? [])])],
  };
}

/**
 * How far ahead of an instant the sweep wakes a workflow whose timer waits for a later one. Much longer than the minute between two
 * sweeps: when the sweep does not run for some time, no workflow is late.
 */
export const SWEEP_AHEAD_MS = 3_600_000;

/** What the workflow of a contract waits for, and the state that it shows. */
export interface AwaitedByWorkflow {
  activated_at: Instant | null;
  state: ContractState;
  next_boundary_at: Instant | null;
  wake_at: Instant | null;
  verify_at: Instant | null;
  /**
   * The instant of its timer, while that is too late and the sweep has to wake it; `LATEST` when it has no timer. Null when its
   * timer is early enough.
   */
  timer_at: Instant | null;
  /** The time of the contract's test clock; null when it uses the real time. */
  clock_now: Instant | null;
}

/**
 * What makes the workflow of a contract look at a change by others in time: its own timer, the sweep when the instant is near
 * (`SWEEP_AHEAD_MS`), or a signal now.
 */
export type Waker = 'timer' | 'sweep' | 'signal';

/**
 * Decides how the workflow of a contract gets to know a change by others.
 *
 * An instant that moved later needs nothing: the workflow takes one step too early, finds nothing due, and waits for the later
 * instant. One that moved earlier needs a new timer, but not before it is near: most invoices are paid long before they would
 * become past due, and their contracts are then never woken. A new state is shown to operators at once; it is rare.
 */
export function wakerAfter(before: AwaitedByWorkflow, after: AwaitedByWorkflow, now: Instant): Waker {
  if (after.activated_at === null) return 'timer';
  if (before.state !== after.state) return 'signal';
  const instant = nextInstant(after);
  if (instant === null || timerInstant(before) <= instant) return 'timer';
  const is_far = millisOf(instant) - millisOf(now) > SWEEP_AHEAD_MS;
  // The sweep compares boundaries on the real clock with the timer; it asks about unpaid invoices as soon as it may.
  const is_swept = after.clock_now === null && instant !== after.verify_at;
  return is_far && is_swept ? 'sweep' : 'signal';
}

/** The instant for which the timer of the workflow waits, as far as it is known; `LATEST` when it waits for none. */
export function timerInstant(awaited: AwaitedByWorkflow): Instant {
  return awaited.timer_at ?? nextInstant(awaited) ?? LATEST;
}

/** The instant for which the workflow of the contract has to set its timer; null when it waits for none. */
function nextInstant({ verify_at, ...boundary }: AwaitedByWorkflow): Instant | null {
  const wake_at = wakeInstant(boundary);
  return wake_at === null || verify_at === null ? (wake_at ?? verify_at) : earlierOf(wake_at, verify_at);
}
