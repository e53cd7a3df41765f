/** Resumes an incomplete generation job. */
import { claimQuota } from '../../db/contract/quota';
import type { Sql } from '../../db/base/database';
import { findJob, findQuotaUse } from '../../db/generation/generation-job';
import { auditJobs, effectiveTime, lockJob, requeueJob } from '../../db/generation/job-state';
import type { JobChange } from '../../db/generation/job-state';
import { isRefusal, notFound, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { claimRefusal } from '../../domain/contract/quota';
import { resumptionRefusal } from '../../domain/generation/generation';
import { resumeDecision } from '../../domain/generation/generation-job';
import type { JobState } from '../../domain/generation/generation-job';
import { checkContract } from '../contract/check-contract';

/**
 * Queues a job again and claims quota for its missing licenses, unless its contract is over. The contract is settled and locked
 * first. The state of the job is read after that, because the job can end while the lock is awaited. Call it inside a
 * transaction.
 */
export async function resumeJob(tx: Sql, change: JobChange): Promise<JobState | Refusal> {
  const found = await findJob(tx, change.job_id);
  if (!found) return notFound('generation job', change.job_id);
  const { actor, now, request_id } = change;
  const act = { id: found.contract_id, actor, now, request_id };
  const contract = await checkContract(tx, act, (facts, context) => resumptionRefusal(facts, context.now));
  if (isRefusal(contract)) return contract;
  // Read without a lock: the lock of a running job would wait for its chunks.
  const job = await findJob(tx, change.job_id);
  if (!job) return notFound('generation job', change.job_id);
  const decision = resumeDecision(job.state, job.execution);
  if (isRefusal(decision)) return decision;
  return contract.refusal ?? requeue(tx, change);
}

async function requeue(tx: Sql, change: JobChange): Promise<JobState | Refusal> {
  const job = await lockJob(tx, change.job_id, 'release');
  if (!job) return notFound('generation job', change.job_id);
  const state = resumeDecision(job.state);
  if (isRefusal(state)) return state;
  const missing = job.requested - job.completed;
  const { contract_id, environment } = job;
  const claim = { contract_id, job_id: job.id, environment, licenses: missing, at: effectiveTime(job, change) };
  if (!(await claimQuota(tx, claim))) return quotaRefusal(tx, contract_id, missing);
  await requeueJob(tx, job.id, state);
  await auditJobs(tx, [job], change, { state });
  return state;
}

/** The refusal of a claim that does not fit the quota of a contract. */
async function quotaRefusal(tx: Sql, contract_id: string, requested: number): Promise<Refusal> {
  const { total, claimed, reserved } = await findQuotaUse(tx, contract_id);
  // Another transaction may have released quota since then. In that case the caller can try again.
  return (
    claimRefusal({ total, claimed }, reserved, requested) ??
    refuse('QUOTA_EXCEEDED', { requested, total, remaining: total - claimed })
  );
}
