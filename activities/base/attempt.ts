/** The attempt at an activity that takes many steps: how long it may still go on, and whether it is to stop. */
import { asyncLocalStorage } from '@temporalio/activity';

export interface Attempt {
  /** False when the time is over. Throws when the activity was cancelled, as when its worker is shut down. */
  hasTimeLeft(): boolean;
}

/**
 * Begins an attempt at the current activity, which has `total_ms` for all its attempts together: a later one gets what is
 * left. Outside of an activity the whole time is left, and nothing is cancelled.
 */
export function beginAttempt(total_ms: number): Attempt {
  const context = asyncLocalStorage.getStore();
  const begun_ms = performance.now();
  let left_ms = total_ms;
  // Both by the server's clock, so that the worker's does not matter.
  if (context) left_ms -= context.info.currentAttemptScheduledTimestampMs - context.info.scheduledTimestampMs;
  return {
    hasTimeLeft() {
      context?.cancellationSignal.throwIfAborted();
      return performance.now() - begun_ms < left_ms;
    },
  };
}
