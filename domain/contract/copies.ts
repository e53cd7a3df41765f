/**
 * The derived columns of a contract: copies, for SQL, of values that the domain derives from the facts (decisions 4).
 *
 * Time zone rules are an argument: each process has those of its Node (`time-zone-rules.ts`).
 */
import { sameJson } from '../base/json';
import type { Instant } from '../base/instant';
import { nextAwaitedBoundary, nextBoundary, verifyAt } from './boundary';
import { isAwaited } from './boundary-kind';
import type { Boundary, BoundaryKind } from './boundary-kind';
import type { ContractChange } from './change';
import { stateAt, warningsOf } from './contract';
import { mayGenerateIn } from './operations';
import type { ContractFacts, ContractState, StoredWarning } from './facts';
import { isOlder } from './time-zone-rules';
import type { TimeZoneRules } from './time-zone-rules';

/** Derived columns of `contracts`, as of `settled_until`. */
export interface ContractCopies {
  state: ContractState;
  may_generate: boolean;
  next_boundary_at: Instant | null;
  next_boundary_kind: BoundaryKind | null;
  /**
   * The instant of the next awaited boundary while the next boundary only informs; null otherwise, and in rows of a version that
   * waited for every boundary. The contract is woken at `wakeInstant`.
   */
  wake_at: Instant | null;
  verify_at: Instant | null;
  warnings: StoredWarning[];
  /** The rules with which the next boundary was computed; null: those of a version that did not record them. */
  time_zone_rules: TimeZoneRules | null;
}

/** The stored next boundary, when its contract is woken, and the rules with which both were computed. */
export type BoundaryCopy = Pick<
  ContractCopies,
  'next_boundary_at' | 'next_boundary_kind' | 'wake_at' | 'time_zone_rules'
>;

/** The copies for facts at an instant, computed with the given rules. */
export function copiesOf(facts: ContractFacts, now: Instant, rules: TimeZoneRules): ContractCopies {
  const state = stateAt(facts, now);
  const boundary = nextBoundary(facts);
  return {
    state,
    may_generate: mayGenerateIn(state, facts),
    next_boundary_at: boundary?.at ?? null,
    next_boundary_kind: boundary?.kind ?? null,
    wake_at: wakeAt(facts),
    verify_at: verifyAt(facts),
    warnings: warningsOf(facts, now),
    time_zone_rules: rules,
  };
}

/**
 * The copies to store for an existing contract. If a process with newer rules has computed a future boundary, a process with
 * older rules keeps it while nothing else moves it. So the two processes do not overwrite each other. If something does move
 * it, the row names the older rules, and the sweep of a worker with newer rules computes it again.
 */
export function copiesToStore(
  stored: BoundaryCopy,
  before: ContractFacts,
  facts: ContractFacts,
  rules: TimeZoneRules,
): ContractCopies {
  const now = facts.settled_until;
  const copies = copiesOf(facts, now, rules);
  const { next_boundary_at, next_boundary_kind, wake_at, time_zone_rules } = stored;
  if (time_zone_rules === null || !isOlder(rules, time_zone_rules)) return copies;
  const is_future = next_boundary_at === null || next_boundary_at > now;
  if (!is_future || !sameJson(nextBoundary(before), nextBoundary(facts))) return copies;
  return { ...copies, next_boundary_at, next_boundary_kind, wake_at, time_zone_rules };
}

/**
 * Whether settling stored facts at an instant would change nothing: no boundary is due, the stored copies are those of these rules
 * at that instant, no question to a billing system is open, and no blocked renewal can be tried again.
 */
export function isSettledAt(
  stored: ContractCopies & Pick<ContractFacts, 'settled_until'>,
  facts: ContractFacts,
  now: Instant,
  rules: TimeZoneRules,
): boolean {
  if (facts.settled_until !== stored.settled_until || facts.renewal_blocked !== null || stored.verify_at !== null)
    return false;
  const copies = copiesToStore(stored, facts, { ...facts, settled_until: now }, rules);
  return Object.entries(copies).every(([column, value]) => sameJson(stored[column as keyof ContractCopies], value));
}

/** The column `wake_at` for facts. */
export function wakeAt(facts: ContractFacts): Instant | null {
  const next = nextBoundary(facts);
  return next === null || isAwaited(next.kind) ? null : (nextAwaitedBoundary(facts)?.at ?? null);
}

/**
 * The stored instant at which time next makes it necessary to settle a contract; null when it waits for none. `wakeInstant` of
 * db/contract/clock.ts is the same in SQL.
 */
export function wakeInstant({ wake_at, next_boundary_at }: Pick<BoundaryCopy, 'wake_at' | 'next_boundary_at'>) {
  return wake_at ?? next_boundary_at;
}

/** The stored next boundary of a contract; null when it has none. */
export function storedBoundary({
  next_boundary_at: at,
  next_boundary_kind: kind,
}: Pick<BoundaryCopy, 'next_boundary_at' | 'next_boundary_kind'>): Boundary | null {
  return at === null || kind === null ? null : { at, kind };
}

/** The stored boundary for which the workflow of a contract waits, the first of its instant; null when it waits for none. */
export function storedAwaitedBoundary(
  row: Omit<BoundaryCopy, 'time_zone_rules'>,
  facts: ContractFacts,
): Boundary | null {
  const stored = storedBoundary(row);
  if (stored === null || row.wake_at === null || row.wake_at === stored.at) return stored;
  // The instant may be that of newer rules; the kind is the same with both.
  return { at: row.wake_at, kind: nextAwaitedBoundary(facts)?.kind ?? stored.kind };
}

/**
 * The change that records that newer rules move the next boundary. Null when the rules are not newer than those of the row, or
 * the boundary does not move. `before` are the stored facts, `settled` the facts of the change.
 */
export function boundaryMove(
  stored: BoundaryCopy,
  before: ContractFacts,
  settled: ContractFacts,
  rules: TimeZoneRules,
): ContractChange | null {
  if (!isOlder(stored.time_zone_rules, rules)) return null;
  const was = storedBoundary(stored);
  const is = nextBoundary(before);
  if (sameJson(was, is)) return null;
  return {
    facts: settled,
    at: settled.settled_until,
    action: 'contract.boundary_moved',
    reason: `time zone rules ${rules}`,
    revised: false,
    details: { next_boundary: { was: was && { ...was }, is: is && { ...is } } },
  };
}
