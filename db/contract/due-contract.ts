/**
 * Contracts whose boundary is due, for batches and for the decision whether a batch is worth it.
 *
 * All of them leave out contracts on test clocks, and those that are still due after an attempt and whose next try has not come
 * (`sweep_attempts`): a contract that cannot be settled starts no batch again and again.
 */
import { BATCH_CONTRACTS_MIN, SAME_MOMENT_MS } from '../../domain/contract/due-batch';
import { millisLater } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import type { Fragment, Sql } from '../base/database';
import { wakeInstant } from './clock';

/** A contract that is due, with the instant since when. They are ordered by instant and id. */
export interface DueContract {
  id: string;
  due_at: Instant;
}

/** Rows that a look ahead reads. When so many are due within its time, some of them are due together. */
const LOOK_AHEAD_ROWS_MAX = 5_000;

/** At most `limit` contracts that are due at `now`, after a contract of the page before. */
export async function listDueContracts(
  sql: Sql,
  { now, after, limit }: { now: Instant; after: DueContract | undefined; limit: number },
): Promise<DueContract[]> {
  const beyond =
    after === undefined
      ? sql``
      : sql`AND (${wakeInstant(sql)}, id) > (${after.due_at}::timestamptz, ${after.id}::uuid)`;
  return sql<DueContract[]>`
    SELECT id, ${wakeInstant(sql)} AS due_at FROM contracts
    WHERE ${wakeInstant(sql)} <= ${now} ${beyond} AND ${mayBeTried(sql, now)}
    ORDER BY ${wakeInstant(sql)}, id LIMIT ${limit}`;
}

/** Whether so many contracts are due at `now` that a batch should settle them. */
export async function hasManyDue(sql: Sql, now: Instant): Promise<boolean> {
  const due = await listDueContracts(sql, { now, after: undefined, limit: BATCH_CONTRACTS_MIN });
  return due.length === BATCH_CONTRACTS_MIN;
}

/** Whether a contract that is due at `now` has been due since `since` or longer. */
export async function isAnyDue(sql: Sql, now: Instant, since: Instant): Promise<boolean> {
  const [first] = await listDueContracts(sql, { now, after: undefined, limit: 1 });
  return first !== undefined && first.due_at <= since;
}

/** Whether so many contracts wait for the same moment that a batch will settle them. */
export async function doManyWaitFor(sql: Sql, instant: Instant): Promise<boolean> {
  const { count } = await sql`
    SELECT FROM contracts
    WHERE ${wakeInstant(sql)} BETWEEN ${instant}::timestamptz - ${SAME_MOMENT_MS} * interval '1 ms'
                                  AND ${instant}::timestamptz + ${SAME_MOMENT_MS} * interval '1 ms'
      AND test_clock_id IS NULL
    LIMIT ${BATCH_CONTRACTS_MIN}`;
  return count === BATCH_CONTRACTS_MIN;
}

/** The moments after `from` and not after `until` for which many contracts wait, at most `limit`. */
export async function listBusyMoments(sql: Sql, from: Instant, until: Instant, limit: number): Promise<Instant[]> {
  const moments: Instant[] = [];
  for (let after = from; moments.length < limit;) {
    const moment = await findBusyMoment(sql, after, until);
    if (moment === null) break;
    moments.push(moment);
    after = millisLater(moment, SAME_MOMENT_MS);
  }
  return moments;
}

/** The first moment after `from` and not after `until` for which many contracts wait; null when there is none. */
export async function findBusyMoment(sql: Sql, from: Instant, until: Instant): Promise<Instant | null> {
  const [row] = await sql<{ due_at: Instant }[]>`
    WITH waiting AS (
      SELECT ${wakeInstant(sql)} AS due_at FROM contracts
      WHERE ${wakeInstant(sql)} > ${from} AND ${wakeInstant(sql)} <= ${until} AND test_clock_id IS NULL
      ORDER BY ${wakeInstant(sql)} LIMIT ${LOOK_AHEAD_ROWS_MAX}
    )
    SELECT due_at FROM (
      SELECT due_at, lead(due_at, ${BATCH_CONTRACTS_MIN - 1}) OVER (ORDER BY due_at) AS last_at FROM waiting
    ) first WHERE last_at <= due_at + ${SAME_MOMENT_MS} * interval '1 ms' ORDER BY due_at LIMIT 1`;
  return row?.due_at ?? null;
}

function mayBeTried(sql: Sql, now: Instant): Fragment {
  return sql`
    test_clock_id IS NULL AND NOT EXISTS (
      SELECT FROM sweep_attempts a WHERE a.kind = 'boundary' AND a.subject_id = contracts.id AND a.next_try_at > ${now})`;
}
