/** Carries out a request to assign licenses: at once, or by a job if they are many. */
import type { Sql } from '../../db/base/database';
import type { AssignmentJobRow } from '../../db/license/assignment-job';
import { countLicenses } from '../../db/license/license-assignment';
import type { Act } from '../../domain/base/edit';
import type { Instant } from '../../domain/base/instant';
import { isRefusal, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { ASSIGNMENT_JOB_LICENSES_MAX } from '../../domain/license/assignment-job';
import { INLINE_ASSIGNMENT_LICENSES_MAX, candidatesOf } from '../../domain/license/license-assignment';
import { findOrCreateCustomer } from '../catalogue/customer';
import { assignLicenses } from './assign-licenses';
import type { AssignmentRequest, AssignmentResult } from './assign-licenses';
import { createAssignment } from './change-assignment';

/** What a request did: assigned licenses, or created a job that assigns them. */
export type RequestedAssignment =
  | { kind: 'inline'; result: AssignmentResult }
  | { kind: 'job'; job: AssignmentJobRow; customer_created: boolean };

/**
 * Assigns up to {@link INLINE_ASSIGNMENT_LICENSES_MAX} licenses; for more, creates a job, whose workflow the caller wakes. Call it inside
 * a transaction, and roll that back after a refusal.
 */
export async function requestAssignment(
  tx: Sql,
  request: AssignmentRequest,
  act: Act,
): Promise<RequestedAssignment | Refusal> {
  const count = await countSelected(tx, request, act.now);
  if (isRefusal(count)) return count;
  if (count > INLINE_ASSIGNMENT_LICENSES_MAX) return openJob(tx, request, count, act);
  const result = await assignLicenses(tx, request, act);
  return isRefusal(result) ? result : { kind: 'inline', result };
}

/** How many licenses a request is about, or a refusal if these are too few or too many. */
async function countSelected(
  tx: Sql,
  { selection, reassign }: AssignmentRequest,
  now: Instant,
): Promise<number | Refusal> {
  if ('ids' in selection) return selection.ids.length;
  const { filter, limit } = selection;
  if (limit !== null && limit <= INLINE_ASSIGNMENT_LICENSES_MAX) return limit;
  const max = limit ?? ASSIGNMENT_JOB_LICENSES_MAX + 1;
  const count = await countLicenses(tx, candidatesOf(filter, { exact: limit !== null, reassign }), { max, now });
  if (limit !== null && count < limit) return refuse('NOT_ENOUGH_LICENSES', { requested: limit, available: count });
  if (count <= ASSIGNMENT_JOB_LICENSES_MAX) return count;
  const message = `filter: more than ${ASSIGNMENT_JOB_LICENSES_MAX} licenses match. Add a limit, or narrow the filter.`;
  return refuse('VALIDATION_FAILED', { path: 'filter', message });
}

async function openJob(
  tx: Sql,
  { selection, customer, reassign }: AssignmentRequest,
  requested: number,
  act: Act,
): Promise<RequestedAssignment | Refusal> {
  const { email, name } = customer;
  const found = await findOrCreateCustomer(tx, { email, name: name ?? email }, act);
  if (isRefusal(found)) return found;
  const by_id = 'ids' in selection;
  const job = await createAssignment(
    tx,
    {
      customer_id: found.customer.id,
      filter: by_id ? null : selection.filter,
      license_ids: by_id ? selection.ids : null,
      exact: !by_id && selection.limit !== null,
      reassign,
      requested,
    },
    act,
  );
  return { kind: 'job', job, customer_created: found.created };
}
