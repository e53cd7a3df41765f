/** Counts what a job would do, for a dry run. */
import type { Sql } from '../../db/base/database';
import { isStatementTimeout } from '../../db/base/errors';
import { groupLicenses } from '../../db/license/license-group';
import type { GroupedLicenses } from '../../db/license/license-group';
import type { Instant } from '../../domain/base/instant';
import { refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { NO_LICENSES, addDecision, countedDecisions, leftOf } from '../../domain/license/license-operation';
import type { OperationCounts } from '../../domain/license/license-operation';
import { candidatesOf, decideTask, storedTask } from '../../domain/license/license-task';
import type { LicenseTask } from '../../domain/license/license-task';
import type { LicenseSelection } from './operate-on-licenses';

/**
 * Counts by outcome what a task would do to `requested` licenses now. Postgres groups licenses that are alike, and `decideTask` decides
 * about one of each group, so a million licenses take the memory of some tens. Refuses with `DRY_RUN_TOO_SLOW` when a statement exceeds its
 * time limit; the transaction can then only be rolled back.
 */
export async function countOperation(
  tx: Sql,
  task: LicenseTask,
  { selection, requested, now }: { selection: LicenseSelection; requested: number; now: Instant },
): Promise<OperationCounts | Refusal> {
  try {
    return 'ids' in selection
      ? await countNamed(tx, task, selection, now)
      : await countSelected(tx, task, { ...selection, requested, now });
  } catch (error) {
    if (!isStatementTimeout(error)) throw error;
    return refuse('DRY_RUN_TOO_SLOW', { requested });
  }
}

async function countNamed(
  tx: Sql,
  task: LicenseTask,
  { ids, unknown_ids = [] }: Extract<LicenseSelection, { ids: unknown }>,
  now: Instant,
): Promise<OperationCounts> {
  const counts = { ...NO_LICENSES, not_available: unknown_ids.length };
  const { read } = await addGroups(tx, counts, task, { ids }, now);
  counts.not_available += ids.length - read;
  return counts;
}

/**
 * Counts licenses of a filter. A job for exactly so many passes over those that it cannot change: as it never reads more licenses than are
 * missing, it ends at the last one that it changes, and so does this.
 */
async function countSelected(
  tx: Sql,
  task: LicenseTask,
  { filter, limit, requested, now }: Extract<LicenseSelection, { filter: unknown }> & { requested: number; now: Instant },
): Promise<OperationCounts> {
  const exact = limit !== null;
  const candidates = candidatesOf(filter, task, exact);
  const counts = { ...NO_LICENSES };
  let after: string | null = null;
  for (let left = requested; left > 0; left = leftOf({ ...counts, requested, exact })) {
    const page = { filter: candidates, after, limit: left };
    const { last_license_id } = await addGroups(tx, counts, task, page, now, exact);
    if (last_license_id === null) break;
    after = last_license_id;
  }
  return counts;
}

/** Adds what the task would do to these licenses. Returns how many there are, and the last of them. */
async function addGroups(
  tx: Sql,
  counts: OperationCounts,
  task: LicenseTask,
  which: GroupedLicenses,
  now: Instant,
  exact = false,
): Promise<{ read: number; last_license_id: string | null }> {
  const { customer_id } = storedTask(task);
  const groups = await groupLicenses(tx, which, { customer_id, now });
  let read = 0;
  let last: bigint | null = null;
  for (const { licenses, last_license_id, example } of groups) {
    const decided = decideTask(task, example, example.clock_now ?? now);
    for (const counted of countedDecisions([decided], { exact })) addDecision(counts, counted, licenses);
    read += licenses;
    if (last === null || BigInt(last_license_id) > last) last = BigInt(last_license_id);
  }
  return { read, last_license_id: last?.toString() ?? null };
}
