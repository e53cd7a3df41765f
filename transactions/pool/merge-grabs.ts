/**
 * Serves grabs of one pool that wait at the same moment together, because each statement and each commit costs more than the rows of one
 * grab. Each gets all its licenses or none, and no grab decides the outcome of another.
 */
import { LRUCache } from 'lru-cache';
import { isDatabaseUnavailable, isLockTimeout, violates } from '../../db/base/errors';
import type { Database, Sql } from '../../db/base/database';
import { GROUP_LICENSES_MAX, ORDER_UNIQUE, grabLicenses } from '../../db/pool/grab';
import type { Grab, GrabGroup, GrabOutcome, Grabbed } from '../../db/pool/grab';
import { laterOf, millisLater } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import type { Refusal } from '../../domain/base/refusal';
import { shortPoolRefusal } from '../../domain/pool/hold';
import { createMergedCalls } from '../base/merged-calls';
import type { Merge, WaitingCall } from '../base/merged-calls';
import { endOverdueHolds } from './end-overdue-holds';
import { setExpiryByAssignment } from './own-expiry';

/**
 * The most grabs in one statement. With more, 64 callers come to wait for one statement together, and the process has nothing to do until it
 * ends; with 32, it answers one half meanwhile.
 */
const MERGED_GRABS_MAX = 32;
/** From how many waiting grabs on a second statement runs beside the first one. A statement for few costs each of them more. */
const FURTHER_GRABS_MIN = 24;
/** Pools of which a process remembers that they have enough for two statements. One that is forgotten is served by one until the next. */
const POOLS_KNOWN_MAX = 1_000;
/**
 * How long a grab that finds too few licenses waits for those that other transactions have locked: a transaction that is rolled back leaves
 * its licenses in the pool (a falsely empty pool, found in a test of SKIP LOCKED).
 */
export const LOCKED_LICENSES_WAIT_MS = 2_000;

/** A grab with its arrival on the monotonic clock. */
export interface TimedGrab {
  contract_id: string;
  grab: Grab;
  now: Instant;
  arrived_ms: number;
}

/** `closed`: the contract gives nothing until it is looked at again. `repeated`: the order has its hold already. */
export type MergedOutcome = Grabbed | Refusal | 'closed' | 'repeated';

type Call = WaitingCall<TimedGrab, MergedOutcome>;
type Calls = Merge<TimedGrab, MergedOutcome>;

/** Creates the function that serves one grab, possibly together with others. */
export function createMergedGrabs(db: Database): (timed: TimedGrab) => Promise<MergedOutcome> {
  const { attempt_ms } = db.lockTurns.limits;
  /** The contracts whose pools have enough for two statements at one moment, as the last statement of each found. */
  const with_rest = new LRUCache<string, true>({ max: POOLS_KNOWN_MAX });
  return createMergedCalls<TimedGrab, MergedOutcome>({
    turns: db.lockTurns,
    rowOf: ({ contract_id }) => ({ table: 'pool_available', id: contract_id, shared: true }),
    further: { from: FURTHER_GRABS_MIN, isAllowed: (contract_id) => with_rest.has(contract_id) },
    keyOf: ({ contract_id }) => contract_id,
    take: (queue) => queue.splice(0, countOfStatement(queue)) as Calls,
    async serve(calls) {
      try {
        await serveTogether(calls);
      } catch (error) {
        if (isLockTimeout(error)) throw error;
        const unsettled = calls.filter(({ is_settled }) => !is_settled);
        const is_certain = unsettled.length === 1 && !violates(error, ORDER_UNIQUE);
        if (is_certain || isDatabaseUnavailable(error)) return reject(unsettled, error);
        // One grab can fail the statement of all, such as one of two that wait for each other in two processes, or that serve the same order.
        for (const call of unsettled) await serveTogether([call]).catch((own: unknown) => reject([call], own));
      }
    },
  });

  /** Serves grabs until each is settled. Each round puts back licenses of holds that are over, or settles a grab at least. */
  async function serveTogether(calls: Calls): Promise<void> {
    let open = await serveNew(calls);
    while (!isNone(open)) {
      const { contract_id, now } = groupOf(open);
      const put_back = await endOverdueHolds(db, { contract_id, now });
      const outcome = await grabAwaited(open);
      open = settle(open, outcome);
      const is_final = put_back.length === 0 && outcome.repeated.size === 0;
      if (is_final) open = open.filter((call) => !refuseAbove(call, outcome.left));
    }
  }

  /** Runs the statement until it finds no repeated orders; returns the calls that it did not settle. */
  async function serveNew(calls: Calls): Promise<Call[]> {
    let open: Call[] = calls;
    for (let is_repeated = true; is_repeated && !isNone(open);) {
      const outcome = await grabTogether(open, { wait: false, lock_ms: attempt_ms });
      open = settle(open, outcome);
      is_repeated = outcome.repeated.size > 0;
    }
    return open;
  }

  /** Runs the statement for all calls, in a transaction if licenses get their expiry by their assignment. */
  async function grabTogether(
    calls: readonly Call[],
    options: { wait: boolean; lock_ms: number },
  ): Promise<GrabOutcome> {
    const group = groupOf(calls);
    let outcome = await grabLicenses(db, group, { ...options, in_transaction: false });
    if (outcome.needs_transaction) outcome = await db.begin((tx) => grabWithExpiry(tx, groupOf(calls), options));
    if (outcome.has_rest) with_rest.set(group.contract_id, true);
    else with_rest.delete(group.contract_id);
    return outcome;
  }

  /** Waits for locked licenses. Those that stay locked count as taken. */
  async function grabAwaited(calls: readonly Call[]): Promise<GrabOutcome> {
    try {
      return await grabTogether(calls, { wait: true, lock_ms: LOCKED_LICENSES_WAIT_MS });
    } catch (error) {
      if (!isLockTimeout(error)) throw error;
      return grabTogether(calls, { wait: false, lock_ms: attempt_ms });
    }
  }
}

/** Grabs licenses, and gives those that are assigned their own expiry. */
async function grabWithExpiry(
  tx: Sql,
  group: GrabGroup,
  options: { wait: boolean; lock_ms: number },
): Promise<GrabOutcome> {
  const outcome = await grabLicenses(tx, group, { ...options, in_transaction: true });
  for (const { hold_id, customer_id } of group.grabs) {
    const grabbed = outcome.served.get(hold_id);
    if (grabbed === undefined || grabbed.held_until !== null || customer_id === null) continue;
    const ids = grabbed.licenses.map(({ id }) => id);
    const expiry = await setExpiryByAssignment(tx, customer_id, ids, grabbed.at);
    for (const license of grabbed.licenses) license.expires_at = expiry.get(license.id) ?? null;
  }
  return outcome;
}

/** How many of the first calls of a queue, at least one, fit into one statement. */
function countOfStatement(queue: readonly Call[]): number {
  let licenses = 0;
  const fitting = queue
    .slice(0, MERGED_GRABS_MAX)
    .findIndex(({ input }) => (licenses += input.grab.count) > GROUP_LICENSES_MAX);
  return fitting === -1 ? MERGED_GRABS_MAX : Math.max(1, fitting);
}

function isNone(calls: readonly Call[]): calls is [] {
  return calls.length === 0;
}

/** Settles the calls that a statement has decided; returns the others. */
function settle(calls: readonly Call[], { served, repeated, closed }: GrabOutcome): Call[] {
  return calls.filter(({ input, resolve }) => {
    const { hold_id } = input.grab;
    const outcome = closed ? 'closed' : repeated.has(hold_id) ? 'repeated' : served.get(hold_id);
    if (outcome === undefined) return true;
    resolve(outcome);
    return false;
  });
}

/** Refuses a grab of more licenses than were left. */
function refuseAbove({ input, resolve }: Call, left: number): boolean {
  const { count } = input.grab;
  if (count <= left) return false;
  resolve(shortPoolRefusal(count, left));
  return true;
}

function reject(calls: readonly Call[], error: unknown): void {
  for (const call of calls) call.reject(error);
}

/** The grabs of calls, with the latest of their times. */
function groupOf(calls: readonly Call[]): GrabGroup {
  const [first, ...others] = calls as Calls;
  return {
    contract_id: first.input.contract_id,
    grabs: [first.input.grab, ...others.map(({ input }) => input.grab)],
    now: calls.map(({ input }) => millisLater(input.now, performance.now() - input.arrived_ms)).reduce(laterOf),
  };
}
