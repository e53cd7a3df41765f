/** Starts a generation job, or pauses it while its contract does not allow generation. */
import type { Sql } from '../../db/base/database';
import { recordStart } from '../../db/system/sweep';
import type { Instant } from '../../domain/base/instant';
import { isRefusal } from '../../domain/base/refusal';
import { openDecision } from '../../domain/generation/generation-job';
import type { JobState } from '../../domain/generation/generation-job';
import { bySystem, changeJobState } from './change-job';
import { settleForGeneration } from './settle-for-generation';

/**
 * Starts or pauses a job according to its contract, and records where its workflow was started. A transaction that resumes the
 * contract at the same time waits for this one, finds the job paused, and signals it. Safe to run twice.
 */
export async function openJob(
  tx: Sql,
  { job_id, contract_id, now, epoch }: { job_id: string; contract_id: string; now: Instant; epoch: string | undefined },
): Promise<JobState> {
  const outlook = await settleForGeneration(tx, contract_id, now);
  const state = await changeJobState(tx, bySystem(job_id, now), (current) => openDecision(current, outlook));
  if (isRefusal(state)) throw new Error(state.detail);
  await recordStart(tx, 'job', job_id, epoch);
  return state;
}
