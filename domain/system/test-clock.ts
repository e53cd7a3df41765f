/**
 * A test clock: a time of its own for contracts outside production, which stands still until it is advanced.
 *
 * It only goes forward. An advance applies every boundary of every contract on it at its own instant, so that two years pass as
 * in real time (domain.md 1.8.12). It stops where contracts depend on an outside system or on each other, and does not wait for
 * jobs.
 */
import { addPeriodToInstant } from '../base/calendar';
import type { DunningFacts } from '../billing/dunning';
import type { ContractFacts } from '../contract/facts';
import { verificationInstants } from '../contract/boundary';
import { earlierOf, instantFromMillis, millisOf } from '../base/instant';
import type { Instant } from '../base/instant';
import { isRefusal, refuse } from '../base/refusal';
import type { Allowed, Refusal } from '../base/refusal';
import { hasPendingCoterm } from '../contract/renewal';

export const TEST_CLOCK_STATUSES = ['ready', 'advancing', 'failed'] as const;
export type TestClockStatus = (typeof TEST_CLOCK_STATUSES)[number];

/** The longest single advance; the clock can be advanced again from there. */
export const ADVANCE_PERIOD_MAX = 'P10Y';

/**
 * The longest stretch without waiting for all contracts, in calendar years. It bounds the boundaries that one transaction
 * applies, even for contracts with terms of days.
 */
const STRETCH_YEARS = 4;

/** The facts that decide whether a clock can advance. */
export interface TestClockFacts {
  now: Instant;
  status: TestClockStatus;
  /** The target of the advance in progress or of a failed one; null for a clock that is ready. */
  advancing_to: Instant | null;
  /** Billing events that its contracts have received and not yet applied. */
  pending_events: number;
}

/**
 * The status of a clock as it is shown: `ready` means that nothing is pending. A clock that has arrived is shown as `advancing`
 * while a billing event of one of its contracts is pending.
 */
export function shownStatus({ status, pending_events }: TestClockFacts): TestClockStatus {
  return status === 'ready' && pending_events > 0 ? 'advancing' : status;
}

/**
 * Whether a clock can be advanced to an instant. `unchanged` for a ready clock that is already there. A clock that failed or
 * has pending billing events can be advanced to its current time, to try again what is due there. Refuses with CLOCK_ADVANCING,
 * CLOCK_BACKWARDS, or VALIDATION_FAILED for more than {@link ADVANCE_PERIOD_MAX}.
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

/** The actions on a clock: it can be advanced unless an advance is in progress. */
export function testClockActions(clock: TestClockFacts): Record<'advance', Allowed> {
  const decision = advanceDecision(clock, clock.now);
  return { advance: isRefusal(decision) ? decision.code : true };
}

/** The facts of a contract that its clock uses. */
export interface ContractOnClock {
  id: string;
  /** When the contract next has to be settled or verified, or a run of a schedule is due; null when time alone does not change it. */
  due_at: Instant | null;
  /** The first instant at which the clock must wait for the contract to settle; null when only at its target. */
  stops_at: Instant | null;
  /** Billing events received and not applied. */
  pending_events: number;
  /** How many of them were tried and got no answer from their billing system. */
  postponed_events: number;
}

/** The facts that decide whether a contract must settle instant by instant, together with other contracts or outside systems. */
export interface ContractCoupling extends DunningFacts, Pick<ContractFacts, 'renewal' | 'cotermed_with'> {
  id: string;
  settled_until: Instant;
  due_at: Instant | null;
  /** When to query the billing system about a skipped boundary. */
  verify_at: Instant | null;
  /** When billing suspended the contract; null when it did not. */
  suspended_at: Instant | null;
  /** The contracts with which pending amendments co-term it. */
  amended_coterms: string[];
  has_open_jobs: boolean;
  /** When the next run of its schedules is due; null when it has none. */
  run_at: Instant | null;
}

/**
 * Where the clock must wait for each contract, in the order given.
 *
 * An independent contract applies the boundaries of years at once, each at its own instant, without any outside query. The
 * clock waits at the instants of billing queries, because an answer is valid for its instant. It also waits at every instant of
 * coupled contracts: those that co-term with another contract, whose facts are read at that time, or that have an unfinished
 * job, which generates licenses at the time of the clock. And it waits at each run of a schedule, which is a request at its instant.
 */
export function withStops<C extends ContractCoupling>(contracts: C[]): (C & { stops_at: Instant | null })[] {
  const coterm_targets = new Map(contracts.map((contract) => [contract.id, cotermTargetsOf(contract)]));
  const targets = new Set([...coterm_targets.values()].flat());
  return contracts.map((contract) => {
    const { id, due_at, has_open_jobs, run_at } = contract;
    const is_coupled = has_open_jobs || targets.has(id) || (coterm_targets.get(id) ?? []).length > 0;
    const stops_at = is_coupled ? due_at : nextQueryAt(contract);
    return { ...contract, due_at: firstOf(due_at, run_at), stops_at: firstOf(stops_at, run_at) };
  });
}

function firstOf(a: Instant | null, b: Instant | null): Instant | null {
  return a === null || b === null ? (a ?? b) : earlierOf(a, b);
}

function cotermTargetsOf(contract: ContractCoupling): string[] {
  const { coterm_with } = contract.renewal;
  const pending = coterm_with !== null && hasPendingCoterm(contract) ? [coterm_with] : [];
  return [...pending, ...contract.amended_coterms];
}

/** When the billing system may next be queried. The contract has something due then, so the clock does not stop without need. */
function nextQueryAt(contract: ContractCoupling): Instant | null {
  const { due_at, verify_at, settled_until, suspended_at } = contract;
  if (due_at === null) return null;
  const instants = verificationInstants(contract, suspended_at).filter((at) => at > settled_until && at >= due_at);
  return [...instants, ...(verify_at === null ? [] : [verify_at])].sort()[0] ?? null;
}

/** The position of an advancing clock. */
export interface AdvancingClock {
  now: Instant;
  advancing_to: Instant;
}

/** The end of the stretch that contains an instant. */
function stretchEnd(at: Instant): Instant {
  const year = Math.ceil(Number(at.slice(0, 4)) / STRETCH_YEARS) * STRETCH_YEARS;
  const end = startOfYear(year);
  return at <= end ? end : startOfYear(year + STRETCH_YEARS);
}

function startOfYear(year: number): Instant {
  return `${year}-01-01T00:00:00.000Z`;
}

/** The contracts that must settle before a clock can pass an instant. */
export function contractsToAwait<C extends ContractOnClock>(
  { advancing_to }: AdvancingClock,
  at: Instant,
  contracts: C[],
): C[] {
  const ends_here = at >= advancing_to || at === stretchEnd(at);
  const awaits = ({ due_at, stops_at, pending_events }: ContractOnClock): boolean =>
    pending_events > 0 || (due_at !== null && due_at <= at && (ends_here || (stops_at !== null && stops_at <= at)));
  return contracts.filter(awaits);
}

/**
 * The next position of a clock, and the contracts it waits for there.
 *
 * It does not move while it waits for a contract at its current time: an event that was received before an instant is applied
 * before the clock passes that instant.
 */
export function nextClockPosition<C extends ContractOnClock>(
  clock: AdvancingClock,
  contracts: C[],
): { now: Instant; awaited: C[] } {
  const { now, advancing_to } = clock;
  const here = contractsToAwait(clock, now, contracts);
  if (here.length > 0) return { now, awaited: here };
  const next = contracts.reduce(
    (first, { stops_at }) => (stops_at === null ? first : earlierOf(first, stops_at)),
    earlierOf(advancing_to, stretchEnd(instantFromMillis(millisOf(now) + 1))),
  );
  return { now: next, awaited: contractsToAwait(clock, next, contracts) };
}
