/**
 * Advances one test clock, and has every boundary of the contracts on it crossed in order, each at its own instant.
 *
 * Postgres knows where the clock stands and what is due there; the workflow moves it from one instant to the next, and
 * goes on only when every contract has settled. A contract that does not settle fails the advance, which can be begun again.
 */
import {
  ActivityCancellationType,
  CancellationScope,
  continueAsNew,
  defineSignal,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { SettledAtClock, SteppedClock, TestClockActivities } from '../activities/system/test-clock';
import { shortActivities } from './short-activity';

export interface AdvanceTestClockInput {
  clock_id: string;
}

/** Says that the clock was sent on its way: look at it. */
export const wakeTestClockSignal = defineSignal('wake');

/** Thousands of contracts may be due at one instant; an attempt that ends early goes on with those that are left. */
const SETTLE_TIMEOUT = '10m';
/** Longer than one contract may take to settle (temporal/test-clock.ts). */
const SETTLE_HEARTBEAT_TIMEOUT = '60s';

const run = shortActivities<TestClockActivities>();

export async function advanceTestClock({ clock_id }: AdvanceTestClockInput): Promise<SteppedClock> {
  let woken: boolean;
  setHandler(wakeTestClockSignal, () => void (woken = true), { description: 'Look at the clock again' });
  try {
    for (;;) {
      woken = false;
      const clock = await run('stepTestClock', 'moves the clock', { clock_id });
      setCurrentDetails(`**${clock.status}** at ${told(clock)}`);
      if (clock.due > 0) {
        const { unsettled } = await settle(clock);
        if (unsettled !== null) await fail(unsettled);
      } else if (clock.status !== 'advancing' && !woken) return clock;
      if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof advanceTestClock>({ clock_id });
    }
  } catch (error) {
    // Whoever cancels the workflow by hand stops the advance; the sweep would begin it again otherwise.
    if (isCancellation(error))
      await CancellationScope.nonCancellable(() => fail('The advance was cancelled in Temporal.'));
    throw error;
  }

  function fail(error: string): Promise<void> {
    return run('failTestClock', 'ends the advance', { clock_id, error });
  }

  function settle(clock: SteppedClock): Promise<SettledAtClock> {
    const { settleAtClock } = proxyActivities<TestClockActivities>({
      taskQueue: clock.task_queue,
      startToCloseTimeout: SETTLE_TIMEOUT,
      heartbeatTimeout: SETTLE_HEARTBEAT_TIMEOUT,
      // Contracts that were told may settle: it is their time, whatever becomes of the advance.
      cancellationType: ActivityCancellationType.TRY_CANCEL,
      retry: { initialInterval: '500ms', maximumInterval: '10s' },
    });
    return settleAtClock.executeWithOptions({ summary: told(clock) }, [{ clock_id, now: clock.now }]);
  }
}

/** Where the clock is and what it waits for: "2027-03-01T00:00:00.000Z: 3 contracts". */
function told({ now, due }: SteppedClock): string {
  return due === 0 ? now : `${now}: ${due} ${due === 1 ? 'contract' : 'contracts'}`;
}
