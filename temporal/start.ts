/** How each workflow is started where it does not run: alike, whoever finds it so. */
import type { StartDescription } from './describe-start';
import { contractWorkflowId, generationJobWorkflowId, testClockWorkflowId } from './ids';
import type { TaskQueues } from './task-queues';

/** Which Temporal server a process starts workflows on. Undefined while unknown, and out of date after a server was replaced. */
export type KnownEpoch = () => string | undefined;

/** What a start says besides whose workflow it is. */
export interface StartDetails {
  /** The request that caused it; it stands in the memo of what is started. */
  request_id?: string | undefined;
  /**
   * The epoch of the server, read before the start is sent: so it is never newer than the server that takes the start. Only
   * what really starts has it as input; a workflow that runs already keeps its own.
   */
  epoch?: string | undefined;
  /** How operators see it; by its id unless given. */
  description?: StartDescription | undefined;
}

/** The options of a start. */
interface Start<Input> {
  workflowId: string;
  taskQueue: string;
  args: [Input];
  workflowIdReusePolicy: 'ALLOW_DUPLICATE';
  staticSummary: string;
  staticDetails?: string;
  memo: Record<string, string>;
}

/** Of `contractLifecycle`. */
export function contractStart(contract_id: string, queues: TaskQueues, details: StartDetails = {}) {
  const { epoch } = details;
  return start(contractWorkflowId(contract_id), `Contract ${contract_id}`, { contract_id, epoch }, queues, details);
}

/** Of `generateLicenses`. */
export function generationJobStart(job_id: string, queues: TaskQueues, details: StartDetails = {}) {
  const { epoch } = details;
  return start(generationJobWorkflowId(job_id), `Generation job ${job_id}`, { job_id, epoch }, queues, details);
}

/** Of `advanceTestClock`. */
export function testClockStart(clock_id: string, queues: TaskQueues, details: Omit<StartDetails, 'epoch'> = {}) {
  return start(testClockWorkflowId(clock_id), `Test clock ${clock_id}`, { clock_id }, queues, details);
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
    // Postgres keeps the keys: a contract that rested, or a job that is resumed, begins again under its id.
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    staticSummary,
    ...description,
    memo: request_id === undefined ? {} : { request_id },
  };
}
