/** What the advance of a test clock has done: moving the clock, and having its contracts settle where it stands. */
import { ApplicationFailure, Context } from '@temporalio/activity';
import pMap from 'p-map';
import type { Instant } from '../../domain/base/instant';
import type { ContractOnClock } from '../../domain/system/test-clock';
import { findPostponedBillingEvent, hastenBillingEvents } from '../../db/billing/billing-event';
import { failAdvance } from '../../db/system/test-clock';
import { listAwaitedContracts, stepTestClock } from '../../transactions/system/advance-test-clock';
import type { ClockStep } from '../../transactions/system/advance-test-clock';
import type { Database } from '../../db/base/database';
import type { ClockTeller } from '../ports';
import { beginWithShortWaits } from '../base/short-wait';

/** Contracts told at the same time. */
const TOLD_IN_FLIGHT_MAX = 20;
/** How often a contract is told before it counts as one that does not settle. */
export const TELLINGS_MAX = 2;

export interface TestClockInput {
  clock_id: string;
}

/** The clock after a step, as the workflow sees it. */
export interface SteppedClock extends ClockStep {
  /** Where its contracts are told. */
  task_queue: string;
}

export interface SettleAtClockInput extends TestClockInput {
  /** Where the clock stands. */
  now: Instant;
}

export interface SettledAtClock {
  /** Contracts that were told, each once or twice. */
  told: number;
  /** A sentence that names the first contract that did not settle; null when all did. */
  unsettled: string | null;
}

export type TestClockActivities = ReturnType<typeof createTestClockActivities>;

/**
 * `settleTaskQueue` is not that of the contracts' own activities: telling waits for those, and must hold none of their slots.
 */
export function createTestClockActivities({
  db,
  clocks,
  settleTaskQueue,
}: {
  db: Database;
  clocks: ClockTeller;
  settleTaskQueue: string;
}) {
  return {
    /** Moves the clock to the next instant at which something is due, or to its end. Safe to run twice. */
    async stepTestClock({ clock_id }: TestClockInput): Promise<SteppedClock> {
      const step = await beginWithShortWaits(db, (tx) => stepTestClock(tx, clock_id));
      if (!step) throw ApplicationFailure.nonRetryable(`test clock ${clock_id} does not exist`, 'NotFound');
      return { ...step, task_queue: settleTaskQueue };
    },

    /**
     * Tells every contract that the clock waits for, and tells those again that it still waits for. A heartbeat comes with
     * each. Safe to run twice: a contract that has settled is not told again.
     *
     * Billing events whose billing system gave no answer are tried with each telling. When it gives none then either, the
     * advance ends: the events keep the instant at which they came in, and the clock stands there.
     */
    async settleAtClock({ clock_id, now }: SettleAtClockInput): Promise<SettledAtClock> {
      const failures = new Map<string, unknown>();
      const told_ids = new Set<string>();
      let told = 0;
      for (let telling = 1; telling <= TELLINGS_MAX; telling++) {
        const awaited = await listAwaitedContracts(db, clock_id);
        if (awaited.length === 0) break;
        failures.clear();
        told_ids.clear();
        for (const { id } of awaited) told_ids.add(id);
        told += await tellEach(awaited, now, failures, told);
      }
      // An event that came in after its contract was told, or for one that was not, is the next step's.
      const stuck = (await listAwaitedContracts(db, clock_id)).find(
        (contract) =>
          failures.has(contract.id) ||
          (told_ids.has(contract.id) && (contract.postponed_events > 0 || isDue(contract, now))),
      );
      return { told, unsettled: stuck === undefined ? null : await unsettledSentence(stuck, now, failures) };
    },

    /** Ends an advance that cannot go on. Safe to run twice. */
    async failTestClock({ clock_id, error }: TestClockInput & { error: string }): Promise<void> {
      await beginWithShortWaits(db, (tx) => failAdvance(tx, clock_id, error));
    },
  };

  /** Tells each contract once, a bounded number at a time; answers how many there were. */
  async function tellEach(
    contracts: ContractOnClock[],
    now: Instant,
    failures: Map<string, unknown>,
    told_before: number,
  ): Promise<number> {
    const context = Context.current();
    const { cancellationSignal } = context;
    let told = 0;
    await pMap(
      contracts,
      async ({ id, postponed_events }) => {
        cancellationSignal.throwIfAborted();
        if (postponed_events > 0) await hastenBillingEvents(db, id);
        await clocks.tell(id, cancellationSignal, now).catch((error: unknown) => failures.set(id, error));
        told += 1;
        context.heartbeat(told_before + told);
      },
      { concurrency: TOLD_IN_FLIGHT_MAX },
    );
    return told;
  }

  async function unsettledSentence(
    { id, postponed_events }: ContractOnClock,
    now: Instant,
    failures: ReadonlyMap<string, unknown>,
  ): Promise<string> {
    const failure = failures.get(id);
    const event = postponed_events > 0 ? await findPostponedBillingEvent(db, id) : undefined;
    const why =
      failure instanceof Error
        ? `its workflow did not answer (${failure.message})`
        : event === undefined
          ? 'something is still due there'
          : `the billing system of ${event.source} gave no answer about the event ${event.event_id}`;
    return `The contract ${id} did not settle at ${now}: ${why}. See the workflow contract:${id}, then advance the clock again.`;
  }
}

function isDue({ due_at }: ContractOnClock, now: Instant): boolean {
  return due_at !== null && due_at <= now;
}
