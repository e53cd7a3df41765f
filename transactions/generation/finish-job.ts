/** Ends a generation job that has nothing left to generate. */
import type { Sql } from '../../db/base/database';
import { insertDomainEvents } from '../../db/contract/domain-event';
import { releaseQuota } from '../../db/contract/quota';
import type { JobError } from '../../db/generation/generation-job';
import { auditJobs, endJob, lockJob, notifyStateChanged, effectiveTime } from '../../db/generation/job-state';
import type { JobChange, LockedJob } from '../../db/generation/job-state';
import type { Instant } from '../../domain/base/instant';
import { JOB_ERRORS_MAX, finalState } from '../../domain/generation/generation-job';
import type { JobState } from '../../domain/generation/generation-job';
import type { OperationRef } from '../../domain/contract/nudge';
import { assignScheduled } from './assign-scheduled';

export interface FinishedJob {
  state: JobState;
  completed: number;
  /** The contract whose pool the job replenished; null for another job. */
  replenished_id: string | null;
  /** The operation that assigns the licenses of a schedule; null: none was created. */
  assignment: OperationRef | null;
}

/**
 * Ends a job: stores its counts, releases the rest of its reservation, and writes the domain event. Safe to run twice. Call it
 * inside a transaction. No chunk of the job can be in flight meanwhile, because each holds a key-share lock that the lock of
 * the job waits for.
 */
export async function finishJob(tx: Sql, change: JobChange, errors: JobError[]): Promise<FinishedJob> {
  const job = await lockJob(tx, change.job_id, 'release');
  if (!job) throw new Error(`generation job ${change.job_id} does not exist`);
  const { completed, contract_id } = job;
  // A repetition may run after the job was resumed. A queued job has not ended.
  const replenished_id = job.channel === 'replenish' ? contract_id : null;
  if (job.state !== 'RUNNING' && job.state !== 'CANCELLING')
    return { state: job.state, completed, replenished_id, assignment: null };
  const state = finalState(job.state, completed, job.requested);
  const missing = job.requested - completed;
  const now = effectiveTime(job, change);
  // These statements do not depend on each other, so they are sent together.
  await Promise.all([
    endJob(tx, job.id, { state, now, errors: errors.slice(0, JOB_ERRORS_MAX) }),
    missing > 0 && releaseQuota(tx, contract_id, missing),
    auditJobs(tx, [job], change, { state, more: { completed, failed: missing } }),
    completed > 0 && state !== 'FAILED' && insertBatchEvent(tx, job, state, now),
    notifyStateChanged(tx, job.id),
  ]);
  const assignment = await assignScheduled(tx, job, { completed, now, real_now: change.now });
  return { state, completed, replenished_id, assignment };
}

async function insertBatchEvent(
  tx: Sql,
  { id: job_id, contract_id, environment, requested: licenses_requested, completed: licenses_generated }: LockedJob,
  state: 'SUCCEEDED' | 'PARTIAL' | 'CANCELLED',
  at: Instant,
): Promise<void> {
  const data = { contract_id, job_id, state, licenses_requested, licenses_generated, is_test: false };
  await insertDomainEvents(tx, contract_id, [{ at, type: 'license.batch_generated', environment, data }]);
}
