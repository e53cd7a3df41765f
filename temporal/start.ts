/** The options with which each workflow is started; every starter uses the same. */
import type { OperationRef } from '../domain/contract/nudge';
import type { StartDescription } from './describe-start';
import {
  billingBatchWorkflowId,
  contractWorkflowId,
  dueBatchWorkflowId,
  endpointWorkflowId,
  generationJobWorkflowId,
  limitWorkflowId,
  notificationWorkflowId,
  operationWorkflowId,
  planningWorkflowId,
  replenishmentWorkflowId,
  scheduleWorkflowId,
  testClockWorkflowId,
} from './ids';
import type { TaskQueues } from './task-queues';

/** The epoch of the server on which a process starts workflows. Undefined while unknown, and outdated after a server was replaced. */
export type KnownEpoch = () => string | undefined;

/** What a start carries besides the id of its subject. */
export interface StartDetails {
  /** The id of the request that caused the start; it is in the memo of the workflow. */
  request_id?: string | undefined;
  /**
   * The epoch of the server, read before the start is sent, so it is never newer than the server that receives the start. Only a
   * workflow that really starts gets it as input; one that is already running keeps its own.
   */
  epoch?: string | undefined;
  /** Describes the workflow for operators. Without it, they see only the id of its subject. */
  description?: StartDescription | undefined;
}

/** The options of a start, for the SDK's client. */
interface Start<Input> {
  workflowId: string;
  taskQueue: string;
  args: [Input];
  workflowIdReusePolicy: 'ALLOW_DUPLICATE';
  staticSummary: string;
  staticDetails?: string;
  memo: Record<string, string>;
}

/** The options for `contractLifecycle`. */
export function contractStart(contract_id: string, queues: TaskQueues, details: StartDetails = {}) {
  const { epoch } = details;
  return start(contractWorkflowId(contract_id), `Contract ${contract_id}`, { contract_id, epoch }, queues, details);
}

/** The options for `generateLicenses`. */
export function generationJobStart(job_id: string, queues: TaskQueues, details: StartDetails = {}) {
  const { epoch } = details;
  return start(generationJobWorkflowId(job_id), `Generation job ${job_id}`, { job_id, epoch }, queues, details);
}

/** The options for `assignLicenses` and `changeLicenses`. */
export function operationStart(
  operation: OperationRef,
  queues: TaskQueues,
  details: Omit<StartDetails, 'description'> = {},
) {
  const { epoch } = details;
  const { id: job_id, kind } = operation;
  return start(
    operationWorkflowId(operation),
    `License operation ${job_id}: ${kind}`,
    { job_id, epoch },
    queues,
    details,
  );
}

/** The options for `replenishPool`. Its details are those of the contract. */
export function replenishmentStart(contract_id: string, queues: TaskQueues, details: Omit<StartDetails, 'epoch'> = {}) {
  const { description, ...rest } = details;
  const described = description && {
    ...description,
    ...(description.staticSummary === undefined ? {} : { staticSummary: `Replenish ${description.staticSummary}` }),
  };
  const summary = `Replenish the pool of contract ${contract_id}`;
  return start(replenishmentWorkflowId(contract_id), summary, { contract_id }, queues, {
    ...rest,
    description: described,
  });
}

/** The options for `runSchedule`. */
export function scheduleStart(schedule_id: string, queues: TaskQueues, details: StartDetails = {}) {
  const { epoch } = details;
  const input = { schedule_id, epoch };
  return start(scheduleWorkflowId(schedule_id), `Schedule ${schedule_id}`, input, queues, details);
}

/** The options for `limitExceeded`. */
export function limitStart(contract_id: string, queues: TaskQueues, details: Omit<StartDetails, 'description'> = {}) {
  const { epoch } = details;
  const summary = `Quota of contract ${contract_id} is exceeded`;
  return start(limitWorkflowId(contract_id), summary, { contract_id, epoch }, queues, details);
}

/** The options for `deliverWebhooks`. */
export function endpointStart(
  endpoint_id: string,
  queues: TaskQueues,
  details: Omit<StartDetails, 'description'> = {},
) {
  const { epoch } = details;
  const input = { endpoint_id, epoch };
  return start(endpointWorkflowId(endpoint_id), `Webhook endpoint ${endpoint_id}`, input, queues, details);
}

/** The options for `planNotifications`. */
export function planningStart(queues: TaskQueues) {
  return start(planningWorkflowId(queues.contracts), 'Plan mails', {}, queues, {});
}

/** The options for `sendNotification`. */
export function notificationStart(notification_id: string, queues: TaskQueues, { epoch }: Pick<StartDetails, 'epoch'>) {
  const input = { notification_id, epoch };
  return start(notificationWorkflowId(notification_id), `Mail ${notification_id}`, input, queues, {});
}

/** The options for `advanceTestClock`. */
export function testClockStart(clock_id: string, queues: TaskQueues, details: Omit<StartDetails, 'epoch'> = {}) {
  return start(testClockWorkflowId(clock_id), `Test clock ${clock_id}`, { clock_id }, queues, details);
}

/** The options for `applyBilling`. */
export function billingBatchStart(queues: TaskQueues, details: Omit<StartDetails, 'epoch' | 'description'> = {}) {
  return start(billingBatchWorkflowId(queues.contracts), 'Apply billing events', {}, queues, details);
}

/** The options for `settleDue`. */
export function dueBatchStart(queues: TaskQueues, { epoch }: Pick<StartDetails, 'epoch'>) {
  return start(
    dueBatchWorkflowId(queues.contracts),
    'Boundaries of many contracts that are due together',
    { epoch },
    queues,
    {},
  );
}

function start<Input>(
  workflowId: string,
  staticSummary: string,
  input: Input,
  { contracts }: TaskQueues,
  { request_id, description }: StartDetails,
): Start<Input> {
  return {
    workflowId,
    taskQueue: contracts,
    args: [input],
    // The unique keys are in Postgres. The workflow of a contract at rest or of a resumed job starts again under the same id.
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    staticSummary,
    ...description,
    memo: request_id === undefined ? {} : { request_id },
  };
}
