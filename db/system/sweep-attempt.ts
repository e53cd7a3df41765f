/**
 * Records of the sweep's attempts: how often a row was woken and is still due, and when it is woken next.
 *
 * Rows that cannot be settled are tried at growing intervals. They wait behind rows that became due before their next try, so they delay
 * no other row. They are tried for as long as they are due, and operators see them (`findStuckRows`). All times are real times, also
 * for contracts with a test clock. The records have their own table, because only `transactions/contract/` writes contracts.
 */
import type { Instant } from '../../domain/base/instant';
import type { Sql } from '../base/database';
import type { SweepKind } from './sweep';

/** The interval before the second try, short enough for the next sweep a minute later. Each further interval is twice as long. */
const RETRY_AFTER_MIN = '50 seconds';
const RETRY_AFTER_MAX = '6 hours';
/** After this many doublings the interval stays at its maximum. */
const DOUBLINGS_MAX = 10;
/** A row with at least this many attempts counts as stuck: it was woken during a quarter of an hour and is still due. */
export const STUCK_FROM_ATTEMPTS = 5;
/** How many ids of each kind operators see. */
const STUCK_IDS_MAX = 3;

/** Rows of one kind that were woken {@link STUCK_FROM_ATTEMPTS} times or more and are still due. */
export interface StuckRows {
  kind: SweepKind;
  rows: number;
  /** The first few ids; those that have been stuck for longest come first. */
  ids: string[];
}

/**
 * Counts one more attempt for each row and sets its next try. Attempts on another Temporal server do not count. A call that is repeated
 * counts twice and has no other effect.
 */
export async function recordAttempts(
  sql: Sql,
  kind: SweepKind,
  ids: readonly string[],
  { epoch, now }: { epoch: string; now: Instant },
): Promise<void> {
  if (ids.length === 0) return;
  // In the order of ids, so that two overlapping sweeps do not deadlock.
  await sql`
    INSERT INTO sweep_attempts AS a (kind, subject_id, epoch, attempts, first_at, next_try_at)
    SELECT ${kind}, tried.id, ${epoch}, 1, ${now}, ${now}::timestamptz + ${RETRY_AFTER_MIN}::interval
    FROM unnest(${[...ids]}::uuid[]) AS tried (id) ORDER BY tried.id
    ON CONFLICT (kind, subject_id) DO UPDATE
    SET epoch = excluded.epoch,
        attempts = CASE WHEN a.epoch = excluded.epoch THEN a.attempts + 1 ELSE 1 END,
        first_at = CASE WHEN a.epoch = excluded.epoch THEN a.first_at ELSE excluded.first_at END,
        next_try_at = CASE WHEN a.epoch <> excluded.epoch THEN excluded.next_try_at
          ELSE ${now}::timestamptz
             + least(${RETRY_AFTER_MAX}::interval, ${RETRY_AFTER_MIN}::interval * power(2, least(a.attempts, ${DOUBLINGS_MAX}::int))) END`;
}

/** Rows that are still due after {@link STUCK_FROM_ATTEMPTS} attempts, by kind. */
export async function findStuckRows(sql: Sql): Promise<StuckRows[]> {
  return sql<StuckRows[]>`
    SELECT kind, count(*)::int AS rows,
           (array_agg(subject_id::text ORDER BY first_at, subject_id))[1:${STUCK_IDS_MAX}::int] AS ids
    FROM sweep_attempts WHERE attempts >= ${STUCK_FROM_ATTEMPTS} GROUP BY kind ORDER BY kind`;
}
