/** The activities of `advanceTestClock`: they move the clock, and make its contracts settle at the clock's time. */
import { ApplicationFailure, Context } from '@temporalio/activity';
import pMap from 'p-map';
import type { Instant } from '../../domain/base/instant';
import type { ContractOnClock } from '../../domain/system/test-clock';
import { findPostponedBillingEvent, retryBillingEventsNow } from '../../db/billing/billing-event';
import { failAdvance } from '../../db/system/test-clock';
import { listAwaitedContracts, stepTestClock } from '../../transactions/system/advance-test-clock';
import type { ClockStep } from '../../transactions/system/advance-test-clock';
import type { Database } from '../../db/base/database';
import type { ClockNotifier } from '../ports';
import { beginWithShortWaits } from '../base/short-wait';

/** Contracts that are notified at the same time. */
const NOTIFICATIONS_IN_FLIGHT_MAX = 20;
/** How many times a contract is notified before the advance fails because of it. */
export const NOTIFY_ATTEMPTS_MAX = 2;

export interface TestClockInput {
  clock_id: string;
}

/** The clock after a step, as the workflow sees it. */
export interface SteppedClock extends ClockStep {
  /** The task queue of `settleAtClock`. */
  task_queue: string;
}

export interface SettleAtClockInput extends TestClockInput {
  /** The time of the clock. */
  now: Instant;
}

export interface SettledAtClock {
  /** How many notifications were sent: one or two for each contract. */
  notified: number;
  /** A sentence that names the first contract that did not settle; null when all did. */
  unsettled: string | null;
}

export type TestClockActivities = ReturnType<typeof createTestClockActivities>;

/**
 * `settleTaskQueue` differs from the task queues of the contracts' own activities: a notification waits for those activities, so it
 * must not occupy their slots.
 */
export function createTestClockActivities({
  db,
  clocks,
  settleTaskQueue,
}: {
  db: Database;
  clocks: ClockNotifier;
  settleTaskQueue: string;
}) {
  return {
    /** Moves the clock to the next instant at which something is due, or to the target of the advance. Safe to run twice. */
    async stepTestClock({ clock_id }: TestClockInput): Promise<SteppedClock> {
      const step = await beginWithShortWaits(db, (tx) => stepTestClock(tx, clock_id));
      if (!step) throw ApplicationFailure.nonRetryable(`test clock ${clock_id} does not exist`, 'NotFound');
      return { ...step, task_queue: settleTaskQueue };
    },

    /**
     * Notifies every contract that the clock waits for, and notifies a second time those that have not settled. Sends a heartbeat
     * after each. Safe to run twice: a contract that has settled is not notified again.
     *
     * Each notification also tries the contract's billing events whose billing system gave no answer. When it gives no answer
     * again, the advance ends: the events keep the instant at which they arrived, and the clock stays at that instant.
     */
    async settleAtClock({ clock_id, now }: SettleAtClockInput): Promise<SettledAtClock> {
      const failures = new Map<string, unknown>();
      const notified_ids = new Set<string>();
      let notified = 0;
      for (let attempt = 1; attempt <= NOTIFY_ATTEMPTS_MAX; attempt++) {
        const awaited = await listAwaitedContracts(db, clock_id);
        if (awaited.length === 0) break;
        failures.clear();
        notified_ids.clear();
        for (const { id } of awaited) notified_ids.add(id);
        notified += await notifyEach(awaited, now, failures, notified);
      }
      // The next step handles an event that arrived after its contract was notified, or for a contract that was not notified.
      const stuck = (await listAwaitedContracts(db, clock_id)).find(
        (contract) =>
          failures.has(contract.id) ||
          (notified_ids.has(contract.id) && (contract.postponed_events > 0 || isDue(contract, now))),
      );
      return { notified, unsettled: stuck === undefined ? null : await unsettledSentence(stuck, now, failures) };
    },

    /** Ends an advance that cannot continue. Safe to run twice. */
    async failTestClock({ clock_id, error }: TestClockInput & { error: string }): Promise<void> {
      await beginWithShortWaits(db, (tx) => failAdvance(tx, clock_id, error));
    },
  };

  /** Notifies each contract once, a bounded number at a time; returns how many contracts there were. */
  async function notifyEach(
    contracts: ContractOnClock[],
    now: Instant,
    failures: Map<string, unknown>,
    notified_before: number,
  ): Promise<number> {
    const context = Context.current();
    const { cancellationSignal } = context;
    let notified = 0;
    await pMap(
      contracts,
      async ({ id, postponed_events }) => {
        cancellationSignal.throwIfAborted();
        if (postponed_events > 0) await retryBillingEventsNow(db, id);
        await clocks.notify(id, cancellationSignal, now).catch((error: unknown) => failures.set(id, error));
        notified += 1;
        context.heartbeat(notified_before + notified);
      },
      { concurrency: NOTIFICATIONS_IN_FLIGHT_MAX },
    );
    return notified;
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
