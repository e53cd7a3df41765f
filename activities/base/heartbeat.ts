/** Heartbeats of long activities, so that the server soon gives the activities of a dead worker to another worker. */
import { asyncLocalStorage } from '@temporalio/activity';

/** How many heartbeats an activity sends within its heartbeat time-out. */
const HEARTBEATS_PER_TIMEOUT = 3;

/**
 * Waits for the work of the current activity and sends heartbeats meanwhile. The start-to-close time-out ends work that hangs. Without a
 * heartbeat time-out, or outside an activity, it only waits. `progress` returns the details that a later attempt receives.
 */
export async function withHeartbeat<T>(work: Promise<T>, progress?: () => unknown): Promise<T> {
  const context = asyncLocalStorage.getStore();
  const timeout_ms = context?.info.heartbeatTimeoutMs;
  if (context === undefined || timeout_ms === undefined) return work;
  const sendHeartbeat = (): void => {
    context.heartbeat(progress?.());
    timer = setTimeout(sendHeartbeat, timeout_ms / HEARTBEATS_PER_TIMEOUT);
  };
  let timer = setTimeout(sendHeartbeat, timeout_ms / HEARTBEATS_PER_TIMEOUT);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
