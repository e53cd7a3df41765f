/** Which workflows are signaled after the commit of a change. */
import { earlierOf } from '../base/instant';
import type { Instant } from '../base/instant';
import { wakeInstant } from './copies';
import type { ContractState } from './facts';

/**
 * The workflows that the caller of a change signals after its commit. If the caller dies first, the sweep signals them within
 * two minutes.
 */
export interface Nudge {
  /** The contract whose workflow must wait for another boundary, or null. */
  contract_id: string | null;
  /** Jobs that were paused with the contract and can continue. */
  job_ids: string[];
}

export const NO_NUDGE: Nudge = { contract_id: null, job_ids: [] };

/** Merges two nudges for one contract. */
export function mergeNudges(one: Nudge, other: Nudge): Nudge {
  return {
    contract_id: one.contract_id ?? other.contract_id,
    job_ids: [...new Set([...one.job_ids, ...other.job_ids])],
  };
}

/** What the workflow of a contract waits for, and the state that it shows. */
export interface AwaitedByWorkflow {
  activated_at: Instant | null;
  state: ContractState;
  next_boundary_at: Instant | null;
  wake_at: Instant | null;
  verify_at: Instant | null;
}

/**
 * Whether the workflow of a contract must be woken after a change by others. A boundary or verification that moved to an earlier
 * instant needs a new timer. One that moved to a later instant does not: the workflow then takes one step too early, finds nothing
 * due, and waits for the later instant. A new state is shown to operators at once; it is rare.
 */
export function mustWake(before: AwaitedByWorkflow, after: AwaitedByWorkflow): boolean {
  if (after.activated_at === null) return false;
  const instant = nextInstant(after);
  const awaited = nextInstant(before);
  const is_earlier = instant !== null && (awaited === null || instant < awaited);
  return is_earlier || before.state !== after.state;
}

/** The instant for which the workflow of the contract has to set its timer; null when it waits for none. */
function nextInstant({ verify_at, ...boundary }: AwaitedByWorkflow): Instant | null {
  const wake_at = wakeInstant(boundary);
  return wake_at === null || verify_at === null ? (wake_at ?? verify_at) : earlierOf(wake_at, verify_at);
}
