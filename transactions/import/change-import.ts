/** Ends and resumes the job of an import. */
import type { Sql } from '../../db/base/database';
import { insertDomainEvents } from '../../db/contract/domain-event';
import { claimQuota } from '../../db/contract/quota';
import { findQuotaUse } from '../../db/generation/generation-job';
import { auditJobs, effectiveTime, lockJob, notifyStateChanged, requeueJob } from '../../db/generation/job-state';
import type { JobChange, LockedJob } from '../../db/generation/job-state';
import { countUndecided, findImport, keepUntil, setRequested } from '../../db/import/import';
import type { ImportRecord } from '../../db/import/import';
import type { Instant } from '../../domain/base/instant';
import { isRefusal, notFound, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { claimRefusal } from '../../domain/contract/quota';
import { resumptionRefusal } from '../../domain/generation/generation';
import type { JobState } from '../../domain/generation/generation-job';
import { resumeImportDecision } from '../../domain/import/import';
import type { ImportCounts } from '../../domain/import/import';
import { checkContract } from '../contract/check-contract';
import { endImport } from './request-import';

/** Ends the job of an import that has nothing left to try. Safe to run twice. Call it inside a transaction. */
export async function finishImport(tx: Sql, change: JobChange): Promise<{ state: JobState; completed: number }> {
  // No chunk is in progress while the lock is held: each holds a key-share lock of the job.
  const job = await lockJob(tx, change.job_id, 'release');
  if (!job) throw new Error(`the job of import ${change.job_id} does not exist`);
  const { completed } = job;
  if (job.state !== 'RUNNING' && job.state !== 'CANCELLING') return { state: job.state, completed };
  const at = effectiveTime(job, change);
  const { state, ...counts } = await endImport(tx, job, at);
  await reportFailure(tx, job, { ...counts, state }, at);
  await auditJobs(tx, [job], change, { state, more: { completed, ...counts } });
  await notifyStateChanged(tx, job.id);
  return { state, completed };
}

/** Reports that the job has not imported all rows. A request that imports its rows itself says so in its answer. */
async function reportFailure(
  tx: Sql,
  { id: job_id, contract_id, environment }: LockedJob,
  { state, imported, skipped, rejected, pending }: ImportCounts & { state: JobState },
  at: Instant,
): Promise<void> {
  if (state !== 'PARTIAL' && state !== 'FAILED') return;
  const done = imported + skipped;
  const failed = rejected + pending;
  const data = {
    contract_id,
    kind: 'import' as const,
    job_id,
    state,
    requested: done + failed,
    done,
    failed,
    code: null,
  };
  await insertDomainEvents(tx, contract_id, [{ at, type: 'job.failed', environment, data }]);
}

/**
 * Queues an import again that has undecided rows, and claims quota for them. The contract is settled and locked first. Call it inside a
 * transaction. Returns the import.
 */
export async function resumeImport(tx: Sql, change: JobChange): Promise<ImportRecord | Refusal> {
  const found = await findImport(tx, change.job_id);
  if (!found) return notFound('import', change.job_id);
  const { actor, now, request_id } = change;
  const act = { id: found.contract_id, actor, now, request_id };
  const contract = await checkContract(tx, act, (facts, context) => resumptionRefusal(facts, context.now));
  if (isRefusal(contract)) return contract;
  const current = (await findImport(tx, change.job_id)) as ImportRecord;
  const decided = resumeImportDecision(current);
  if (isRefusal(decided)) return decided;
  return contract.refusal ?? requeue(tx, change);
}

async function requeue(tx: Sql, change: JobChange): Promise<ImportRecord | Refusal> {
  const job = await lockJob(tx, change.job_id, 'release');
  const record = await findImport(tx, change.job_id);
  if (!job || !record) return notFound('import', change.job_id);
  const state = resumeImportDecision(record);
  if (isRefusal(state)) return state;
  const licenses = await countUndecided(tx, job.id);
  const { contract_id, environment } = job;
  const claim = { contract_id, job_id: job.id, environment, licenses, at: effectiveTime(job, change) };
  if (licenses > 0 && !(await claimQuota(tx, claim))) return quotaRefusal(tx, contract_id, licenses);
  await setRequested(tx, job.id, job.completed + licenses);
  await requeueJob(tx, job.id, state);
  await keepUntil(tx, job.id, null);
  await auditJobs(tx, [job], change, { state });
  await notifyStateChanged(tx, job.id);
  return (await findImport(tx, job.id)) as ImportRecord;
}

/** The refusal of a claim that does not fit the quota. */
async function quotaRefusal(tx: Sql, contract_id: string, requested: number): Promise<Refusal> {
  const { total, claimed, reserved } = await findQuotaUse(tx, contract_id);
  // Another transaction may have released quota since then. In that case the caller can try again.
  return (
    claimRefusal({ total, claimed }, reserved, requested) ??
    refuse('QUOTA_EXCEEDED', { requested, total, remaining: total - claimed })
  );
}
