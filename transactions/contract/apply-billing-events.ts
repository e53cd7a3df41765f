/** Applies the events of billing systems to a contract. */
import { BILLING } from '../../domain/base/actor';
import { EARLIEST } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { isRefusal } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { verifyAt } from '../../domain/contract/boundary';
import { applyEvents } from '../../domain/contract/billing-event';
import type { BillingVerdict, InvoiceLookup, LookedUpBillingEvent } from '../../domain/contract/billing-event';
import { nextEventTurn } from '../../domain/contract/interleaving';
import { wakerAfter } from '../../domain/contract/nudge';
import type { AwaitedByWorkflow } from '../../domain/contract/nudge';
import type { Sql } from '../../db/base/database';
import { decideBillingEvents, listPendingBillingEvents } from '../../db/billing/billing-event';
import type { PendingBillingEvent } from '../../db/billing/billing-event';
import { findAwaitedBoundary, lockContract } from '../../db/contract/contract';
import { isComputedByOlderRules } from '../base/time-zone-rules';
import type { ChangedContract, ContractAct } from './changed-contract';
import { leaveToSweep, recordWakeUp } from './late-timer';
import { settleAndDecide } from './settle-and-decide';
import type { SettledContract } from './settle-contract';

/**
 * The most events of one transaction; the next step of the workflow applies the rest. One transaction applies all events of an
 * invoice with one query of the billing system; a step for each event would need a round trip and a query each.
 */
export const EVENTS_APPLIED_MAX = 100;

/** Returns what is known of the invoice of an event; null when its billing system must be queried first. */
export type LookOf = (event: PendingBillingEvent) => InvoiceLookup | null;

/** What became of the due events of a contract. */
export interface AppliedBillingEvents {
  /** The contract afterwards; a refusal when it is gone. */
  outcome: ChangedContract | Refusal;
  decided: number;
  /** The ids of the due events that were read and are still pending: an answer is missing for them, or for an earlier event. */
  undecided: string[];
  /** What the workflow of the contract waited for before; undefined when the contract does not exist. */
  before: AwaitedByWorkflow | undefined;
}

/**
 * Applies every due event of a contract whose invoice is known, between the boundaries around the instant at which it was
 * received (`domain/contract/interleaving.ts`). No boundary is applied that an unanswered event may affect. Call it inside a
 * transaction. Safe to run twice, because an event is decided once.
 */
export async function applyBillingEvents(
  tx: Sql,
  { id, now, lookOf }: SettledContract & { lookOf: LookOf },
): Promise<AppliedBillingEvents> {
  const act = { id, actor: BILLING, now, request_id: null };
  // Read under the lock, so an event that another attempt has decided is not applied again. The statements are sent together:
  // each sees what was committed when it begins, which is after the lock was granted.
  const [, due, awaited] = await Promise.all([
    lockContract(tx, id),
    listPendingBillingEvents(tx, id, now, EVENTS_APPLIED_MAX),
    findAwaitedBoundary(tx, id),
  ]);
  const unanswered = due.filter((event) => lookOf(event) === null);
  let known = due.flatMap((event): LookedUpBillingEvent[] => {
    const look = lookOf(event);
    return look === null ? [] : [{ ...event, look }];
  });
  const decided = new Set<string>();
  let { next_boundary_at: boundary = null, clock_now = null } = awaited ?? {};
  if (awaited !== undefined && isComputedByOlderRules(awaited)) boundary = await recomputedBoundary(tx, act, boundary);
  for (;;) {
    const turn = nextEventTurn(known, unanswered, boundary, clock_now ?? now);
    let verdicts: BillingVerdict[] = [];
    const settling = { by: 'time', ...(turn.until === undefined ? {} : { until: turn.until }) } as const;
    const changed = await settleAndDecide(tx, act, settling, (facts, context) => {
      const applied = applyEvents(facts, turn.events, context);
      verdicts = applied.verdicts;
      return applied.changes.length === 0 ? 'unchanged' : applied.changes;
    });
    // A deleted contract: none of its events counts.
    if (isRefusal(changed))
      verdicts = [...known, ...unanswered].map((event) => ({ id: event.id, outcome: 'IGNORED', reason: changed.code }));
    await decideBillingEvents(tx, verdicts, now);
    for (const verdict of verdicts) decided.add(verdict.id);
    if (isRefusal(changed) || turn.is_last) {
      const undecided = due.map((event) => event.id).filter((event_id) => !decided.has(event_id));
      return { outcome: changed, decided: decided.size, undecided, before: awaited };
    }
    known = known.filter((event) => !turn.events.includes(event));
    ({ next_boundary_at: boundary, clock_now } = changed.stored);
  }
}

/**
 * Applies the due events of a contract beside its workflow. `must_wake` tells whether the workflow must be signaled after the
 * commit; otherwise its timer is early enough, or the sweep wakes it in time. Call it inside a transaction. Safe to run twice.
 */
export async function applyBillingEventsBeside(
  tx: Sql,
  request: SettledContract & { lookOf: LookOf },
): Promise<AppliedBillingEvents & { must_wake: boolean }> {
  const applied = await applyBillingEvents(tx, request);
  const { outcome, before } = applied;
  if (isRefusal(outcome) || before === undefined) return { ...applied, must_wake: false };
  const waker = wakerAfter(before, awaitedAfter(outcome), request.now);
  if (waker === 'sweep') await leaveToSweep(tx, request.id, before);
  if (waker === 'signal') await recordWakeUp(tx, outcome, request.now);
  return { ...applied, must_wake: waker === 'signal' };
}

/** What the workflow of a contract must wait for after a change. */
function awaitedAfter({ facts, stored }: ChangedContract): AwaitedByWorkflow {
  return { ...stored, activated_at: facts.activated_at, verify_at: verifyAt(facts) };
}

/** The next boundary by the time zone rules of this process; none is applied. */
async function recomputedBoundary(tx: Sql, act: ContractAct, stored: Instant | null): Promise<Instant | null> {
  const moved = await settleAndDecide(tx, act, { by: 'time', until: EARLIEST });
  return isRefusal(moved) ? stored : moved.stored.next_boundary_at;
}
