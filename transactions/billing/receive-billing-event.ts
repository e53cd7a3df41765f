/** Receives events of billing systems: stores each once, before anything is done with it. */
import { datedByNow, outcomeAtArrival } from '../../domain/billing/billing-event';
import type { BillingOutcome } from '../../domain/billing/billing-event';
import { laterOf } from '../../domain/base/instant';
import { beginLocked } from '../../db/base/database';
import type { Database } from '../../db/base/database';
import { insertBillingEvents, listContractsAtArrival, listStoredEvents } from '../../db/billing/billing-event';
import type {
  ArrivedBillingEvent,
  BillingArrival,
  BillingEventName,
  ContractAtArrival,
} from '../../db/billing/billing-event';
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

/** The contract of an event, which uses a test clock. */
type ContractOnClock = ContractAtArrival & { test_clock_id: string };

/** The results of receiving several events. */
export interface ReceivedTogether {
  received: Map<BillingArrival, ReceivedBillingEvent>;
  /** The arrivals of contracts with a test clock, which were not received. */
  on_test_clock: Map<BillingArrival, ContractOnClock>;
}

/**
 * Receives an event, once. The outcome is PENDING, PARKED while its contract or invoice is unknown, or IGNORED.
 *
 * On a test clock the event locks the clock, so it is committed at the instant that it carries, before the clock moves.
 */
export async function receiveBillingEvent(db: Database, arrival: BillingArrival): Promise<ReceivedBillingEvent> {
  const { received, on_test_clock } = await receiveTogether(db, [arrival]);
  const contract = on_test_clock.get(arrival);
  if (contract !== undefined) return receiveOnTestClock(db, arrival, contract);
  return received.get(arrival) as ReceivedBillingEvent;
}

/**
 * Receives events by one statement, each once. Events of contracts with a test clock are left out. `lock_ms` limits the
 * wait for another transaction that inserts one of these events; the limit of the session applies otherwise.
 *
 * A burst of events needs few signals: no signal is sent for an event while an earlier one of its contract is due, because one
 * was sent for that. The transaction that decides or postpones the earlier event checks after its commit whether more events
 * are due (`countPendingBillingEvents`). So that transaction must see this event as committed: the statement that looks for an
 * earlier one begins after the commit of the insert, and is no part of it. And "earlier" must be an order with one first event.
 * No lock is taken: with a lock shared by receivers, 20 connections that wrote without a pause blocked changes of the contract
 * for as long as they wrote.
 */
export async function receiveTogether(
  db: Database,
  arrivals: readonly BillingArrival[],
  lock_ms?: number,
): Promise<ReceivedTogether> {
  const named = arrivals.flatMap(({ event }) => (event.relevant ? (event.contract_id ?? []) : []));
  const contracts = new Map((await listContractsAtArrival(db, [...new Set(named)])).map((one) => [one.id, one]));
  const contractOf = ({ event }: BillingArrival): ContractAtArrival | undefined =>
    event.relevant && event.contract_id !== null ? contracts.get(event.contract_id) : undefined;

  const on_test_clock = new Map<BillingArrival, ContractOnClock>();
  const others: BillingArrival[] = [];
  for (const arrival of arrivals) {
    const contract = contractOf(arrival);
    if (isOnClock(contract)) on_test_clock.set(arrival, contract);
    else others.push(arrival);
  }
  const arrived = others.map((arrival) => arrivedEventOf(arrival, contractOf(arrival)));
  const inserted = await insertBillingEvents(db, arrived, lock_ms);
  return { received: await resultsOf(db, others, inserted), on_test_clock };
}

/** Receives an event of a contract with a test clock; its turn for the clock is one of `db`. */
export async function receiveOnTestClock(
  db: Database,
  arrival: BillingArrival,
  contract: ContractOnClock,
): Promise<ReceivedBillingEvent> {
  const inserted = await beginLocked(db, [{ table: 'test-clocks', id: contract.test_clock_id }], async (tx) => {
    const clock_now = await lockTestClockTime(tx, contract.id);
    return insertBillingEvents(tx, [arrivedEventOf(arrival, { ...contract, clock_now })]);
  });
  return (await resultsOf(db, [arrival], inserted)).get(arrival) as ReceivedBillingEvent;
}

/** The results for arrivals after the commit of their insert. `inserted` names the events that were not stored before. */
async function resultsOf(
  db: Database,
  arrivals: readonly BillingArrival[],
  inserted: readonly BillingEventName[],
): Promise<Map<BillingArrival, ReceivedBillingEvent>> {
  if (arrivals.length === 0) return new Map();
  // Arrivals of one statement have times that differ by milliseconds.
  const now = arrivals.map((arrival) => arrival.now).reduce(laterOf);
  const names = arrivals.map(({ event }) => event);
  const stored = new Map((await listStoredEvents(db, names, now)).map((event) => [keyOf(event), event]));
  const first_copies = new Set(inserted.map(keyOf));
  const results = arrivals.map((arrival): [BillingArrival, ReceivedBillingEvent] => {
    const { id, outcome, contract_id, invoice_id, due, follows_due_event } = stored.get(keyOf(arrival.event))!;
    const repeated = !first_copies.delete(keyOf(arrival.event));
    // The process that stored the first copy may have ended before it sent the signal.
    const is_signaled = repeated ? !due : follows_due_event;
    return [
      arrival,
      { id, outcome, contract_id, invoice_id, repeated, needs_signal: outcome === 'PENDING' && !is_signaled },
    ];
  });
  return new Map(results);
}

/** The stored form of an event, by the current state of its contract. */
function arrivedEventOf(arrival: BillingArrival, contract: ContractAtArrival | undefined): ArrivedBillingEvent {
  const reported_at = contract?.clock_now ?? arrival.now;
  const { event, future_dated } = datedByNow(arrival.event, reported_at);
  return { ...arrival, event, future_dated, reported_at, ...outcomeAtArrival(event, contract) };
}

function isOnClock(contract: ContractAtArrival | undefined): contract is ContractOnClock {
  return contract !== undefined && contract.test_clock_id !== null;
}

function keyOf({ source, event_id }: BillingEventName): string {
  return `${source} ${event_id}`;
}
