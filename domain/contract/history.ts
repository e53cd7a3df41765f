/** The history of a change of a contract: the rows of the audit, the revisions, the ledgers and the domain events. */
import type { Actor } from '../base/actor';
import { difference } from '../base/edit';
import type { Environment } from '../base/environment';
import type { Instant } from '../base/instant';
import type { JsonObject } from '../base/json';
import { AUDIT_ONLY_ACTIONS } from './change';
import type { ContractAction, ContractChange, ContractEventData, ContractEventType } from './change';
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

interface EventOf<Type extends ContractEventType, Data = ContractEventData<Type>> {
  at: Instant;
  type: Type;
  environment: Environment;
  data: Data;
}

type OtherEventType = Exclude<ContractEventType, 'quota.granted'>;

/** A domain event that is about anything but a raise of the quota. */
type OtherEvent = { [Type in OtherEventType]: EventOf<Type> }[OtherEventType];

/** A domain event about a raise of the quota. Its data is completed by `withRemaining`. */
interface RaiseEvent extends EventOf<'quota.granted'> {
  raise: QuotaRaise;
}

/** A domain event of a contract. */
export type ContractEvent =
  | OtherEvent
  | EventOf<
      'quota.granted',
      ContractEventData<'quota.granted'> & {
        [Field in keyof QuotaRaise]: QuotaRaise[Field];
      } & { claimed: number; remaining: number; message: string }
    >;

export interface ContractHistory {
  audit: StepAudit[];
  revisions: RevisionEntry[];
  quota_grants: QuotaGrantEntry[];
  renewals: (RenewalRecord & { at: Instant })[];
  events: (OtherEvent | RaiseEvent)[];
}

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
    if (hasEventOfItsName(change)) history.events.push(eventOf(after, change));
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
export function withRemaining(events: ContractHistory['events'], claimed: number): ContractEvent[] {
  return events.map((unfinished) => {
    if (!('raise' in unfinished)) return unfinished;
    const { raise, ...event } = unfinished;
    const quota = { total: raise.total, claimed };
    const remaining = quota.total - claimed;
    return { ...event, data: { ...event.data, ...raise, claimed, remaining, message: raiseMessage(raise, quota) } };
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

/** Whether the event of a change is named like its action. A raise of the quota has an event of its own. */
function hasEventOfItsName(change: ContractChange): change is Extract<ContractChange, { action: OtherEventType }> {
  return change.action !== 'quota.granted' && !AUDIT_ONLY_ACTIONS.some((action) => action === change.action);
}

function eventOf(
  { state }: Moment,
  { facts, at, action, reason, details }: Extract<ContractChange, { action: OtherEventType }>,
): OtherEvent {
  const data = { contract_id: facts.id, state, revision: facts.revision, reason: reason ?? null };
  // The type of a change binds the details to the action. The compiler does not see that they stay together here.
  return { at, type: action, environment: facts.environment, data: { ...details, ...data } } as OtherEvent;
}

/** The event about a raise of the quota. If a change of another name raised it, `reason` is that name. */
function raiseEvent({ state }: Moment, change: ContractChange, raise: QuotaRaise): RaiseEvent {
  const { facts, at } = change;
  const { details, reason } =
    change.action === 'quota.granted' ? change : { details: undefined, reason: change.action };
  const data = { ...details, contract_id: facts.id, state, revision: facts.revision, reason: reason ?? null };
  return { at, type: 'quota.granted', environment: facts.environment, data, raise };
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
