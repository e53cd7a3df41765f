/**
 * Receives events that arrive at the same moment by one statement, because each statement and each commit costs more than the row of
 * one event. Events of contracts with a test clock lock that clock and are received one by one.
 *
 * If the statement of several events fails, each is tried again alone, so that one event never decides what becomes of another.
 */
import { isDatabaseUnavailable, isLockTimeout, RowsBusy } from '../../db/base/errors';
import type { LockedRow } from '../../db/base/errors';
import type { Database } from '../../db/base/database';
import type { BillingArrival } from '../../db/billing/billing-event';
import { createBatchedCalls } from '../base/batched-calls';
import type { Merge, WaitingCall } from '../base/merged-calls';
import { receiveOnTestClock, receiveTogether } from './receive-billing-event';
import type { ReceivedBillingEvent, ReceivedTogether } from './receive-billing-event';

/** The most events in one statement. */
const MERGED_EVENTS_MAX = 64;
/** The most bytes of messages in one statement, unless one message is longer. A usual message has 1 to 10 kB. */
const MERGED_BYTES_MAX = 1024 * 1024;
/** The most simultaneous statements. */
const STATEMENTS_MAX = 4;
/**
 * The number of waiting events from which a further statement starts. One statement for many costs less than two, but while it commits
 * the process could prepare the next: with 32 callers, 32 left a fifth of both cores idle, and 8 cost more than it gained.
 */
const FURTHER_STATEMENT_FROM = 16;

/** The shortest interval between two signals of one process for events that have waited for long. */
const LATE_SIGNAL_INTERVAL_MS = 5_000;

/** Receives an event, once, possibly by the same statement as others. */
export type ReceiveBillingEvent = (arrival: BillingArrival) => Promise<ReceivedBillingEvent>;

type Call = WaitingCall<BillingArrival, ReceivedBillingEvent>;
type Calls = Merge<BillingArrival, ReceivedBillingEvent>;

/** @throws RowsBusy when too many events wait, or another transaction that inserts the same event does not end in time */
export function createMergedArrivals(db: Database): ReceiveBillingEvent {
  const { limits } = db.lockTurns;
  const options = { lock_ms: limits.attempt_ms, maySignalLate: limitLateSignals() };
  const batched = createBatchedCalls<BillingArrival, ReceivedBillingEvent>({
    turns: db.lockTurns,
    statements_max: STATEMENTS_MAX,
    further_from: FURTHER_STATEMENT_FROM,
    keyOf,
    take: takeBatch,
    serve: receiveBatch,
  });
  return (arrival) => (batched.isFull() ? Promise.reject(new RowsBusy(null)) : batched.call(arrival));

  async function receiveBatch(calls: Calls): Promise<void> {
    const arrivals = calls.map(({ input }) => input);
    try {
      const together = await receiveTogether(db, arrivals, options);
      for (const call of calls) settle(call, together);
    } catch (error) {
      const is_final = isDatabaseUnavailable(error) || (calls.length === 1 && !isLockTimeout(error));
      for (const call of calls) {
        if (is_final) call.reject(error);
        else receiveAlone(call);
      }
    }
  }

  /** Receives an event by a statement of its own, in a later turn. */
  function receiveAlone(call: Call): void {
    const { input, reject, since_ms } = call;
    const left_ms = since_ms + limits.wait_ms - performance.now();
    const receive = () => receiveTogether(db, [input], options);
    db.lockTurns.run([rowOf(input)], receive, left_ms).then((together) => settle(call, together), reject);
  }

  function settle({ input, resolve, reject }: Call, { received, on_test_clock }: ReceivedTogether): void {
    const contract = on_test_clock.get(input);
    // Not within this turn: it takes a turn for the clock.
    if (contract !== undefined) receiveOnTestClock(db, input, contract).then(resolve, reject);
    else resolve(received.get(input) as ReceivedBillingEvent);
  }
}

/** Allows one late signal in an interval: while no worker runs, each further signal would only lengthen the history of the batch. */
function limitLateSignals(): () => boolean {
  let last_ms = -Infinity;
  return () => {
    const is_allowed = performance.now() - last_ms >= LATE_SIGNAL_INTERVAL_MS;
    if (is_allowed) last_ms = performance.now();
    return is_allowed;
  };
}

/** Takes the events of the next statement, each once. */
function takeBatch(queue: Call[], isInService: (arrival: BillingArrival) => boolean): Call[] {
  const keys = new Set<string>();
  const calls: Call[] = [];
  let bytes = 0;
  const left = queue.filter((call) => {
    const key = keyOf(call.input);
    const length = call.input.raw.length;
    const fits = calls.length === 0 || (calls.length < MERGED_EVENTS_MAX && bytes + length <= MERGED_BYTES_MAX);
    if (!fits || keys.has(key) || isInService(call.input)) return true;
    keys.add(key);
    bytes += length;
    calls.push(call);
    return false;
  });
  queue.splice(0, queue.length, ...left);
  return calls;
}

/** The event as a row that its insert waits for while another transaction inserts it. */
function rowOf(arrival: BillingArrival): LockedRow {
  return { table: 'billing_inbox', id: keyOf(arrival) };
}

function keyOf({ event: { source, event_id } }: BillingArrival): string {
  return `${source} ${event_id}`;
}
