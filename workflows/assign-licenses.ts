/**
 * Assigns the licenses of one assignment job, batch by batch: each license is decided about exactly once.
 *
 * Postgres knows how far the job is, because each batch stores its position together with its licenses. The workflow runs batches until
 * the job is done or cancelled, and closes it.
 */
import {
  continueAsNew,
  defineSignal,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { AssignmentActivities, OpenedAssignment } from '../activities/license/assignment-job';
import { instantFromMillis } from '../domain/base/instant';
import { isAssignmentUnfinished } from '../domain/license/assignment-job';
import { shortActivities } from './short-activity';

export interface AssignLicensesInput {
  job_id: string;
  /** The Temporal server on which the workflow was started, as far as the starter knew; recorded with the job's row. */
  epoch?: string | undefined;
}

/** The job was changed by another process: read it again. */
export const wakeAssignmentSignal = defineSignal('wake');

/** A round of batches takes some seconds, with a heartbeat after every batch. */
const ROUND_TIMEOUT = '10m';
/** After this long another worker goes on for a worker that died. Longer than a batch may wait for a lock. */
const ROUND_HEARTBEAT_TIMEOUT = '8s';

const runShort = shortActivities<AssignmentActivities>();

export async function assignLicenses({ job_id, epoch }: AssignLicensesInput): Promise<OpenedAssignment> {
  let woken: boolean;
  setHandler(wakeAssignmentSignal, () => void (woken = true), { description: 'Read the job again' });
  for (;;) {
    woken = false;
    const job = await runShort('openAssignment', 'open the job', { job_id, now: now(), epoch });
    setCurrentDetails(`**${job.state}**: ${job.assigned} of ${job.requested} licenses assigned`);
    if (!isAssignmentUnfinished(job.state)) {
      if (woken) continue;
      return job;
    }
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof assignLicenses>({ job_id });
    const { done } = await runBatches(job);
    if (done) await runShort('closeAssignment', 'close the job', { job_id, now: now() });
  }
}

function runBatches(job: OpenedAssignment): Promise<{ done: boolean }> {
  const { assignBatches } = proxyActivities<AssignmentActivities>({
    taskQueue: job.task_queue,
    startToCloseTimeout: ROUND_TIMEOUT,
    heartbeatTimeout: ROUND_HEARTBEAT_TIMEOUT,
    retry: { initialInterval: '500ms', maximumInterval: '10s' },
  });
  const summary = `assign ${job.requested - job.assigned} licenses`;
  return assignBatches.executeWithOptions({ summary }, [{ job_id: job.job_id, now: now() }]);
}

/** The workflow's own time: it follows skipped time, and a replay repeats it. */
function now(): string {
  return instantFromMillis(Date.now());
}
