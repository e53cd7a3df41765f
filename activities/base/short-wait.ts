/**
 * Transactions of activities that wait only briefly for a row that another transaction has locked.
 *
 * An activity that waits for a row occupies a slot of its worker and a connection. So it soon fails, frees both, and Temporal retries it:
 * contracts that a hanging process has locked do not delay other contracts.
 */
import { ApplicationFailure, asyncLocalStorage } from '@temporalio/activity';
import { isLockTimeout } from '../../db/base/errors';
import type { Database, Sql } from '../../db/base/database';
import { limitLockWait } from '../../db/base/session';

/** How long an attempt waits for a row. Transactions on one contract take milliseconds each. */
export const LOCK_WAIT_MS = 1_000;
/**
 * How long a local activity waits for a row. Meanwhile the messages of its workflow wait, and it holds a slot for workflow tasks, which
 * all contracts share. So it fails soon, and the regular activity that follows waits for the row.
 */
export const LOCAL_LOCK_WAIT_MS = 50;
/** The pause before the second attempt, during which the slot is free. It doubles with each attempt, so a row that stays locked costs little. */
export const LOCK_RETRY_MS = 500;
const LOCK_RETRY_MS_MAX = 4_000;

/** The failure type of an attempt that could not lock its row. */
export const ROW_LOCKED = 'RowLocked';

/** The failure of an attempt that could not lock its row. Temporal retries it after at most `retry_ms_max`. */
export function rowLockedFailure(cause?: Error, retry_ms_max = LOCK_RETRY_MS_MAX): ApplicationFailure {
  const attempt = asyncLocalStorage.getStore()?.info.attempt ?? 1;
  return ApplicationFailure.create({
    message: 'Another transaction holds a row of this contract',
    type: ROW_LOCKED,
    nextRetryDelay: Math.min(LOCK_RETRY_MS * 2 ** (attempt - 1), retry_ms_max),
    ...(cause === undefined ? {} : { cause }),
  });
}

export interface ShortWait {
  /** How long the attempt waits for a row; {@link LOCK_WAIT_MS} unless given. */
  lock_ms?: number;
  /** The longest pause before the next attempt. */
  retry_ms_max?: number;
}

/**
 * Runs `work` in a transaction. When a row stays locked, Temporal retries the attempt after at most `retry_ms_max`.
 * @throws ApplicationFailure of the type {@link ROW_LOCKED} when a row is locked for longer than `lock_ms`; nothing was changed then
 */
export async function beginWithShortWaits<T>(
  db: Database,
  work: (tx: Sql) => Promise<T>,
  { lock_ms = LOCK_WAIT_MS, retry_ms_max }: ShortWait = {},
): Promise<T> {
  try {
    const result = await db.begin(async (tx) => {
      await limitLockWait(tx, lock_ms);
      return work(tx);
    });
    return result as T;
  } catch (error) {
    if (!isLockTimeout(error)) throw error;
    throw rowLockedFailure(error as Error, retry_ms_max);
  }
}
