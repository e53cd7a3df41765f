/** The task queues on which workflows have activities done that must take no slot of commands. */

import type { BillingSource } from '../domain/billing/billing-event';

/** What a queue beside that of the contracts is for; see `temporal/task-queues.ts`. */
export type TaskQueuePurpose = 'settling' | 'steps' | 'billing' | `billing-${BillingSource}` | 'sweep';

/**
 * The queue of this kind that belongs to a queue of contracts: `covenant-billing` beside `covenant-contracts`. A workflow
 * knows its own queue and no setting, so the name is derived from it. A replay does not compare the queues of activities.
 */
export function taskQueueName(contracts_queue: string, kind: TaskQueuePurpose): string {
  return contracts_queue.replace(/-contracts$/, `-${kind}`);
}
