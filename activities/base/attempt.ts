/** The current attempt at an activity of many steps: whether it has time left, and whether it was cancelled. */
import { asyncLocalStorage } from '@temporalio/activity';

export interface Attempt {
  /** False when the time is over. Throws when the activity was cancelled, for example because its worker shuts down. */
  hasTimeLeft(): boolean;
}

/**
 * Begins an attempt at the current activity, which has `total_ms` for all its attempts together: a later attempt gets the rest. Outside
 * an activity, the attempt has the whole time and is never cancelled.
 */
export function beginAttempt(total_ms: number): Attempt {
  const context = asyncLocalStorage.getStore();
  const begun_ms = performance.now();
  let left_ms = total_ms;
  // Both times are from the server's clock, so a wrong clock of the worker has no effect.
  if (context) left_ms -= context.info.currentAttemptScheduledTimestampMs - context.info.scheduledTimestampMs;
  return {
    hasTimeLeft() {
      context?.cancellationSignal.throwIfAborted();
      return performance.now() - begun_ms < left_ms;
    },
  };
}
