/** Receives an event of a billing system: stores it once, before anything is done with it. */
import { datedByNow, outcomeAtArrival } from '../../domain/billing/billing-event';
import type { BillingEvent, BillingOutcome } from '../../domain/billing/billing-event';
import type { Instant } from '../../domain/base/instant';
import { beginLocked } from '../../db/base/database';
import type { Database } from '../../db/base/database';
import {
  findExistingEvent,
  findContractAtArrival,
  insertBillingEvent,
  hasEarlierDueEvent,
} from '../../db/billing/billing-event';
import type { ArrivedBillingEvent, BillingArrival, ContractAtArrival } from '../../db/billing/billing-event';
import { lockTestClockTime } from '../../db/contract/clock';

/** The result of receiving an event. */
export interface ReceivedBillingEvent {
  id: string;
  /** As far as it is known. */
  invoice_id: string | null;
  outcome: BillingOutcome;
  /** As far as it is known. */
  contract_id: string | null;
  /** Whether the event was already stored; the outcome is then its current one. */
  repeated: boolean;
  /** Whether to signal the contract's workflow; false when it was signaled for an earlier event that is still due. */
  needs_signal: boolean;
}

/**
 * Receives an event, once. The outcome is PENDING, PARKED while its contract or invoice is unknown, or IGNORED.
 *
 * A burst of events needs few signals: no signal is sent for an event while an earlier one of its contract is due, because one
 * was sent for that. The transaction that decides or postpones the earlier event checks after its commit whether more events
 * are due (`countPendingBillingEvents`). So that transaction must see this event as committed, and "earlier" must be an order
 * with one first event. No lock is taken: with a lock shared by receivers, 20 connections that wrote without a pause blocked
 * changes of the contract for as long as they wrote.
 *
 * On a test clock the event locks the clock, so it is committed at the instant that it carries, before the clock moves.
 */
export async function receiveBillingEvent(db: Database, arrival: BillingArrival): Promise<ReceivedBillingEvent> {
  const { now } = arrival;
  const contract = await findContractAtArrival(db, arrival.event);
  const arrived = arrivedEventOf(arrival.event, contract, now);
  const inserted =
    contract === undefined || contract.test_clock_id === null
      ? await insertBillingEvent(db, arrival, arrived)
      : await beginLocked(db, [{ table: 'test-clocks', id: contract.test_clock_id }], async (tx) => {
          const clock_now = await lockTestClockTime(tx, contract.id);
          return insertBillingEvent(tx, arrival, arrivedEventOf(arrival.event, { ...contract, clock_now }, now));
        });
  const { contract_id, invoice_id } = arrived.event;
  if (!inserted) {
    const { due, ...first } = await findExistingEvent(db, arrived.event, now);
    // The process that stored the first one may have ended before it sent the signal.
    return { ...first, repeated: true, needs_signal: first.outcome === 'PENDING' && due };
  }
  const { id, outcome } = inserted;
  const needs_signal = outcome === 'PENDING' && !(await hasEarlierDueEvent(db, { id, contract_id }, now));
  return { id, outcome, contract_id, invoice_id, repeated: false, needs_signal };
}

/** The stored form of an event, by the current state of its contract. */
function arrivedEventOf(
  given: BillingEvent,
  contract: ContractAtArrival | undefined,
  now: Instant,
): ArrivedBillingEvent {
  const reported_at = contract?.clock_now ?? now;
  const { event, future_dated } = datedByNow(given, reported_at);
  return { event, future_dated, reported_at, ...outcomeAtArrival(event, contract) };
}
