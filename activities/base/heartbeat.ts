/** Long activities that tell the server that they are alive, so that those of a dead worker are soon given to another. */
import { asyncLocalStorage } from '@temporalio/activity';

/** How many times within the heartbeat time-out. */
const BEATS_PER_TIMEOUT = 3;

/**
 * Waits for the work of the current activity, with heartbeats for as long as it takes; start-to-close ends what hangs.
 * Without a heartbeat time-out, or outside of an activity, it only waits.
 */
export async function withHeartbeat<T>(work: Promise<T>): Promise<T> {
  const context = asyncLocalStorage.getStore();
  const timeout_ms = context?.info.heartbeatTimeoutMs;
  if (context === undefined || timeout_ms === undefined) return work;
  const beat = (): void => {
    context.heartbeat();
    timer = setTimeout(beat, timeout_ms / BEATS_PER_TIMEOUT);
  };
  let timer = setTimeout(beat, timeout_ms / BEATS_PER_TIMEOUT);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
