/** How each workflow is started where it does not run: alike, whoever finds it so. */
import { contractWorkflowId, generationJobWorkflowId, testClockWorkflowId } from './ids';
import type { TaskQueues } from './task-queues';

/** The options of a start; the id of the request that caused it stands in the memo of what is started. */
interface Start<Input> {
  workflowId: string;
  taskQueue: string;
  args: [Input];
  workflowIdReusePolicy: 'ALLOW_DUPLICATE';
  staticSummary: string;
  memo: Record<string, string>;
}

/** Of `contractLifecycle`. */
export function contractStart(contract_id: string, queues: TaskQueues, request_id?: string) {
  return start(contractWorkflowId(contract_id), `Contract ${contract_id}`, { contract_id }, queues, request_id);
}

/** Of `generateLicenses`. */
export function generationJobStart(job_id: string, queues: TaskQueues, request_id?: string) {
  return start(generationJobWorkflowId(job_id), `Generation job ${job_id}`, { job_id }, queues, request_id);
}

/** Of `advanceTestClock`. */
export function testClockStart(clock_id: string, queues: TaskQueues, request_id?: string) {
  return start(testClockWorkflowId(clock_id), `Test clock ${clock_id}`, { clock_id }, queues, request_id);
}

function start<Input>(
  workflowId: string,
  staticSummary: string,
  input: Input,
  { contracts }: TaskQueues,
  request_id: string | undefined,
): Start<Input> {
  return {
    workflowId,
    taskQueue: contracts,
    args: [input],
    // Postgres keeps the keys: a contract that rested, or a job that is resumed, begins again under its id.
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    staticSummary,
    memo: request_id === undefined ? {} : { request_id },
  };
}
