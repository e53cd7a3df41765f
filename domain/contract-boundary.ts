/**
 * The boundaries of a contract: the instants at which time alone changes it, and what crossing each one does.
 *
 * `settle` crosses everything due, in order and each at its own instant, so a timer that came late is never visible
 * (domain.md 1.8.11). The same functions answer the workflow that waits, the request that looks and the test that foretells.
 */
import { startOfDay } from './calendar';
import { expiresAt, stateAt } from './contract';
import type { ContractFacts, Hold } from './contract';
import type { ContractChange } from './contract-change';
import { laterOf } from './instant';
import type { Instant } from './instant';

/** In the order in which boundaries of the same instant are crossed. */
export const BOUNDARY_KINDS = ['starts', 'resumes', 'grace_starts', 'expires'] as const;
export type BoundaryKind = (typeof BOUNDARY_KINDS)[number];

export interface Boundary {
  at: Instant;
  kind: BoundaryKind;
}

/** Every boundary the facts hold after an instant, in the order of crossing. A draft has none, nor has what is over. */
export function boundariesAfter(facts: ContractFacts, after: Instant): Boundary[] {
  const state = stateAt(facts, after);
  if (state === 'DRAFT' || state === 'EXPIRED' || state === 'DELETED') return [];
  const boundaries: Boundary[] = [];
  if (facts.start_date !== null) boundaries.push({ at: startOfDay(facts.start_date, facts.timezone), kind: 'starts' });
  for (const hold of facts.holds) {
    if (hold.lifted_at === null && hold.resume_at !== null) boundaries.push({ at: hold.resume_at, kind: 'resumes' });
  }
  const expires_at = expiresAt(facts);
  if (facts.end_date !== null && expires_at !== null) {
    if (facts.expiry_grace_days > 0)
      boundaries.push({ at: startOfDay(facts.end_date, facts.timezone), kind: 'grace_starts' });
    boundaries.push({ at: expires_at, kind: 'expires' });
  }
  return boundaries
    .filter((boundary) => boundary.at > after && (expires_at === null || boundary.at <= expires_at))
    .sort((a, b) =>
      a.at === b.at ? BOUNDARY_KINDS.indexOf(a.kind) - BOUNDARY_KINDS.indexOf(b.kind) : a.at < b.at ? -1 : 1,
    );
}

/** The next boundary that is not yet crossed, or null when only a command can change the contract. */
export function nextBoundary(facts: ContractFacts): Boundary | null {
  return boundariesAfter(facts, facts.settled_until)[0] ?? null;
}

/** Crosses every boundary in `(settled_until, now]`, in order; one change for each, and the facts settled at `now`. */
export function settle(facts: ContractFacts, now: Instant): { facts: ContractFacts; crossed: ContractChange[] } {
  const until = laterOf(now, facts.settled_until);
  const crossed: ContractChange[] = [];
  let settled = facts;
  for (let next = nextBoundary(settled); next !== null && next.at <= until; next = nextBoundary(settled)) {
    const at = next.at;
    // Those of one instant are taken together: only then may `settled_until` pass it.
    for (const boundary of boundariesAfter(settled, settled.settled_until).filter((due) => due.at === at)) {
      const change = cross(settled, boundary);
      crossed.push(change);
      settled = change.facts;
    }
    settled = { ...settled, settled_until: at };
  }
  return { facts: { ...settled, settled_until: until }, crossed };
}

/** What one boundary does to the facts. */
function cross(facts: ContractFacts, { at, kind }: Boundary): ContractChange {
  switch (kind) {
    case 'starts':
      return { facts, at, action: 'contract.term_started', revised: false };
    case 'resumes': {
      const lifted = liftHolds(facts, at, (hold) => hold.resume_at === at);
      const resumed = { ...lifted, revision: facts.revision + 1 };
      return { facts: resumed, at, action: 'contract.resumed', reason: 'resume_at', revised: true };
    }
    case 'grace_starts':
      return { facts, at, action: 'contract.grace_started', revised: false };
    case 'expires':
      return { facts, at, action: 'contract.expired', revised: false };
  }
}

/** The facts with the chosen open holds lifted at an instant. */
export function liftHolds(facts: ContractFacts, at: Instant, chosen: (hold: Hold) => boolean): ContractFacts {
  const holds = facts.holds.map((hold) =>
    hold.lifted_at === null && chosen(hold) ? { ...hold, lifted_at: at } : hold,
  );
  return { ...facts, holds };
}
