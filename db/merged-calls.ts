/**
 * Merging calls that wait for the same row (a group commit): while one statement is under way, the calls that arrive gather,
 * and the next statement serves them together. A lone call goes alone and at once.
 */
import { RowsBusy } from './errors';
import type { LockedRow } from './errors';
import type { LockTurns } from './lock-turns';

/** A call that waits for its statement. */
export interface WaitingCall<Input, Output> {
  input: Input;
  /** Since when it waits, by the monotonic clock. */
  since_ms: number;
  resolve: (output: Output) => void;
  reject: (error: unknown) => void;
}

/** At least one call. */
export type Merge<Input, Output> = [WaitingCall<Input, Output>, ...WaitingCall<Input, Output>[]];

/**
 * Makes a function whose calls are merged. Calls with equal keys share statements, and a statement takes its turn for the row that
 * it locks. `take` removes from the queue, which is not empty, what goes into the next statement; `serve` runs it and settles
 * every call that was taken, and never throws.
 *
 * A call is rejected with `RowsBusy` when too many wait already, when no turn comes in time, and when it has waited for as long as a
 * turn is waited for and the statement before it ended only now.
 */
export function createMergedCalls<Input, Output>(options: {
  turns: LockTurns;
  rowOf: (input: Input) => LockedRow;
  keyOf: (input: Input) => string;
  take: (queue: WaitingCall<Input, Output>[]) => Merge<Input, Output>;
  serve: (calls: Merge<Input, Output>) => Promise<void>;
}): (input: Input) => Promise<Output> {
  const { turns, rowOf } = options;
  /** By key; an entry exists while a statement for it is under way. */
  const queues = new Map<string, WaitingCall<Input, Output>[]>();

  return (input) =>
    new Promise((resolve, reject) => {
      const key = options.keyOf(input);
      const call = { input, since_ms: performance.now(), resolve, reject };
      const queue = queues.get(key);
      if (queue === undefined) void drain(key, call);
      else if (queue.length < turns.limits.waiting_max) queue.push(call);
      else reject(new RowsBusy(rowOf(input)));
    });

  async function drain(key: string, first: WaitingCall<Input, Output>): Promise<void> {
    const queue = [first];
    queues.set(key, queue);
    while (queue.length > 0) {
      try {
        // What arrives until the turn begins is taken too.
        await turns.run([rowOf(first.input)], () => options.serve(options.take(queue)));
      } catch (error) {
        rejectAll(queue.splice(0), error);
      }
      const oldest_ms = performance.now() - turns.limits.wait_ms;
      const in_time = queue.findIndex(({ since_ms }) => since_ms > oldest_ms);
      rejectAll(queue.splice(0, in_time === -1 ? queue.length : in_time), new RowsBusy(rowOf(first.input)));
    }
    queues.delete(key);
  }

  function rejectAll(calls: WaitingCall<Input, Output>[], error: unknown): void {
    for (const { reject } of calls) reject(error);
  }
}
