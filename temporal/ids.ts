/** Workflow ids. Only these functions make them, from the id of the subject. */

export function contractWorkflowId(contract_id: string): string {
  return `contract:${contract_id}`;
}

export function generationJobWorkflowId(job_id: string): string {
  return `generation-job:${job_id}`;
}

/** The workflow of an operation on licenses. */
export function operationWorkflowId({ id, kind }: { id: string; kind: string }): string {
  return kind === 'assign' ? `assignment-job:${id}` : `license-operation:${id}`;
}

export function replenishmentWorkflowId(contract_id: string): string {
  return `replenish:${contract_id}`;
}

/** The workflow that makes the runs of a schedule. Those that its Temporal Schedule starts have the instant behind this id. */
export function scheduleWorkflowId(schedule_id: string): string {
  return `run-schedule:${schedule_id}`;
}

/** The workflow that notices that a limit of a contract is exceeded. */
export function limitWorkflowId(contract_id: string): string {
  return `limit-exceeded:${contract_id}:quota`;
}

/** The workflow that delivers to an endpoint of webhooks. */
export function endpointWorkflowId(endpoint_id: string): string {
  return `webhook-endpoint:${endpoint_id}`;
}

/** The workflow that plans mails: one for all workers of a task queue, `notification-plan:covenant`. */
export function planningWorkflowId(contracts_queue: string): string {
  return `notification-plan:${contracts_queue.replace(/-contracts$/, '')}`;
}

/** The workflow that sends a mail. */
export function notificationWorkflowId(notification_id: string): string {
  return `notification:${notification_id}`;
}

export function testClockWorkflowId(clock_id: string): string {
  return `test-clock:${clock_id}`;
}

/** The workflow that applies billing events: one for all workers of a task queue, `billing-batch:covenant` for `covenant-contracts`. */
export function billingBatchWorkflowId(contracts_queue: string): string {
  return `billing-batch:${contracts_queue.replace(/-contracts$/, '')}`;
}

/** The workflow that applies boundaries of many contracts: one for all workers of a task queue, `due-batch:covenant`. */
export function dueBatchWorkflowId(contracts_queue: string): string {
  return `due-batch:${contracts_queue.replace(/-contracts$/, '')}`;
}

/** The schedule that runs the sweep; it stores the epoch of the server (temporal/sweep-schedule.ts). */
export const SWEEP_SCHEDULE_ID = 'sweep';
