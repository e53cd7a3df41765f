/**
 * Starts or wakes the workflow of everything that is due in Postgres; a schedule runs it every minute.
 *
 * It repairs what is left after a process died between its commit and the start of a workflow, after the Temporal server was down
 * or lost its data, and after an operator terminated a workflow. Billing systems are asked in parallel: a slow one delays no wake-up.
 */
import {
  ActivityFailure,
  patched,
  proxyActivities,
  setCurrentDetails,
  TimeoutFailure,
  workflowInfo,
} from '@temporalio/workflow';
import type { BillingInboxActivities } from '../activities/billing/billing-event';
import type { SweepActivities, Swept } from '../activities/system/sweep';
import { instantFromMillis } from '../domain/base/instant';
import { taskQueueName } from './task-queue-name';

export interface SweepInput {
  /** Identifies the Temporal server: rows whose workflow was last started under another epoch are started again. */
  epoch: string;
}

/** Includes the wait for a worker and all attempts: the run ends before the schedule starts the next one after a minute. */
const SWEEP_TIMEOUT = '50s';
/** After this long, not after the whole attempt, another worker gets the activity of a worker that died. */
const SWEEP_HEARTBEAT_TIMEOUT = '5s';
const ACTIVITY_OPTIONS = {
  scheduleToCloseTimeout: SWEEP_TIMEOUT,
  heartbeatTimeout: SWEEP_HEARTBEAT_TIMEOUT,
  // The schedule starts the next run after a minute anyway.
  retry: { initialInterval: '1s', maximumAttempts: 3 },
} as const;

export async function sweep({ epoch }: SweepInput): Promise<Swept> {
  const now = instantFromMillis(Date.now());
  const { sweepOnce } = proxyActivities<SweepActivities>({
    ...ACTIVITY_OPTIONS,
    taskQueue: taskQueueName(workflowInfo().taskQueue, 'sweep'),
  });
  // Runs of an older version asked billing systems within `sweepOnce`.
  const asks_in_parallel = patched('ask-billing-beside');
  const [waking, identifying] = await Promise.allSettled([
    sweepOnce.executeWithOptions({ summary: 'wake contracts, jobs and test clocks that are due' }, [{ epoch, now }]),
    asks_in_parallel ? identifyParkedEvents(now) : [],
  ]);
  if (waking.status === 'rejected') throw waking.reason;
  if (identifying.status === 'rejected' && !isTimeout(identifying.reason)) throw identifying.reason;
  const identified = identifying.status === 'fulfilled' ? identifying.value.length : 0;
  const swept = { ...waking.value, contracts: waking.value.contracts + identified };
  const late = identifying.status === 'rejected' ? '; billing systems did not answer in time' : '';
  setCurrentDetails(
    `woke ${swept.contracts} contracts, ${swept.jobs} generation jobs and ${swept.test_clocks} test clocks${late}`,
  );
  return swept;
}

/** Asks billing systems which contracts parked events are about. Returns the ids of the contracts that were woken for them. */
function identifyParkedEvents(now: string): Promise<string[]> {
  const { identifyParkedEvents: identify } = proxyActivities<BillingInboxActivities>({
    ...ACTIVITY_OPTIONS,
    taskQueue: taskQueueName(workflowInfo().taskQueue, 'billing'),
  });
  return identify.executeWithOptions({ summary: 'ask billing systems about parked events' }, [{ now }]);
}

/** Whether an activity got no slot or no answer in its time, which is no failure of the sweep. */
function isTimeout(error: unknown): boolean {
  return error instanceof ActivityFailure && error.cause instanceof TimeoutFailure;
}
