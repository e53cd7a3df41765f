/** Receives events of billing systems: stores each once, before anything is done with it. */
import { datedByNow, outcomeAtArrival } from '../../domain/billing/billing-event';
import type { BillingOutcome } from '../../domain/billing/billing-event';
import { laterOf, millisOf } from '../../domain/base/instant';
import { beginLocked } from '../../db/base/database';
import type { Database } from '../../db/base/database';
import { insertBillingEvents, listContractsAtArrival, listStoredEvents } from '../../db/billing/billing-event';
import type {
  ArrivedBillingEvent,
  BillingArrival,
  BillingEventName,
  ContractAtArrival,
  StoredBillingEvent,
} from '../../db/billing/billing-event';
import { findFirstQueuedEvent } from '../../db/billing/billing-queue';
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
  /** Whether to signal the billing batch; false when it was signaled for an earlier event that still waits in its queue. */
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
 * How long an event may wait in the queue of the billing batch before arriving events signal the batch again: its signal may have been
 * lost with the process that should have sent it. The batch usually takes an event within milliseconds, and after 3 s during a burst.
 */
const QUEUED_LATE_MS = 5_000;

/**
 * Receives events by one statement, each once. Events of contracts with a test clock are left out. `lock_ms` limits the wait for
 * another transaction that inserts one of these events; the limit of the session applies otherwise.
 *
 * **A burst of events needs one signal.** Only the first event in the queue signals the billing batch. The batch ends only when it
 * has read the queue, after the commit of everything that it took out, and found nothing. Suppose that an event `e` is not
 * signaled. Then the statement that read the first event, begun after the commit of `e`, found an earlier event `f` in the queue.
 * The process that takes `f` out of the queue commits after that, and so after the commit of `e`. If it is the batch, it reads the
 * queue once more and finds `e`. If it is a step of the contract's own workflow, then the batch, which was signaled for `f` or for
 * an event before `f`, does not find the queue empty while `f` is in it, and so reads the queue after `f` was taken out: it finds
 * `e`. This needs two things. The first event is read by a statement of its own after the commit of the insert, because a part of
 * the insert would not see what commits meanwhile. And the order of the queue has one first event; the ids serve.
 *
 * While a row cannot be taken out of the queue, the events behind it do not signal. The batch does not end then, and reads the queue
 * every few seconds. A signal can be lost, and so can the run of the batch: an event also signals when the first event has waited
 * for long, unless `maySignalLate` returns false. The sweep finds the rest.
 *
 * No lock is taken: with a lock shared by receivers, 20 connections that wrote without a pause blocked changes of the contract
 * for as long as they wrote.
 */
export async function receiveTogether(
  db: Database,
  arrivals: readonly BillingArrival[],
  { lock_ms, maySignalLate = () => true }: { lock_ms?: number; maySignalLate?: () => boolean } = {},
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
  return { received: await resultsOf(db, others, inserted, maySignalLate), on_test_clock };
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
  return (await resultsOf(db, [arrival], inserted, () => true)).get(arrival) as ReceivedBillingEvent;
}

/** The results for arrivals after the commit of their insert. `inserted` are the events that were not stored before. */
async function resultsOf(
  db: Database,
  arrivals: readonly BillingArrival[],
  inserted: readonly StoredBillingEvent[],
  maySignalLate: () => boolean,
): Promise<Map<BillingArrival, ReceivedBillingEvent>> {
  if (arrivals.length === 0) return new Map();
  const first_copies = new Set(inserted.map(keyOf));
  const copies = arrivals.filter(({ event }) => !first_copies.has(keyOf(event)));
  const stored_before = copies.length === 0 ? [] : await listStoredEvents(db, names(copies));
  const stored = new Map([...inserted, ...stored_before].map((event) => [keyOf(event), event]));
  const signaling_id = await findSignalingEvent(db, arrivals, [...stored.values()], maySignalLate);
  const results = arrivals.map((arrival): [BillingArrival, ReceivedBillingEvent] => {
    const { id, outcome, contract_id, invoice_id } = stored.get(keyOf(arrival.event)) as StoredBillingEvent;
    const repeated = !first_copies.delete(keyOf(arrival.event));
    return [arrival, { id, outcome, contract_id, invoice_id, repeated, needs_signal: id === signaling_id }];
  });
  return new Map(results);
}

/** The id of the event that has to signal the billing batch; undefined when none has to. */
async function findSignalingEvent(
  db: Database,
  arrivals: readonly BillingArrival[],
  stored: readonly StoredBillingEvent[],
  maySignalLate: () => boolean,
): Promise<string | undefined> {
  const [earliest] = stored.flatMap(({ id, outcome }) => (outcome === 'PENDING' ? [id] : [])).sort();
  if (earliest === undefined) return undefined;
  const now = arrivals.map((arrival) => arrival.now).reduce(laterOf);
  const first = await findFirstQueuedEvent(db, now);
  if (first === undefined) return undefined;
  if (stored.some(({ id }) => id === first.id)) return first.id;
  const is_late = millisOf(now) - millisOf(first.received_at) > QUEUED_LATE_MS;
  return is_late && maySignalLate() ? earliest : undefined;
}

function names(arrivals: readonly BillingArrival[]): BillingEventName[] {
  return arrivals.map(({ event }) => event);
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
