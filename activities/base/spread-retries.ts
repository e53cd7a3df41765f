/**
 * Times of the next attempt, spread by chance, for what fails in many contracts for one reason.
 *
 * A trigger that refuses, or an outage, lets hundreds of contracts fail at the same moment. With equal intervals they would come
 * again at the same moments, in waves that fill the queue before what succeeds at once.
 */
import { ApplicationFailure, asyncLocalStorage } from '@temporalio/activity';
import { isTransient } from '../../db/base/errors';

/** From the first attempt to the second; doubled with each attempt. What may pass soon is tried sooner. */
const PASSING_RETRY_MS = 200;
const RETRY_MS = 5_000;
/** Hundreds of contracts that cannot be settled must leave slots to those that can. */
const RETRY_MS_MAX = 60_000;

/**
 * Runs the work of an activity.
 * @throws ApplicationFailure in place of an error that says nothing of its next attempt, with the error as its cause
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

/** Half of the interval is certain, the other half is by chance. */
function retryDelayMs(attempt: number, passes: boolean): number {
  const interval_ms = Math.min((passes ? PASSING_RETRY_MS : RETRY_MS) * 2 ** (attempt - 1), RETRY_MS_MAX);
  return Math.round(interval_ms * (0.5 + Math.random() / 2));
}
