/** Carries out a request to change licenses: at once, or by a job if they are many. */
import type { Sql } from '../../db/base/database';
import type { LicenseOperationRow } from '../../db/license/license-operation';
import { countLicenses } from '../../db/license/locked-license';
import { insertSelected } from '../../db/license/selected-license';
import type { Act } from '../../domain/base/edit';
import type { Instant } from '../../domain/base/instant';
import { isRefusal, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { INLINE_OPERATION_LICENSES_MAX, OPERATION_LICENSES_MAX } from '../../domain/license/license-operation';
import { candidatesOf } from '../../domain/license/license-task';
import type { LicenseTask } from '../../domain/license/license-task';
import { newId } from '../base/new-id';
import { createOperation } from './change-operation';
import { countOperation } from './count-operation';
import { newOperation, operateOnLicenses } from './operate-on-licenses';
import type { LicenseSelection, OperationResult } from './operate-on-licenses';

/** What a request did: changed licenses, or created a job that changes them. */
export type RequestedOperation =
  | { execution: 'inline'; result: OperationResult }
  | { execution: 'background'; operation: LicenseOperationRow };

/**
 * Changes up to {@link INLINE_OPERATION_LICENSES_MAX} licenses; for more, creates a job, whose workflow the caller wakes. Call it inside
 * a transaction, and roll that back after a refusal. In a dry run, which is rolled back too, the counts of the job are those that it would
 * end with.
 */
export async function requestOperation(
  tx: Sql,
  task: LicenseTask,
  selection: LicenseSelection,
  { dry_run = false, ...act }: Act & { dry_run?: boolean },
): Promise<RequestedOperation | Refusal> {
  const count = await countSelected(tx, task, selection, { now: act.now, is_whole: dry_run });
  if (isRefusal(count)) return count;
  if (count > INLINE_OPERATION_LICENSES_MAX && dry_run) {
    const operation = await createOperation(tx, newOperation(task, selection, count), act);
    const counts = await countOperation(tx, task, { selection, requested: count, now: act.now });
    return isRefusal(counts) ? counts : { execution: 'background', operation: { ...operation, ...counts } };
  }
  if (count > INLINE_OPERATION_LICENSES_MAX) {
    const operation = await createJob(tx, task, selection, act);
    if (isRefusal(operation)) return operation;
    if (operation !== null) return { execution: 'background', operation };
  }
  const result = await operateOnLicenses(tx, task, selection, act);
  return isRefusal(result) ? result : { execution: 'inline', result };
}

/** Creates the job for a selection, and stores the licenses of its filter; null when none match any more. */
export async function createJob(
  tx: Sql,
  task: LicenseTask,
  selection: LicenseSelection,
  act: Act,
): Promise<LicenseOperationRow | null | Refusal> {
  if ('ids' in selection) return createOperation(tx, newOperation(task, selection, namedCount(selection)), act);
  const { filter, limit } = selection;
  if (limit !== null) return createOperation(tx, newOperation(task, selection, limit), act);
  const id = newId(act.now);
  const max = OPERATION_LICENSES_MAX + 1;
  const requested = await insertSelected(tx, id, candidatesOf(filter, task, false), { max, now: act.now });
  if (requested > OPERATION_LICENSES_MAX) return tooManyRefusal();
  return requested === 0 ? null : createOperation(tx, { ...newOperation(task, selection, requested), id }, act);
}

function namedCount({ ids, unknown_ids = [] }: Extract<LicenseSelection, { ids: unknown }>): number {
  return ids.length + unknown_ids.length;
}

/**
 * How many licenses a request is about, or a refusal if these are too few or too many. All that match a filter without a limit are counted
 * only if the count `is_whole`; otherwise it ends where a job is needed, which counts them when it stores them.
 */
async function countSelected(
  tx: Sql,
  task: LicenseTask,
  selection: LicenseSelection,
  { now, is_whole }: { now: Instant; is_whole: boolean },
): Promise<number | Refusal> {
  if ('ids' in selection) return namedCount(selection);
  const { filter, limit } = selection;
  if (limit !== null && limit <= INLINE_OPERATION_LICENSES_MAX) return limit;
  const max = limit ?? (is_whole ? OPERATION_LICENSES_MAX : INLINE_OPERATION_LICENSES_MAX) + 1;
  const count = await countLicenses(tx, candidatesOf(filter, task, limit !== null), { max, now });
  if (limit !== null && count < limit) return refuse('NOT_ENOUGH_LICENSES', { requested: limit, available: count });
  return count > OPERATION_LICENSES_MAX ? tooManyRefusal() : count;
}

function tooManyRefusal(): Refusal {
  const message = `filter: more than ${OPERATION_LICENSES_MAX} licenses match. Add a limit, or narrow the filter.`;
  return refuse('VALIDATION_FAILED', { path: 'filter', message });
}
