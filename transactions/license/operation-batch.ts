/** Runs one batch of an operation on licenses. */
import type { Sql } from '../../db/base/database';
import { findCustomer } from '../../db/catalogue/customer';
import { addToContracts, listNamedLicenseIds, lockOperation, storeBatch } from '../../db/license/license-operation';
import type { StoredOperation } from '../../db/license/license-operation';
import { insertOutcomes } from '../../db/license/license-outcome';
import { listLicenseIds } from '../../db/license/locked-license';
import { listSelectedIds } from '../../db/license/selected-license';
import type { Instant } from '../../domain/base/instant';
import {
  OPERATION_BATCH_LICENSES,
  countDecisions,
  countedDecisions,
  leftOf,
} from '../../domain/license/license-operation';
import { candidatesOf, taskOf } from '../../domain/license/license-task';
import type { LicenseTask } from '../../domain/license/license-task';
import { lockAndDecide, notDoneOf, storeDecisions, summarize } from './operate-on-licenses';

/**
 * Changes the next licenses of a running job, and stores its position in the same transaction. So a batch that is repeated after a crash
 * begins after the last one that was committed. `done` when the job has nothing left to do. Call it inside a transaction.
 */
export async function runBatch(tx: Sql, operation_id: string, now: Instant): Promise<{ done: boolean }> {
  const job = await lockOperation(tx, operation_id);
  if (!job) throw new Error(`license operation ${operation_id} does not exist`);
  if (job.state !== 'RUNNING' || leftOf(job) === 0) return { done: true };
  const task = taskOf(job);
  if (!(await customerAccepts(tx, task))) return { done: true };
  const ids = await nextIds(tx, job, task, now);
  const last_license_id = ids.at(-1);
  if (last_license_id === undefined) return { done: true };
  const decided = await lockAndDecide(tx, ids, { task, filter: job.filter }, now);
  await addToContracts(tx, operation_id, summarize(await storeDecisions(tx, task, decided)));
  const counted = countedDecisions(decided, job);
  await storeBatch(tx, operation_id, { last_license_id, counts: countDecisions(counted), now });
  await insertOutcomes(tx, operation_id, notDoneOf(counted));
  return { done: false };
}

/** Whether a customer may still get licenses. Inside a transaction, the customer cannot be erased until it ends. */
async function customerAccepts(tx: Sql, task: LicenseTask): Promise<boolean> {
  if (task.kind !== 'assign') return true;
  const customer = await findCustomer(tx, task.customer_id, { lock: 'refer' });
  return customer !== undefined && customer.erased_at === null;
}

async function nextIds(tx: Sql, job: StoredOperation, task: LicenseTask, now: Instant): Promise<string[]> {
  const { id, filter, exact, last_license_id: after } = job;
  const limit = Math.min(OPERATION_BATCH_LICENSES, leftOf(job));
  if (filter === null) return listNamedLicenseIds(tx, id, after, limit);
  const selected = exact ? undefined : await listSelectedIds(tx, id, after, limit);
  if (selected !== undefined) return selected;
  return listLicenseIds(tx, candidatesOf(filter, task, exact), { after, limit, now });
}
