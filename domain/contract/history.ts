/** The history of a change of a contract: the rows of the audit, the revisions, the ledgers and the domain events. */
import type { Actor } from '../base/actor';
import { difference } from '../base/edit';
import type { Environment } from '../base/environment';
import type { Instant } from '../base/instant';
import type { JsonObject } from '../base/json';
import type { ContractAction, ContractChange } from './change';
import { stateAt } from './contract';
import type { ContractFacts, ContractState } from './facts';
import { raiseMessage } from './quota-notice';
import type { QuotaRaise } from './quota-notice';
import type { RenewalRecord } from './renewal-policy';

/** One change with the person or system that made it. */
export interface ContractStep {
  change: ContractChange;
  actor: Actor;
}

/** One audit row, without the columns that are equal for all rows of a change. */
export interface StepAudit {
  at: Instant;
  actor: Actor;
  action: ContractAction;
  before: JsonObject | null;
  after: JsonObject;
  reason: string | null;
  revision: number;
}

/** The terms and holds of a contract at one revision. */
export interface RevisionEntry {
  revision: number;
  effective_at: Instant;
  actor: Actor;
  action: ContractAction;
  snapshot: JsonObject;
}

/** One row of the quota ledger. */
export interface QuotaGrantEntry {
  /** Licenses added to the total; negative when it is lowered. */
  amount: number;
  effective_at: Instant;
  reason: ContractAction;
  actor: Actor;
  /** What the quota is for: "term 2". */
  period_label: string | null;
}

/** A domain event without its contract. */
export interface ContractEvent {
  at: Instant;
  type: ContractAction;
  environment: Environment;
  data: JsonObject;
  /** What a quota was raised by, if the event is about that. Its data is completed by `withRemaining`. */
  raise?: QuotaRaise;
}

export interface ContractHistory {
  audit: StepAudit[];
  revisions: RevisionEntry[];
  quota_grants: QuotaGrantEntry[];
  renewals: (RenewalRecord & { at: Instant })[];
  events: ContractEvent[];
}

/** Actions that concern only operators of Covenant. They have an audit row and no domain event. */
const AUDIT_ONLY_ACTIONS: readonly ContractAction[] = [
  'contract.boundary_moved',
  'billing.event_received',
  'billing.event_ignored',
  'billing.parked',
  'billing.invoices_fetched',
  'billing.unreachable',
];

/**
 * Returns the history of the steps of one change, in their order: an audit row for each step, a revision where terms changed, a
 * grant where the quota changed, a domain event unless the action is audit-only, and one more where the quota was raised by a change that
 * is named otherwise. `before` is null for a new contract.
 */
export function historyOf(before: ContractFacts | null, steps: readonly ContractStep[]): ContractHistory {
  const history: ContractHistory = { audit: [], revisions: [], quota_grants: [], renewals: [], events: [] };
  let previous = before && momentOf(before, before.settled_until);
  for (const { change, actor } of steps) {
    const { facts, at, action } = change;
    const after = momentOf(facts, at);
    // A snapshot cannot be erased, so it has no address of a person (decisions 41).
    const { account_manager: _address, ...snapshot } = after.snapshot;
    history.audit.push(stepAudit(previous, after, change, actor));
    if (change.revised) history.revisions.push({ revision: facts.revision, effective_at: at, actor, action, snapshot });
    const amount = facts.quota.total - (previous?.facts.quota.total ?? 0);
    const period_label = change.grant_label ?? null;
    // Each contract has a first grant, even for a quota of 0.
    if (amount !== 0 || previous === null)
      history.quota_grants.push({ amount, effective_at: at, reason: action, actor, period_label });
    if (change.renewal) history.renewals.push({ ...change.renewal, at });
    if (action !== 'quota.granted' && !AUDIT_ONLY_ACTIONS.includes(action)) history.events.push(eventOf(after, change));
    if (amount > 0 && previous !== null)
      history.events.push(raiseEvent(after, change, { amount, total: facts.quota.total, period_label }));
    previous = after;
  }
  return history;
}

/**
 * Completes the events about raises with what is claimed of the quota. They are decided before the quota row is locked; other requests may
 * have claimed licenses since.
 */
export function withRemaining(events: readonly ContractEvent[], claimed: number): Omit<ContractEvent, 'raise'>[] {
  return events.map(({ raise, ...event }) => {
    if (raise === undefined) return event;
    const quota = { total: raise.total, claimed };
    const remaining = quota.total - claimed;
    return { ...event, data: { ...event.data, claimed, remaining, message: raiseMessage(raise, quota) } };
  });
}

/** A contract before or after a step. The moment after one step is the moment before the next, and is computed once. */
interface Moment {
  facts: ContractFacts;
  snapshot: JsonObject;
  state: ContractState;
}

function momentOf(facts: ContractFacts, at: Instant): Moment {
  return { facts, snapshot: auditedFacts(facts), state: stateAt(facts, at) };
}

function stepAudit(
  previous: Moment | null,
  after: Moment,
  { facts, at, action, reason, details }: ContractChange,
  actor: Actor,
): StepAudit {
  const differs = difference(previous?.snapshot ?? {}, after.snapshot);
  return {
    at,
    actor,
    action,
    before: previous && { ...differs.before, state: previous.state },
    after: { ...differs.after, ...details, state: after.state },
    reason: reason ?? null,
    revision: facts.revision,
  };
}

function eventOf({ state }: Moment, { facts, at, action, reason, details }: ContractChange): ContractEvent {
  const data = { contract_id: facts.id, state, revision: facts.revision, reason: reason ?? null };
  return { at, type: action, environment: facts.environment, data: { ...details, ...data } };
}

/** The event about a raise of the quota. If a change of another name raised it, `reason` is that name. */
function raiseEvent(after: Moment, change: ContractChange, raise: QuotaRaise): ContractEvent {
  const { details: _details, ...other } = change;
  const event = eventOf(after, change.action === 'quota.granted' ? change : { ...other, reason: change.action });
  return { ...event, type: 'quota.granted', data: { ...event.data, ...raise }, raise };
}

/** The facts that the history compares and stores: what people decide, not counters, clocks and invoices. */
function auditedFacts(facts: ContractFacts): JsonObject {
  const {
    settled_until: _settled,
    invoices: _invoices,
    amendments: _amendments,
    verify_after: _verify,
    quota,
    holds,
    ...terms
  } = facts;
  return {
    ...terms,
    renewal: { ...facts.renewal },
    dunning: { ...facts.dunning },
    on_suspend: { ...facts.on_suspend },
    auto_replenish: facts.auto_replenish && { ...facts.auto_replenish },
    rate_limits: { ...facts.rate_limits, licenses: { ...facts.rate_limits.licenses } },
    quota: quota.total,
    holds: holds.filter(({ lifted_at }) => lifted_at === null).map(({ id: _id, ...hold }) => hold),
  };
}
