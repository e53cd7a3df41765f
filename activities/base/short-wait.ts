/**
 * Transactions of activities that wait only shortly for a row that another transaction holds.
 *
 * An activity that waits for a row holds a slot of its worker and a connection. So it gives up soon, frees both, and is tried
 * again by Temporal: contracts that a frozen process has locked do not stop the contracts beside them.
 */
import { ApplicationFailure, asyncLocalStorage } from '@temporalio/activity';
import { isLockTimeout } from '../../db/base/errors';
import type { Database, Sql } from '../../db/base/database';
import { limitLockWait } from '../../db/base/session';

/** How long an attempt waits for a row. Transactions on one contract take milliseconds each. */
export const LOCK_WAIT_MS = 1_000;
/** From one attempt to the next, with the slot free. It doubles with each attempt, so that a row that stays locked costs little. */
export const LOCK_RETRY_MS = 500;
const LOCK_RETRY_MS_MAX = 4_000;

/** The type of the failure with which an attempt ends that did not get its row. */
export const ROW_LOCKED = 'RowLocked';

/** The failure of an attempt that did not get its row, to be tried again after at most `retry_ms_max`. */
export function rowLockedFailure(cause?: Error, retry_ms_max = LOCK_RETRY_MS_MAX): ApplicationFailure {
  const attempt = asyncLocalStorage.getStore()?.info.attempt ?? 1;
  return ApplicationFailure.create({
    message: 'Another transaction holds a row of this contract',
    type: ROW_LOCKED,
    nextRetryDelay: Math.min(LOCK_RETRY_MS * 2 ** (attempt - 1), retry_ms_max),
    ...(cause === undefined ? {} : { cause }),
  });
}

/**
 * Runs `work` in a transaction. An attempt that finds a row held is made again after at most `retry_ms_max`.
 * @throws ApplicationFailure of the type {@link ROW_LOCKED} when a row is held for longer; nothing was changed then
 */
export async function beginWithShortWaits<T>(
  db: Database,
  work: (tx: Sql) => Promise<T>,
  retry_ms_max?: number,
): Promise<T> {
  try {
    const result = await db.begin(async (tx) => {
      await limitLockWait(tx, LOCK_WAIT_MS);
      return work(tx);
    });
    return result as T;
  } catch (error) {
    if (!isLockTimeout(error)) throw error;
    throw rowLockedFailure(error as Error, retry_ms_max);
  }
}
