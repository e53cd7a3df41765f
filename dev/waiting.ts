/**
 * Waits until a condition outside this process is true, by polling it, with a time limit.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** How long to wait, and how the error names what was awaited. */
export interface WaitOptions {
  timeout_ms: number;
  /** Completes the sentence "Timed out after … ms waiting for …". */
  what: string;
  interval_ms?: number;
  /** Ends the wait early: returns the reason why the condition can no longer become true. */
  giveUpReason?: () => string | undefined;
}

const INTERVAL_MS_DEFAULT = 50;

/** Resolves with the first result that is not false, undefined or null. An error of `condition` counts as "not yet". */
export async function waitFor<T>(condition: () => T | Promise<T>, options: WaitOptions): Promise<NonNullable<T>> {
  const deadline = Date.now() + options.timeout_ms;
  for (;;) {
    let reason: unknown;
    try {
      const result = await condition();
      if (result !== false && result !== undefined && result !== null) return result;
    } catch (error) {
      reason = error;
    }
    const giveUpReason = options.giveUpReason?.();
    if (giveUpReason !== undefined) throw new Error(giveUpReason);
    if (Date.now() >= deadline) {
      throw new Error(`Timed out after ${options.timeout_ms} ms waiting for ${options.what}.`, { cause: reason });
    }
    await sleep(options.interval_ms ?? INTERVAL_MS_DEFAULT);
  }
}
