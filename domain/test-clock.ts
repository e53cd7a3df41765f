/**
 * A test clock: a time of its own for contracts outside production, which stands still until somebody advances it.
 *
 * It goes forward only, and an advance stops at every boundary of every contract on it, so that two years pass in the
 * order and at the instants of life (domain.md 1.8.12).
 */
import { addPeriodToInstant } from './calendar';
import { earlierOf } from './instant';
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
  /** Billing events that its contracts have received and not applied. */
  pending_events: number;
}

/**
 * The status of a clock as it is shown: `ready` promises that nothing is pending. A clock that has arrived is `advancing`
 * again while a billing event of one of its contracts waits to be applied.
 */
export function shownStatus({ status, pending_events }: TestClockFacts): TestClockStatus {
  return status === 'ready' && pending_events > 0 ? 'advancing' : status;
}

/**
 * Whether a clock may be advanced to an instant. `unchanged` when a ready clock is there already. A clock that failed, or
 * has pending billing events, may be advanced to where it stands: what is due there is tried again. Refuses with CLOCK_ADVANCING, CLOCK_BACKWARDS, or
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
  return to === clock.now && shownStatus(clock) === 'ready' ? 'unchanged' : 'advance';
}

/** What a clock knows of one of its contracts. */
export interface ContractOnClock {
  id: string;
  /** When something is to be crossed or verified next; null when time alone does not change it. */
  due_at: Instant | null;
  /** Billing events received and not applied. */
  pending_events: number;
  /** How many of them were tried, and wait because their billing system gave no answer. */
  postponed_events: number;
}

/**
 * Where a clock goes next on its way to `advancing_to`, and the contracts it waits for there.
 *
 * It does not move while a contract has a pending billing event or anything due where it stands: what was received before
 * an instant is applied before the clock passes it.
 */
export function clockMove(
  { now, advancing_to }: { now: Instant; advancing_to: Instant },
  contracts: ContractOnClock[],
): { now: Instant; awaited: ContractOnClock[] } {
  const awaitedAt = (at: Instant): ContractOnClock[] =>
    contracts.filter(({ due_at, pending_events }) => pending_events > 0 || (due_at !== null && due_at <= at));
  const here = awaitedAt(now);
  if (here.length > 0) return { now, awaited: here };
  const next = contracts.reduce<Instant>(
    (first, { due_at }) => (due_at === null ? first : earlierOf(first, due_at)),
    advancing_to,
  );
  return { now: next, awaited: awaitedAt(next) };
}
