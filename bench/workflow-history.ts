/** The size of a generation job's history in Temporal: events and bytes of all runs of its workflow. */
import type { Client } from '@temporalio/client';
import { generationJobWorkflowId } from '../temporal/ids';

export interface HistorySize {
  events: number;
  bytes: number;
}

/** Follows the chain of continued runs from the last one to the first. */
export async function historyOfJob(temporal: Client, job_id: string): Promise<HistorySize> {
  const workflow_id = generationJobWorkflowId(job_id);
  const total = { events: 0, bytes: 0 };
  let run_id: string | undefined;
  do {
    const handle = temporal.workflow.getHandle(workflow_id, run_id);
    const description = await handle.describe();
    total.events += description.historyLength;
    total.bytes += description.historySize ?? 0;
    const history = await temporal.workflow.getHandle(workflow_id, description.runId).fetchHistory();
    const started = history.events?.[0]?.workflowExecutionStartedEventAttributes;
    run_id = started?.continuedExecutionRunId || undefined;
  } while (run_id !== undefined);
  return total;
}
