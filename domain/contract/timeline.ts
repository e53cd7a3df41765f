/**
 * The forecast of a contract: what time alone will do to it. The forecast applies future boundaries in memory, with the
 * functions that will apply them later.
 *
 * It assumes that no command is sent, no invoice is paid (or all are: `withAllPaid`), and the catalogue and other contracts do not change.
 */
import { nextBoundary, settle } from './boundary';
import type { SettleContext } from './boundary';
import type { BoundaryKind } from './boundary-kind';
import { liftHolds, stateAt } from './contract';
import type { ContractFacts, ContractState } from './facts';
import type { ContractAction, ContractChange } from './change';
import type { Instant } from '../base/instant';
import { isUnpaid } from '../billing/invoice';
import type { JsonObject } from '../base/json';

/** The most entries of a forecast: ten years of a contract that renews each month, with all its reminders. */
export const FORECAST_ENTRIES_MAX = 1_000;

/** Kinds of boundaries that apply only while no invoice is paid. */
export const BILLING_KINDS: readonly BoundaryKind[] = ['past_due', 'suspends', 'terminates'];

/** The kind of boundary behind each audit action, where the actor is the system. */
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

/** One future boundary. */
export interface ForecastEntry {
  at: Instant;
  kind: BoundaryKind;
  /** The action that the audit row will have. */
  action: ContractAction;
  /** The state afterwards. */
  state: ContractState;
  reason: string | null;
  /** The further details that the audit row will have. */
  details: JsonObject;
}

export interface Forecast {
  entries: ForecastEntry[];
  /** Whether entries beyond {@link FORECAST_ENTRIES_MAX} were left out. */
  cut: boolean;
}

/**
 * Returns every future boundary of settled facts up to and including `until`, in order. Billing boundaries count as verified.
 * Boundaries that will leave no audit row are left out.
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

/** Settled facts as they would be if every unpaid invoice were paid now: a suspension for unpaid invoices is over. */
export function withAllPaid(facts: ContractFacts): ContractFacts {
  const invoices = facts.invoices.map((one) => (isUnpaid(one) ? { ...one, status: 'PAID' as const } : one));
  return liftHolds({ ...facts, invoices }, facts.settled_until, ({ source }) => source === 'billing');
}

function entryOf({ at, boundary, action, facts, reason, details }: ContractChange): ForecastEntry[] {
  if (boundary === undefined) return [];
  return [{ at, kind: boundary, action, state: stateAt(facts, at), reason: reason ?? null, details: details ?? {} }];
}
