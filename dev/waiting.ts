/**
 * Waits until something outside is so, by asking again and again, never longer than it was allowed to.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** How long to wait, and for what, as the error will say it. */
export interface WaitOptions {
  timeout_ms: number;
  /** Completes the sentence "Waited … ms in vain for …". */
  what: string;
  interval_ms?: number;
  /** Gives up early: a reason why it will never be so. */
  giveUpReason?: () => string | undefined;
}

const INTERVAL_MS_DEFAULT = 50;

/** Resolves with the first answer that is neither false nor undefined; an error of `condition` counts as "not yet". */
export async function waitFor<T>(condition: () => T | Promise<T>, waiting: WaitOptions): Promise<NonNullable<T>> {
  const deadline = Date.now() + waiting.timeout_ms;
  for (;;) {
    let reason: unknown;
    try {
      const answer = await condition();
      if (answer !== false && answer !== undefined && answer !== null) return answer;
    } catch (error) {
      reason = error;
    }
    const hopeless = waiting.giveUpReason?.();
    if (hopeless !== undefined) throw new Error(hopeless);
    if (Date.now() >= deadline) {
      throw new Error(`Waited ${waiting.timeout_ms} ms in vain for ${waiting.what}.`, { cause: reason });
    }
    await sleep(waiting.interval_ms ?? INTERVAL_MS_DEFAULT);
  }
}
