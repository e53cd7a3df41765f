/**
 * What will happen to a contract by itself, foretold by crossing its boundaries in memory, by the very functions that will
 * cross them in life.
 *
 * It is foretold for a world that stands still: nobody commands anything, nothing is paid, the catalogue and other contracts
 * stay as they are.
 */
import { nextBoundary, settle } from './boundary';
import type { SettleContext } from './boundary';
import type { BoundaryKind } from './boundary-kind';
import { stateAt } from './contract';
import type { ContractFacts, ContractState } from './facts';
import type { ContractAction, ContractChange } from './change';
import type { Instant } from '../base/instant';
import type { JsonObject } from '../base/json';

/** The most entries that are foretold: ten years of a contract renewed each month, with all its reminders. */
export const FORECAST_ENTRIES_MAX = 1_000;

/** Kinds that come only as long as nothing is paid. */
export const BILLING_KINDS: readonly BoundaryKind[] = ['past_due', 'suspends', 'terminates'];

/** What the audit calls the crossing of each kind; where the system did it, time did. */
export const BOUNDARY_ACTIONS: Partial<Record<ContractAction, BoundaryKind>> = {
  'contract.term_started': 'starts',
  'contract.resumed': 'resumes',
  'quota.granted': 'quota_granted',
  'contract.amended': 'amendment',
  'amendment.failed': 'amendment',
  'renewal.reminder_due': 'reminder',
  'renewal.notice_due': 'notice_deadline',
  'billing.past_due': 'past_due',
  'contract.suspended': 'suspends',
  'contract.terminated': 'terminates',
  'contract.renewed': 'renews',
  'renewal.blocked': 'renews',
  'contract.grace_started': 'grace_starts',
  'contract.expired': 'expires',
};

/** One boundary to come. */
export interface ForecastEntry {
  at: Instant;
  kind: BoundaryKind;
  /** How the audit will tell it. */
  action: ContractAction;
  /** The state afterwards. */
  state: ContractState;
  reason: string | null;
  /** What the audit will tell besides. */
  details: JsonObject;
}

export interface Forecast {
  entries: ForecastEntry[];
  /** Whether there would have been more than {@link FORECAST_ENTRIES_MAX}. */
  cut: boolean;
}

/**
 * Every boundary of settled facts to come, up to and including `until`, in order; what waits to be verified with the billing
 * system is taken as verified. Boundaries that will leave no trace are left out.
 */
export function forecast(facts: ContractFacts, until: Instant, context: Omit<SettleContext, 'billing'>): Forecast {
  const verified: SettleContext = { ...context, billing: 'verified' };
  const entries: ForecastEntry[] = [];
  let step = settle(facts, facts.settled_until, verified);
  for (;;) {
    for (const change of step.changes) entries.push(...entryOf(change));
    if (entries.length > FORECAST_ENTRIES_MAX) return { entries: entries.slice(0, FORECAST_ENTRIES_MAX), cut: true };
    const next = nextBoundary(step.facts);
    if (next === null || next.at > until) return { entries, cut: false };
    step = settle(step.facts, next.at, verified);
  }
}

function entryOf({ at, boundary, action, facts, reason, details }: ContractChange): ForecastEntry[] {
  if (boundary === undefined) return [];
  return [{ at, kind: boundary, action, state: stateAt(facts, at), reason: reason ?? null, details: details ?? {} }];
}
