/**
 * The safety net, run each minute by a schedule: whatever is due in Postgres and has no live workflow gets one.
 *
 * It covers the process that died between commit and start, the Temporal server that was down or lost its data, and the
 * workflow that somebody terminated by hand. Billing systems are asked beside it, so that a slow one holds up no waking.
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
  /** Which Temporal server this is: rows last started under another epoch are started again. */
  epoch: string;
}

/** Waiting for a worker and all attempts included: the run ends before the schedule comes again in a minute. */
const SWEEP_TIMEOUT = '50s';
/** What a dead worker had in hand is given to another after this long, not after the whole attempt. */
const SWEEP_HEARTBEAT_TIMEOUT = '5s';
const LIMITS = {
  scheduleToCloseTimeout: SWEEP_TIMEOUT,
  heartbeatTimeout: SWEEP_HEARTBEAT_TIMEOUT,
  // The schedule comes again in a minute anyway.
  retry: { initialInterval: '1s', maximumAttempts: 3 },
} as const;

export async function sweep({ epoch }: SweepInput): Promise<Swept> {
  const now = instantFromMillis(Date.now());
  const { sweepOnce } = proxyActivities<SweepActivities>({
    ...LIMITS,
    taskQueue: taskQueueName(workflowInfo().taskQueue, 'sweep'),
  });
  // Runs from before asked billing systems within `sweepOnce`.
  const asks = patched('ask-billing-beside');
  const [waking, identifying] = await Promise.allSettled([
    sweepOnce.executeWithOptions({ summary: 'wakes what is owed' }, [{ epoch, now }]),
    asks ? identifyParkedEvents(now) : [],
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

/** Asks billing systems what parked events concern; answers the contracts that were woken for it. */
function identifyParkedEvents(now: string): Promise<string[]> {
  const { identifyParkedEvents: identify } = proxyActivities<BillingInboxActivities>({
    ...LIMITS,
    taskQueue: taskQueueName(workflowInfo().taskQueue, 'billing'),
  });
  return identify.executeWithOptions({ summary: 'asks what parked events concern' }, [{ now }]);
}

/** Whether an activity found no free slot or no answer in its time; that is no fault of the sweep. */
function isTimeout(error: unknown): boolean {
  return error instanceof ActivityFailure && error.cause instanceof TimeoutFailure;
}
