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
  const count = await countSelected(tx, task, selection, act.now);
  if (isRefusal(count)) return count;
  if (count > INLINE_OPERATION_LICENSES_MAX && dry_run) {
    const operation = await createOperation(tx, newOperation(task, selection, count), act);
    const counts = await countOperation(tx, task, { selection, requested: count, now: act.now });
    return isRefusal(counts) ? counts : { execution: 'background', operation: { ...operation, ...counts } };
  }
  if (count > INLINE_OPERATION_LICENSES_MAX) {
    const operation = await createJob(tx, task, selection, count, act);
    if (operation !== null) return { execution: 'background', operation };
  }
  const result = await operateOnLicenses(tx, task, selection, act);
  return isRefusal(result) ? result : { execution: 'inline', result };
}

/** Creates the job for a selection of `count` licenses, and stores those of its filter; null when none of these match any more. */
export async function createJob(
  tx: Sql,
  task: LicenseTask,
  selection: LicenseSelection,
  count: number,
  act: Act,
): Promise<LicenseOperationRow | null> {
  if ('ids' in selection || selection.limit !== null) return createOperation(tx, newOperation(task, selection, count), act);
  const id = newId(act.now);
  const candidates = candidatesOf(selection.filter, task, false);
  const requested = await insertSelected(tx, id, candidates, { max: count, now: act.now });
  return requested === 0 ? null : createOperation(tx, { ...newOperation(task, selection, requested), id }, act);
}

/** How many licenses a request is about, or a refusal if these are too few or too many. */
async function countSelected(
  tx: Sql,
  task: LicenseTask,
  selection: LicenseSelection,
  now: Instant,
): Promise<number | Refusal> {
  if ('ids' in selection) return selection.ids.length + (selection.unknown_ids ?? []).length;
  const { filter, limit } = selection;
  if (limit !== null && limit <= INLINE_OPERATION_LICENSES_MAX) return limit;
  const max = limit ?? OPERATION_LICENSES_MAX + 1;
  const count = await countLicenses(tx, candidatesOf(filter, task, limit !== null), { max, now });
  if (limit !== null && count < limit) return refuse('NOT_ENOUGH_LICENSES', { requested: limit, available: count });
  if (count <= OPERATION_LICENSES_MAX) return count;
  const message = `filter: more than ${OPERATION_LICENSES_MAX} licenses match. Add a limit, or narrow the filter.`;
  return refuse('VALIDATION_FAILED', { path: 'filter', message });
}
