/**
 * Carries out an operation on licenses, batch by batch: each license is decided about exactly once.
 *
 * Postgres knows how far the job is, because each batch stores its position together with its licenses. A workflow runs batches until
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
import type { LicenseOperationActivities, OpenedOperation } from '../activities/license/license-operation';
import { instantFromMillis } from '../domain/base/instant';
import { isOperationUnfinished } from '../domain/license/license-operation';
import { shortActivities } from './short-activity';

export interface LicenseOperationInput {
  job_id: string;
  /** The Temporal server on which the workflow was started, as far as the starter knew; recorded with the job's row. */
  epoch?: string | undefined;
}

/** The job was changed by another process: read it again. */
export const wakeOperationSignal = defineSignal('wake');

/** A round of batches takes some seconds, with a heartbeat after every batch. */
const ROUND_TIMEOUT = '10m';
/** After this long another worker goes on for a worker that died. Longer than a batch may wait for a lock. */
const ROUND_HEARTBEAT_TIMEOUT = '8s';

/** The names of the activities of a workflow. */
interface StepNames {
  open: 'openOperation' | 'openAssignment';
  batches: 'runBatches' | 'assignBatches';
  close: 'closeOperation' | 'closeAssignment';
}

const runShort = shortActivities<LicenseOperationActivities>();

/** Assigns the licenses of a job to its customer. */
export function assignLicenses(input: LicenseOperationInput): Promise<OpenedOperation> {
  return operate(input, { open: 'openAssignment', batches: 'assignBatches', close: 'closeAssignment' });
}

/** Suspends, reinstates or revokes the licenses of a job. */
export function changeLicenses(input: LicenseOperationInput): Promise<OpenedOperation> {
  return operate(input, { open: 'openOperation', batches: 'runBatches', close: 'closeOperation' });
}

async function operate({ job_id, epoch }: LicenseOperationInput, steps: StepNames): Promise<OpenedOperation> {
  let woken: boolean;
  setHandler(wakeOperationSignal, () => void (woken = true), { description: 'Read the job again' });
  for (;;) {
    woken = false;
    const job = await runShort(steps.open, 'open the job', { job_id, now: now(), epoch });
    setCurrentDetails(`**${job.state}**: ${job.kind}, ${job.done} of ${job.requested} licenses done`);
    if (!isOperationUnfinished(job.state)) {
      if (woken) continue;
      return job;
    }
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof changeLicenses>({ job_id });
    const { done } = await runBatches(job, steps.batches);
    if (done) await runShort(steps.close, 'close the job', { job_id, now: now() });
  }
}

function runBatches(job: OpenedOperation, name: StepNames['batches']): Promise<{ done: boolean }> {
  const activities = proxyActivities<LicenseOperationActivities>({
    taskQueue: job.task_queue,
    startToCloseTimeout: ROUND_TIMEOUT,
    heartbeatTimeout: ROUND_HEARTBEAT_TIMEOUT,
    retry: { initialInterval: '500ms', maximumInterval: '10s' },
  });
  const summary = `${job.kind} ${job.requested - job.done} licenses`;
  return activities[name].executeWithOptions({ summary }, [{ job_id: job.job_id, now: now() }]);
}

/** The workflow's own time: it follows skipped time, and a replay repeats it. */
function now(): string {
  return instantFromMillis(Date.now());
}
