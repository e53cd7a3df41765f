/** Changes the state of a generation job. */
import type { Sql } from '../../db/base/database';
import { auditJobs, lockJob, notifyStateChanged, setJobState, effectiveTime } from '../../db/generation/job-state';
import type { JobChange } from '../../db/generation/job-state';
import { SYSTEM } from '../../domain/base/actor';
import type { Instant } from '../../domain/base/instant';
import { isRefusal, notFound } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { cancelDecision } from '../../domain/generation/generation-job';
import type { JobState } from '../../domain/generation/generation-job';

/** The system as the actor of a change to a job. */
export function bySystem(job_id: string, now: Instant): JobChange {
  return { job_id, actor: SYSTEM, now, request_id: null };
}

/** Cancels a job, unless it is finished. Call it inside a transaction. */
export function cancelJob(tx: Sql, change: JobChange): Promise<JobState | Refusal> {
  return changeJobState(tx, change, cancelDecision);
}

/**
 * Changes a job to the state that `decideState` returns for its locked row, with an audit row; `unchanged` writes nothing.
 * Returns the resulting state. Call it inside a transaction.
 */
export async function changeJobState(
  tx: Sql,
  change: JobChange,
  decideState: (state: JobState) => JobState | 'unchanged' | Refusal,
): Promise<JobState | Refusal> {
  const job = await lockJob(tx, change.job_id, 'change');
  if (!job) return notFound('generation job', change.job_id);
  const state = decideState(job.state);
  if (isRefusal(state)) return state;
  if (state === 'unchanged' || state === job.state) return job.state;
  await setJobState(tx, job.id, state, state === 'RUNNING' ? effectiveTime(job, change) : null);
  await auditJobs(tx, [job], change, { state });
  await notifyStateChanged(tx, job.id);
  return state;
}
