/**
 * Random retry intervals for activities that fail for many contracts at the same time.
 *
 * A trigger that raises an error, or an outage, makes hundreds of contracts fail at the same moment. With equal intervals their retries
 * would come at the same moments and delay other tasks in the queue.
 */
import { ApplicationFailure, asyncLocalStorage } from '@temporalio/activity';
import { isTransient } from '../../db/base/errors';

/** The interval before the second attempt, for transient and for other errors. It doubles with each attempt. */
const TRANSIENT_RETRY_MS = 200;
const RETRY_MS = 5_000;
/** The longest interval. Hundreds of contracts that cannot be settled must leave slots for the others. */
const RETRY_MS_MAX = 60_000;

/**
 * Runs the work of an activity and sets a random interval before its next attempt.
 * @throws ApplicationFailure, with the original error as its cause, instead of an error that sets no interval
 */
export async function withSpreadRetries<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const context = asyncLocalStorage.getStore();
    if (!(error instanceof Error) || error instanceof ApplicationFailure || context === undefined) throw error;
    if (context.cancellationSignal.aborted) throw error;
    throw ApplicationFailure.create({
      message: error.message,
      type: error.name,
      nextRetryDelay: retryDelayMs(context.info.attempt, isTransient(error)),
      cause: error,
    });
  }
}

/** Half of the interval is fixed, the other half is random. */
function retryDelayMs(attempt: number, is_transient: boolean): number {
  const interval_ms = Math.min((is_transient ? TRANSIENT_RETRY_MS : RETRY_MS) * 2 ** (attempt - 1), RETRY_MS_MAX);
  return Math.round(interval_ms * (0.5 + Math.random() / 2));
}
