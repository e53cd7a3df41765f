/**
 * A test clock: a time of its own for contracts outside production, which stands still until somebody advances it.
 *
 * It goes forward only, and an advance stops at every boundary of every contract on it, so that two years pass in the
 * order and at the instants of life (domain.md 1.8.12).
 */
import { addPeriodToInstant } from './calendar';
import type { Instant } from './instant';
import { refuse } from './refusal';
import type { Refusal } from './refusal';

export const TEST_CLOCK_STATUSES = ['ready', 'advancing', 'failed'] as const;
export type TestClockStatus = (typeof TEST_CLOCK_STATUSES)[number];

/** The furthest that one advance may go; a clock may be advanced again from there. */
export const ADVANCE_PERIOD_MAX = 'P10Y';

/** What an advance is judged by. */
export interface TestClockFacts {
  now: Instant;
  status: TestClockStatus;
  /** Where the advance under way goes, or where a failed one was to go; null for a clock that is ready. */
  advancing_to: Instant | null;
}

/**
 * Whether a clock may be advanced to an instant. `unchanged` when a ready clock is there already. A clock that failed may
 * be advanced to where it stands: what is due there is tried again. Refuses with CLOCK_ADVANCING, CLOCK_BACKWARDS, or
 * VALIDATION_FAILED for more than {@link ADVANCE_PERIOD_MAX}.
 */
export function advanceDecision(clock: TestClockFacts, to: Instant): 'advance' | 'unchanged' | Refusal {
  if (clock.status === 'advancing') {
    return refuse('CLOCK_ADVANCING', { now: clock.now, advancing_to: clock.advancing_to });
  }
  if (to < clock.now) return refuse('CLOCK_BACKWARDS', { now: clock.now, to });
  const furthest = addPeriodToInstant(clock.now, ADVANCE_PERIOD_MAX, 'UTC');
  if (to > furthest) {
    const message = `must be at most ten years after the clock's ${clock.now}, so not after ${furthest}; advance in several calls`;
    return refuse('VALIDATION_FAILED', { path: 'to', message, now: clock.now, furthest });
  }
  return to === clock.now && clock.status === 'ready' ? 'unchanged' : 'advance';
}
