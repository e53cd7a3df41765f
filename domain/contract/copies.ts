/**
 * The derived columns of a contract: copies, for SQL, of values that the domain derives from the facts (decisions 4).
 *
 * Time zone rules are an argument: each process has those of its Node (`time-zone-rules.ts`).
 */
import { sameJson } from '../base/json';
import type { Instant } from '../base/instant';
import { nextBoundary, verifyAt } from './boundary';
import type { Boundary, BoundaryKind } from './boundary-kind';
import type { ContractChange } from './change';
import { stateAt, warningsOf } from './contract';
import { mayGenerateIn } from './operations';
import type { ContractFacts, ContractState, ContractWarning } from './facts';
import { isOlder } from './time-zone-rules';
import type { TimeZoneRules } from './time-zone-rules';

/** Derived columns of `contracts`, as of `settled_until`. */
export interface ContractCopies {
  state: ContractState;
  may_generate: boolean;
  next_boundary_at: Instant | null;
  next_boundary_kind: BoundaryKind | null;
  verify_at: Instant | null;
  warnings: ContractWarning[];
  /** The rules with which the next boundary was computed; null: those of a version that did not record them. */
  time_zone_rules: TimeZoneRules | null;
}

/** The stored next boundary, and the rules with which it was computed. */
export type BoundaryCopy = Pick<ContractCopies, 'next_boundary_at' | 'next_boundary_kind' | 'time_zone_rules'>;

/** The copies for facts at an instant, computed with the given rules. */
export function copiesOf(facts: ContractFacts, now: Instant, rules: TimeZoneRules): ContractCopies {
  const state = stateAt(facts, now);
  const boundary = nextBoundary(facts);
  return {
    state,
    may_generate: mayGenerateIn(state, facts),
    next_boundary_at: boundary?.at ?? null,
    next_boundary_kind: boundary?.kind ?? null,
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
  const { next_boundary_at, next_boundary_kind, time_zone_rules } = stored;
  if (time_zone_rules === null || !isOlder(rules, time_zone_rules)) return copies;
  const is_future = next_boundary_at === null || next_boundary_at > now;
  if (!is_future || !sameJson(nextBoundary(before), nextBoundary(facts))) return copies;
  return { ...copies, next_boundary_at, next_boundary_kind, time_zone_rules };
}

/** The stored boundary that a contract waits for; null when it waits for none. */
export function storedBoundary({
  next_boundary_at: at,
  next_boundary_kind: kind,
}: Omit<BoundaryCopy, 'time_zone_rules'>): Boundary | null {
  return at === null || kind === null ? null : { at, kind };
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
