/**
 * A test clock: a time of its own for contracts outside production, which stands still until somebody advances it.
 *
 * It goes forward only. An advance crosses every boundary of every contract on it at its own instant, so that two years pass as in
 * real time (domain.md 1.8.12). It stops where contracts depend on an outside system or on each other, and does not wait for jobs.
 */
import { addPeriodToInstant } from '../base/calendar';
import type { DunningFacts } from '../billing/dunning';
import type { ContractFacts } from '../contract/facts';
import { verificationInstants } from '../contract/boundary';
import { earlierOf, instantFromMillis, millisOf } from '../base/instant';
import type { Instant } from '../base/instant';
import { isRefusal, refuse } from '../base/refusal';
import type { Allowed, Refusal } from '../base/refusal';
import { cotermPending } from '../contract/renewal';

export const TEST_CLOCK_STATUSES = ['ready', 'advancing', 'failed'] as const;
export type TestClockStatus = (typeof TEST_CLOCK_STATUSES)[number];

/** The furthest that one advance may go; a clock may be advanced again from there. */
export const ADVANCE_PERIOD_MAX = 'P10Y';

/**
 * The longest that a clock goes without waiting for all its contracts, in calendar years: what a contract crosses in one
 * transaction is bounded, also where its terms are days.
 */
const LEG_YEARS = 4;

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

/** The actions on a clock: it is advanced from where it stands, unless it is on its way. */
export function testClockActions(clock: TestClockFacts): Record<'advance', Allowed> {
  const decision = advanceDecision(clock, clock.now);
  return { advance: isRefusal(decision) ? decision.code : true };
}

/** What a clock knows of one of its contracts. */
export interface ContractOnClock {
  id: string;
  /** When something is to be crossed or verified next; null when time alone does not change it. */
  due_at: Instant | null;
  /** The first instant at which the clock has to wait for the contract to settle; null when only at its target. */
  stops_at: Instant | null;
  /** Billing events received and not applied. */
  pending_events: number;
  /** How many of them were tried, and wait because their billing system gave no answer. */
  postponed_events: number;
}

/** What tells whether a contract has to settle instant by instant, together with others or with somebody outside. */
export interface ContractCoupling extends DunningFacts, Pick<ContractFacts, 'renewal' | 'cotermed_with'> {
  id: string;
  settled_until: Instant;
  due_at: Instant | null;
  /** When billing is to be asked about what was passed by. */
  verify_at: Instant | null;
  /** When billing suspended it; null when it did not. */
  suspended_at: Instant | null;
  /** The contracts whose ends pending amendments have it take over. */
  amended_coterms: string[];
  has_open_jobs: boolean;
}

/**
 * Where the clock has to wait for each contract, in the order given.
 *
 * A contract by itself crosses years in one go, each boundary at its own instant: nothing outside is asked. The clock waits
 * at the instants at which its billing system is asked (the answer holds for that instant), and at every instant of
 * contracts that are coupled: by taking over the end of another one, which is read as it then stands, or by an unfinished
 * job, which makes licenses at the clock's time.
 */
export function stopsOf<C extends ContractCoupling>(contracts: C[]): (C & { stops_at: Instant | null })[] {
  const followed = new Map(contracts.map((contract) => [contract.id, followedBy(contract)]));
  const targets = new Set([...followed.values()].flat());
  return contracts.map((contract) => {
    const { id, due_at, has_open_jobs } = contract;
    const is_coupled = has_open_jobs || targets.has(id) || (followed.get(id) ?? []).length > 0;
    return { ...contract, stops_at: is_coupled ? due_at : asksAt(contract) };
  });
}

function followedBy(contract: ContractCoupling): string[] {
  const { coterm_with } = contract.renewal;
  const pending = coterm_with !== null && cotermPending(contract) ? [coterm_with] : [];
  return [...pending, ...contract.amended_coterms];
}

/** When billing may have to be asked next: not before the contract has something due, so the clock never waits in vain. */
function asksAt(contract: ContractCoupling): Instant | null {
  const { due_at, verify_at, settled_until, suspended_at } = contract;
  if (due_at === null) return null;
  const instants = verificationInstants(contract, suspended_at).filter((at) => at > settled_until && at >= due_at);
  return [...instants, ...(verify_at === null ? [] : [verify_at])].sort()[0] ?? null;
}

/** Where a clock stands on its way. */
export interface ClockOnItsWay {
  now: Instant;
  advancing_to: Instant;
}

/** The end of the leg that an instant lies in, or that it is the end of. */
function legEnd(at: Instant): Instant {
  const year = Math.ceil(Number(at.slice(0, 4)) / LEG_YEARS) * LEG_YEARS;
  const end = turnOf(year);
  return at <= end ? end : turnOf(year + LEG_YEARS);
}

function turnOf(year: number): Instant {
  return `${year}-01-01T00:00:00.000Z`;
}

/** The contracts that a clock waits for at an instant of its way: those that must settle before it goes on. */
export function awaitedAt<C extends ContractOnClock>(
  { advancing_to }: ClockOnItsWay,
  at: Instant,
  contracts: C[],
): C[] {
  const ends_here = at >= advancing_to || at === legEnd(at);
  const awaits = ({ due_at, stops_at, pending_events }: ContractOnClock): boolean =>
    pending_events > 0 || (due_at !== null && due_at <= at && (ends_here || (stops_at !== null && stops_at <= at)));
  return contracts.filter(awaits);
}

/**
 * Where a clock goes next, and the contracts it waits for there.
 *
 * It does not move while it waits for a contract where it stands: what was received before an instant is applied before
 * the clock passes it.
 */
export function clockMove<C extends ContractOnClock>(
  clock: ClockOnItsWay,
  contracts: C[],
): { now: Instant; awaited: C[] } {
  const { now, advancing_to } = clock;
  const here = awaitedAt(clock, now, contracts);
  if (here.length > 0) return { now, awaited: here };
  const next = contracts.reduce(
    (first, { stops_at }) => (stops_at === null ? first : earlierOf(first, stops_at)),
    earlierOf(advancing_to, legEnd(instantFromMillis(millisOf(now) + 1))),
  );
  return { now: next, awaited: awaitedAt(clock, next, contracts) };
}
