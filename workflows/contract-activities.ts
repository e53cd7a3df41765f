/** The activities of `contractLifecycle`, with their task queues, time limits and retries. */
import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { BillingActivities } from '../activities/billing/billing';
import type { ContractActivities } from '../activities/contract/contract';
import type { BillingSource } from '../domain/billing/billing-event';
import { taskQueueName } from './task-queue-name';

/** After a crash of the worker a command waits this long until it runs again, so it is short. */
const COMMAND_ATTEMPT_TIMEOUT = '6s';
/** All attempts at a command, while the commands behind it wait. The command itself expires earlier. */
const COMMAND_TIMEOUT = '30s';
const SETTLE_ATTEMPT_TIMEOUT = '20s';
/** Includes the answers of the billing system; one page of events may need many. */
const BILLING_ATTEMPT_TIMEOUT = '2m';
/** After this long, not after the whole attempt, another worker gets the activity of a worker that died. */
const BILLING_HEARTBEAT_TIMEOUT = '5s';
const RETRY = { initialInterval: '200ms', maximumInterval: '15s' } as const;
/** Hundreds of contracts that cannot be settled must leave slots to those that can. */
const SETTLE_RETRY = { ...RETRY, maximumInterval: '1m' } as const;

/** Commands run on the task queue of the workflow itself. */
export function commandActivities() {
  return proxyActivities<ContractActivities>({
    startToCloseTimeout: COMMAND_ATTEMPT_TIMEOUT,
    scheduleToCloseTimeout: COMMAND_TIMEOUT,
    retry: RETRY,
  });
}

/** Settling has slots of its own: many boundaries that cannot be applied hold no slot that commands need. */
export function settlingActivities() {
  return proxyActivities<ContractActivities & BillingActivities>({
    taskQueue: taskQueueName(workflowInfo().taskQueue, 'settling'),
    startToCloseTimeout: SETTLE_ATTEMPT_TIMEOUT,
    retry: SETTLE_RETRY,
  });
}

/** Each billing system has slots of its own: one that does not answer delays no other. */
export function billingActivities(source: BillingSource | undefined) {
  return proxyActivities<BillingActivities>({
    taskQueue: taskQueueName(workflowInfo().taskQueue, source === undefined ? 'billing' : `billing-${source}`),
    startToCloseTimeout: BILLING_ATTEMPT_TIMEOUT,
    heartbeatTimeout: BILLING_HEARTBEAT_TIMEOUT,
    retry: RETRY,
  });
}
