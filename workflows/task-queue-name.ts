/** The names of the task queues on which workflows schedule activities that must not take the slots of commands. */

import type { BillingSource } from '../domain/billing/billing-event';

/** What a task queue is for; `temporal/task-queues.ts` explains each. */
export type TaskQueuePurpose =
  | 'settling'
  | 'batches'
  | 'steps'
  | 'billing'
  | `billing-${BillingSource}`
  | 'sweep'
  | 'webhooks'
  | 'webhooks-failing'
  | 'mail-planning'
  | 'mail';

/**
 * The task queue for a purpose: `covenant-billing` for contracts on `covenant-contracts`. A workflow knows the name of its own
 * queue and no setting, so it derives the others. A replay does not compare the task queues of activities.
 */
export function taskQueueName(contracts_queue: string, purpose: TaskQueuePurpose): string {
  return contracts_queue.replace(/-contracts$/, `-${purpose}`);
}
