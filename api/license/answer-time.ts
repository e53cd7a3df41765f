/**
 * The time of an answer about a wrong key. An answer about a key of another product takes a tenth of a millisecond longer to find than one
 * about a key that does not exist. So neither is sent before a time that both reach.
 */

/** After the arrival of a request, in milliseconds. Far more than a look-up takes, and nothing that a person notices. */
export const WRONG_KEY_ANSWER_MS = 20;

export interface AnswerTime {
  /** Resolves at the time of answers about wrong keys. */
  reached(): Promise<void>;
  /** Call it in any case, with or without {@link reached}. */
  end(): void;
}

/**
 * Begins when a request arrives. A timer that began after the look-up would tell how long that took: timers count whole milliseconds from
 * the turn of the event loop.
 */
export function startAnswerTime(): AnswerTime {
  let is_reached = false;
  let resolve: (() => void) | undefined;
  const timer = setTimeout(() => {
    is_reached = true;
    resolve?.();
  }, WRONG_KEY_ANSWER_MS);
  return {
    reached: () => (is_reached ? Promise.resolve() : new Promise((then) => (resolve = then))),
    end: () => clearTimeout(timer),
  };
}
