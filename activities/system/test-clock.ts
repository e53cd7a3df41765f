/** The activities of `advanceTestClock`: they move the clock, and make its contracts settle at the clock's time. */
import { ApplicationFailure, Context } from '@temporalio/activity';
import pMap from 'p-map';
import type { Instant } from '../../domain/base/instant';
import type { ContractOnClock } from '../../domain/system/test-clock';
import { findPostponedBillingEvent, retryBillingEventsNow } from '../../db/billing/billing-event';
import { failAdvance } from '../../db/system/test-clock';
import { listAwaitedContracts, stepTestClock } from '../../transactions/system/advance-test-clock';
import type { AwaitedContract, ClockStep } from '../../transactions/system/advance-test-clock';
import type { Database } from '../../db/base/database';
import { findNow } from '../../db/base/clock';
import { listScheduledWork } from '../../db/schedule/clock';
import type { ClockNotifier, Nudger } from '../ports';
import { beginWithShortWaits } from '../base/short-wait';
import { runDueSchedules } from '../schedule/schedule';

/** Contracts that are notified at the same time. */
const NOTIFICATIONS_IN_FLIGHT_MAX = 20;
/** How often it is checked whether the licenses of runs are there. */
const WORK_LOOK_INTERVAL_MS = 250;
/** After so many looks their workflows are woken again: a signal may be lost. */
const WORK_WAKE_LOOKS = 40;
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
  nudger,
  settleTaskQueue,
}: {
  db: Database;
  clocks: ClockNotifier;
  nudger: Pick<Nudger, 'wake'>;
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
     * Notifies every contract that the clock waits for, and notifies a second time those that have not settled. Then it makes the runs of
     * schedules that are due, and waits for the licenses of these, as they would be there long before the next run. Sends a heartbeat
     * after each. Safe to run twice: a contract that has settled is not notified again, and a run that was made is not due.
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
      await awaitScheduledWork(clock_id);
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
    contracts: AwaitedContract[],
    now: Instant,
    failures: Map<string, unknown>,
    notified_before: number,
  ): Promise<number> {
    const context = Context.current();
    const { cancellationSignal } = context;
    let notified = 0;
    await pMap(
      contracts,
      async ({ id, postponed_events, run_at }) => {
        cancellationSignal.throwIfAborted();
        if (postponed_events > 0) await retryBillingEventsNow(db, id);
        await clocks
          .notify(id, cancellationSignal, now)
          // Its boundaries and billing events of this instant come first.
          .then(() => (run_at !== null && run_at <= now ? runSchedulesOf(id) : undefined))
          .catch((error: unknown) => failures.set(id, error));
        notified += 1;
        context.heartbeat(notified_before + notified);
      },
      { concurrency: NOTIFICATIONS_IN_FLIGHT_MAX },
    );
    return notified;
  }

  /** Makes the runs of a contract that are due by its clock. */
  async function runSchedulesOf(contract_id: string): Promise<void> {
    let has_more: boolean;
    do ({ has_more } = await runDueSchedules(db, nudger, { contract_id, now: await findNow(db) }));
    while (has_more);
  }

  /** Waits until the licenses of runs are generated and assigned, as far as their contracts allow it. */
  async function awaitScheduledWork(clock_id: string): Promise<void> {
    const context = Context.current();
    for (let looks = 1; ; looks++) {
      const { jobs, operations } = await listScheduledWork(db, clock_id);
      if (jobs.length === 0 && operations.length === 0) return;
      if (looks % WORK_WAKE_LOOKS === 0) await nudger.wake({ contract_id: null, job_ids: jobs, operations });
      context.heartbeat();
      await context.sleep(WORK_LOOK_INTERVAL_MS);
    }
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
