/** Cancels the generation jobs of a contract that is over. */
import type { Sql } from '../../db/base/database';
import { auditJobs, cancelJobsOf } from '../../db/generation/job-state';
import { SYSTEM } from '../../domain/base/actor';
import type { Instant } from '../../domain/base/instant';

/**
 * Cancels every unfinished job of a contract; call it inside a transaction. Returns the ids of the jobs: the caller wakes their
 * workflows after the commit.
 */
export async function cancelOpenJobs(
  tx: Sql,
  contract_id: string,
  now: Instant,
  request_id: string | null,
): Promise<string[]> {
  const jobs = await cancelJobsOf(tx, contract_id);
  await auditJobs(tx, jobs, { actor: SYSTEM, now, request_id }, { state: 'CANCELLING' });
  return jobs.map(({ id }) => id);
}
