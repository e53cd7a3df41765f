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
import type { DomainEventEntry } from '../../domain/webhook/event';
import { assignScheduled } from './assign-scheduled';

type EndedState = Extract<JobState, 'SUCCEEDED' | 'PARTIAL' | 'FAILED' | 'CANCELLED'>;

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
    insertDomainEvents(tx, contract_id, eventsOf(job, { state, at: now, code: errors[0]?.code ?? null })),
    notifyStateChanged(tx, job.id),
  ]);
  const assignment = await assignScheduled(tx, job, { completed, now, real_now: change.now });
  return { state, completed, replenished_id, assignment };
}

/** What is reported of the end of a job: the licenses that it has generated, and those that it has not. */
function eventsOf(
  { id: job_id, contract_id, environment, requested, completed: done }: LockedJob,
  { state, at, code }: { state: EndedState; at: Instant; code: string | null },
): DomainEventEntry[] {
  const events: DomainEventEntry[] = [];
  if (done > 0 && state !== 'FAILED') {
    const data = {
      contract_id,
      job_id,
      state,
      licenses_requested: requested,
      licenses_generated: done,
      is_test: false,
    };
    events.push({ at, type: 'license.batch_generated', environment, data });
  }
  if (state === 'PARTIAL' || state === 'FAILED') {
    const counts = { requested, done, failed: requested - done };
    const data = { contract_id, kind: 'generation' as const, job_id, state, ...counts, code };
    events.push({ at, type: 'job.failed', environment, data });
  }
  return events;
}
