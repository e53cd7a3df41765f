/**
 * Advances one test clock. Every boundary of the contracts on the clock is applied in order, each at its own instant.
 *
 * Postgres knows the time of the clock and which contracts are due. The workflow moves the clock from one instant to the next, and
 * continues only when every contract is settled. A contract that cannot be settled fails the advance, which can be started again.
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

/** An advance of the clock was requested: read the clock. */
export const wakeTestClockSignal = defineSignal('wake');

/** Thousands of contracts may be due at one instant. An attempt after a failed one settles only those that are left. */
const SETTLE_TIMEOUT = '10m';
/** Longer than one contract may take to settle (temporal/test-clock.ts). */
const SETTLE_HEARTBEAT_TIMEOUT = '60s';

const runShort = shortActivities<TestClockActivities>();

export async function advanceTestClock({ clock_id }: AdvanceTestClockInput): Promise<SteppedClock> {
  let woken: boolean;
  setHandler(wakeTestClockSignal, () => void (woken = true), { description: 'Read the clock again' });
  try {
    for (;;) {
      woken = false;
      const clock = await runShort('stepTestClock', 'move the clock', { clock_id });
      setCurrentDetails(detailsOf(clock));
      if (clock.due > 0) {
        const { unsettled } = await settle(clock);
        if (unsettled !== null) await failAdvance(unsettled);
      } else if (clock.status !== 'advancing' && !woken) return clock;
      if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof advanceTestClock>({ clock_id });
    }
  } catch (error) {
    // An operator who cancels the workflow stops the advance. Otherwise the sweep would start it again.
    if (isCancellation(error))
      await CancellationScope.nonCancellable(() => failAdvance('The advance was cancelled in Temporal.'));
    throw error;
  }

  function failAdvance(error: string): Promise<void> {
    return runShort('failTestClock', 'fail the advance', { clock_id, error });
  }

  function settle(clock: SteppedClock): Promise<SettledAtClock> {
    const { settleAtClock } = proxyActivities<TestClockActivities>({
      taskQueue: clock.task_queue,
      startToCloseTimeout: SETTLE_TIMEOUT,
      heartbeatTimeout: SETTLE_HEARTBEAT_TIMEOUT,
      // Contracts that were notified may settle after a cancellation: their clock has reached that time.
      cancellationType: ActivityCancellationType.TRY_CANCEL,
      retry: { initialInterval: '500ms', maximumInterval: '10s' },
    });
    const summary = `settle ${contractCount(clock)} at ${clock.now}`;
    return settleAtClock.executeWithOptions({ summary }, [{ clock_id, now: clock.now }]);
  }
}

/** What operators read: "**advancing** at 2027-03-01T00:00:00.000Z: 3 contracts to settle". */
function detailsOf(clock: SteppedClock): string {
  return `**${clock.status}** at ${clock.now}${clock.due === 0 ? '' : `: ${contractCount(clock)} to settle`}`;
}

function contractCount({ due }: SteppedClock): string {
  return `${due} ${due === 1 ? 'contract' : 'contracts'}`;
}
