/** Taking in what a billing system sent: once, before anything is done about it. */
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
import { lockClockNow } from '../../db/contract/clock';

/** What came of an arrival. */
export interface ReceivedBillingEvent {
  id: string;
  /** As far as it is known. */
  invoice_id: string | null;
  outcome: BillingOutcome;
  /** As far as it is known. */
  contract_id: string | null;
  /** Whether the event was here already; the outcome is then its current one. */
  repeated: boolean;
  /** Whether the contract's workflow has to be woken; false when somebody else has woken it for an event that still waits. */
  tell: boolean;
}

/**
 * Takes in an event, once. The outcome is PENDING, PARKED while its contract or invoice is unknown, or IGNORED.
 *
 * A burst of events costs few signals: nobody is woken for an event while an earlier one of its contract is due. For that one somebody
 * was, and whoever decides or postpones it looks again, after the commit, whether more is due (`countPendingBillingEvents`); so it has to
 * be seen as undecided after this event was committed, and "earlier" has to be an order in which one is the first. No lock is taken:
 * with one, shared by those that arrive, 20 connections that wrote without a pause kept the contract from being changed for as long as
 * they went on.
 *
 * On a test clock the event locks the clock: it is committed at the instant that it carries, before the clock moves.
 */
export async function takeInBillingEvent(db: Database, arrival: BillingArrival): Promise<ReceivedBillingEvent> {
  const { now } = arrival;
  const contract = await findContractAtArrival(db, arrival.event);
  const arrived = arrivedAt(arrival.event, contract, now);
  const inserted =
    contract === undefined || contract.test_clock_id === null
      ? await insertBillingEvent(db, arrival, arrived)
      : await beginLocked(db, [{ table: 'test-clocks', id: contract.test_clock_id }], async (tx) => {
          const clock_now = await lockClockNow(tx, contract.id);
          return insertBillingEvent(tx, arrival, arrivedAt(arrival.event, { ...contract, clock_now }, now));
        });
  const { contract_id, invoice_id } = arrived.event;
  if (!inserted) {
    const { due, ...first } = await findExistingEvent(db, arrived.event, now);
    // The first may have been taken in by a process that ended before it could wake anybody.
    return { ...first, repeated: true, tell: first.outcome === 'PENDING' && due };
  }
  const { id, outcome } = inserted;
  const tell = outcome === 'PENDING' && !(await hasEarlierDueEvent(db, { id, contract_id }, now));
  return { id, outcome, contract_id, invoice_id, repeated: false, tell };
}

/** What is decided about an event as its contract stands. */
function arrivedAt(given: BillingEvent, contract: ContractAtArrival | undefined, now: Instant): ArrivedBillingEvent {
  const reported_at = contract?.clock_now ?? now;
  const { event, future_dated } = datedByNow(given, reported_at);
  return { event, future_dated, reported_at, ...outcomeAtArrival(event, contract) };
}
