/** Runs one batch of an assignment job. */
import type { Sql } from '../../db/base/database';
import { findCustomer } from '../../db/catalogue/customer';
import { addToContracts, listJobLicenseIds, lockAssignmentJob, storeBatch } from '../../db/license/assignment-job';
import type { AssignmentJobRow } from '../../db/license/assignment-job';
import { listLicenseIds } from '../../db/license/license-assignment';
import type { Instant } from '../../domain/base/instant';
import { licenseIdText } from '../../domain/license/license';
import { ASSIGNMENT_BATCH_LICENSES, leftOf } from '../../domain/license/assignment-job';
import { NAMED_LICENSES_MAX, candidatesOf, countAssignments } from '../../domain/license/license-assignment';
import { lockAndDecide, storeDecisions, summarize } from './assign-licenses';
import type { LockedDecision } from './assign-licenses';

/**
 * Assigns the next licenses of a running job, and stores its position in the same transaction. So a batch that is repeated after a crash
 * begins after the last one that was committed. `done` when the job has nothing left to do. Call it inside a transaction.
 */
export async function assignBatch(tx: Sql, job_id: string, now: Instant): Promise<{ done: boolean }> {
  const job = await lockAssignmentJob(tx, job_id);
  if (!job) throw new Error(`assignment job ${job_id} does not exist`);
  if (job.state !== 'RUNNING' || leftOf(job) === 0) return { done: true };
  const customer = await findCustomer(tx, job.customer_id, { lock: 'refer' });
  if (!customer || customer.erased_at !== null) return { done: true };
  const ids = await nextIds(tx, job, now);
  const last_license_id = ids.at(-1);
  if (last_license_id === undefined) return { done: true };
  const decided = await lockAndDecide(tx, ids, job, now);
  const assigned = await storeDecisions(tx, job.customer_id, decided);
  await addToContracts(tx, job_id, summarize(assigned));
  const counts = countAssignments(decided);
  const not_assigned = notAssignedOf(decided).slice(0, NAMED_LICENSES_MAX - job.not_assigned.length);
  await storeBatch(tx, job_id, { last_license_id, counts, not_assigned, now });
  return { done: false };
}

function nextIds(tx: Sql, job: AssignmentJobRow, now: Instant): Promise<string[]> {
  const { id, filter, exact, reassign, last_license_id: after } = job;
  const limit = Math.min(ASSIGNMENT_BATCH_LICENSES, leftOf(job));
  if (filter === null) return listJobLicenseIds(tx, id, after, limit);
  return listLicenseIds(tx, candidatesOf(filter, { exact, reassign }), { after, limit, now });
}

function notAssignedOf(decided: readonly LockedDecision[]) {
  return decided
    .filter(({ outcome }) => outcome === 'conflict' || outcome === 'not_available')
    .map(({ id, outcome, reason, other_customer_id }) => ({
      license_id: licenseIdText(id),
      outcome,
      reason,
      other_customer_id,
    }));
}
