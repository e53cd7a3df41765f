/** Assigns the licenses of a job of a schedule when the job has ended. */
import { insertAudit } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import type { LockedJob } from '../../db/generation/job-state';
import { insertOperation } from '../../db/license/license-operation';
import { findRecipientOfJob } from '../../db/schedule/run';
import { SCHEDULE } from '../../domain/base/actor';
import type { Instant } from '../../domain/base/instant';
import type { OperationRef } from '../../domain/contract/nudge';

/**
 * Creates the operation that assigns the licenses of a job to the customer of its schedule; its workflow is woken after the commit, and by
 * the sweep if that is lost. Returns nothing for another job. A job that is resumed and ends again assigns what it has added.
 */
export async function assignScheduled(
  tx: Sql,
  { id: job_id, contract_id, environment, channel, clock_now }: LockedJob,
  { completed, now, real_now }: { completed: number; now: Instant; real_now: Instant },
): Promise<OperationRef | null> {
  if (channel !== 'schedule' || completed === 0) return null;
  const customer_id = await findRecipientOfJob(tx, job_id);
  if (customer_id === null) return null;
  const kind = 'assign';
  const filter = { contract_id, job_id };
  const id = await insertOperation(tx, {
    ...{ kind, customer_id, contract_id, filter, license_ids: null, reassign: false, exact: false, reason: null },
    ...{ requested: completed, actor: SCHEDULE, now, active_at: real_now, request_id: null },
  });
  const subject = { subject_type: 'customer', subject_id: customer_id, contract_id, environment } as const;
  const after = {
    operation_id: id,
    kind,
    state: 'QUEUED',
    requested: completed,
    exact: false,
    reassign: false,
    filter,
  };
  const clock = clock_now === null ? 'real' : 'test';
  await insertAudit(tx, [
    { at: now, actor: SCHEDULE, action: 'license_operation.requested', ...subject, after, clock },
  ]);
  return { id, kind };
}
