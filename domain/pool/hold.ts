/** Holds of a pool: licenses that were taken for an order, and what becomes of them (domain.md 5.4). */
import type { Instant } from '../base/instant';
import { allowedUnless, isRefusal, refuse } from '../base/refusal';
import type { Allowed, Refusal } from '../base/refusal';

/** The stored state of a hold. */
export const HOLD_STATES = ['held', 'assigned', 'released', 'expired'] as const;
export type HoldState = (typeof HOLD_STATES)[number];

/** How long a hold lasts when the grab does not say. */
export const HOLD_MINUTES_DEFAULT = 15;
/** The longest hold: a week. */
export const HOLD_MINUTES_MAX = 7 * 24 * 60;

/** The most licenses of one grab, as of one inline generation. */
export const GRAB_LICENSES_MAX = 99;

export interface HoldFacts {
  state: HoldState;
  /** The end of the hold; null when the licenses were assigned at once. */
  held_until: Instant | null;
  customer_id: string | null;
}

/** The state at an instant. A hold is over from `held_until` on, also before its licenses are back in the pool. */
export function holdStateAt({ state, held_until }: Pick<HoldFacts, 'state' | 'held_until'>, now: Instant): HoldState {
  return state === 'held' && held_until !== null && held_until <= now ? 'expired' : state;
}

/**
 * Decides whether the licenses of a hold are assigned to a customer; `unchanged` when they are assigned to this customer already.
 */
export function assignDecision(hold: HoldFacts, customer_id: string, now: Instant): 'assign' | 'unchanged' | Refusal {
  const state = holdStateAt(hold, now);
  if (state === 'held') return 'assign';
  if (state === 'assigned' && hold.customer_id === customer_id) return 'unchanged';
  return notHeldRefusal(hold, state);
}

/** Decides whether the licenses of a hold go back to the pool; `unchanged` when they did already. */
export function releaseDecision(hold: HoldFacts, now: Instant): 'release' | 'unchanged' | Refusal {
  const state = holdStateAt(hold, now);
  if (state === 'held') return 'release';
  return state === 'assigned' ? notHeldRefusal(hold, state) : 'unchanged';
}

export type HoldActionName = 'assign' | 'release';

/**
 * Each action on a hold: true, or the code of its refusal. `has_unavailable`: one of its licenses was suspended, revoked or expired while it
 * was held.
 */
export function holdActions(hold: HoldFacts, has_unavailable: boolean, now: Instant): Record<HoldActionName, Allowed> {
  const refusalOf = (decided: string | Refusal) => (isRefusal(decided) ? decided : null);
  const assigned = assignDecision(hold, hold.customer_id ?? '', now);
  return {
    assign: assigned === 'assign' && has_unavailable ? 'LICENSE_NOT_AVAILABLE' : allowedUnless(refusalOf(assigned)),
    release: allowedUnless(refusalOf(releaseDecision(hold, now))),
  };
}

function notHeldRefusal({ held_until }: HoldFacts, state: HoldState): Refusal {
  if (state === 'expired') return refuse('HOLD_EXPIRED', { held_until });
  return refuse('HOLD_NOT_OPEN', { state });
}

/** The refusal of a grab for which too few licenses are available. */
export function shortPoolRefusal(requested: number, available: number): Refusal {
  return refuse(available === 0 ? 'POOL_EMPTY' : 'POOL_INSUFFICIENT', { requested, available });
}
