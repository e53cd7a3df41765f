/**
 * Merges calls that wait for the same row (a group commit): calls that arrive while a statement runs are served together by the
 * next statement. A single call is served alone and at once. If many wait, a second statement may run beside the first one.
 */
import { RowsBusy } from '../../db/base/errors';
import type { LockedRow } from '../../db/base/errors';
import type { LockTurns } from '../../db/base/lock-turns';

/** A call that waits for its statement. */
export interface WaitingCall<Input, Output> {
  input: Input;
  /** Whether it was resolved or rejected. */
  is_settled: boolean;
  /** The start of its wait, by the monotonic clock. */
  since_ms: number;
  resolve: (output: Output) => void;
  reject: (error: unknown) => void;
}

/** At least one call. */
export type Merge<Input, Output> = [WaitingCall<Input, Output>, ...WaitingCall<Input, Output>[]];

/**
 * Creates a function whose calls are merged. Calls with equal keys share statements, and a statement takes its turn for the row
 * that it locks. `take` removes the calls of the next statement from the queue, which is not empty. `serve` runs the statement
 * and settles every taken call. It throws only a lock timeout: the next attempt of the same turn then serves the calls that are
 * not settled, together with new ones.
 *
 * With `further`, a second statement with the same key runs at the same moment: one is executed while the other waits for its commit. It
 * begins when calls wait `from` that number on, at the end of their tick, so that it takes all that arrive together. `rowOf` must name a shared row.
 *
 * A call is rejected with `RowsBusy` when too many calls wait, and after the longest wait for a turn and its row.
 */
export function createMergedCalls<Input, Output>(options: {
  turns: LockTurns;
  rowOf: (input: Input) => LockedRow;
  keyOf: (input: Input) => string;
  take: (queue: WaitingCall<Input, Output>[]) => Merge<Input, Output>;
  serve: (calls: Merge<Input, Output>) => Promise<void>;
  further?: { from: number; isAllowed: (key: string) => boolean };
}): (input: Input) => Promise<Output> {
  const { turns, rowOf, further } = options;
  type Waiting = { queue: WaitingCall<Input, Output>[]; in_service: number; statements: number };
  /** By key. An entry exists while `statements` for it run; `in_service` is the number of calls in the current ones. */
  const queues = new Map<string, Waiting>();

  return (input) =>
    new Promise((resolve, reject) => {
      const key = options.keyOf(input);
      const call = createWaitingCall(input, resolve, reject);
      const waiting = queues.get(key) ?? { queue: [], in_service: 0, statements: 0 };
      // Calls in service may return to the queue.
      if (waiting.queue.length + waiting.in_service > turns.limits.waiting_max)
        return reject(new RowsBusy(rowOf(input)));
      waiting.queue.push(call);
      if (waiting.statements === 0) {
        queues.set(key, waiting);
        void drain(key, waiting);
      } else if (waiting.queue.length === further?.from) {
        setImmediate(() => {
          if (mayRun(key, waiting)) void drain(key, waiting);
        });
      }
    });

  /** Whether another statement may begin: as the only one, or as the second one if enough calls wait. */
  function mayRun(key: string, { queue, statements }: Waiting): boolean {
    if (statements === 0) return queue.length > 0;
    return further !== undefined && statements === 1 && queue.length >= further.from && further.isAllowed(key);
  }

  /** Runs one statement after the other while there are calls for it. */
  async function drain(key: string, waiting: Waiting): Promise<void> {
    const { queue } = waiting;
    queues.set(key, waiting);
    while (mayRun(key, waiting)) {
      waiting.statements += 1;
      const [{ input, since_ms }] = queue as Merge<Input, Output>;
      const left_ms = since_ms + turns.limits.wait_ms - performance.now();
      try {
        // Calls that arrive before the turn begins are taken too.
        await turns.run([rowOf(input)], () => serveNext(waiting), left_ms);
      } catch (error) {
        rejectUntil(queue, since_ms, () => error);
      }
      waiting.statements -= 1;
      rejectUntil(queue, performance.now() - turns.limits.wait_ms, () => new RowsBusy(rowOf(input)));
    }
    if (waiting.statements === 0) queues.delete(key);
  }

  async function serveNext(waiting: Waiting): Promise<void> {
    // Another statement has taken all calls meanwhile.
    if (waiting.queue.length === 0) return;
    const calls = options.take(waiting.queue);
    waiting.in_service += calls.length;
    try {
      await options.serve(calls);
    } catch (error) {
      waiting.queue.unshift(...calls.filter(({ is_settled }) => !is_settled));
      throw error;
    } finally {
      waiting.in_service -= calls.length;
    }
  }
}

/** Creates a call that starts to wait now. */
export function createWaitingCall<Input, Output>(
  input: Input,
  resolve: (output: Output) => void,
  reject: (error: unknown) => void,
): WaitingCall<Input, Output> {
  const settling =
    <Result>(settle: (result: Result) => void) =>
    (result: Result): void => {
      call.is_settled = true;
      settle(result);
    };
  const call: WaitingCall<Input, Output> = {
    input,
    is_settled: false,
    since_ms: performance.now(),
    resolve: settling(resolve),
    reject: settling(reject),
  };
  return call;
}

/** Removes the calls that have waited since `ms` or longer from a queue, and rejects them with the same error. */
export function rejectUntil<Input, Output>(
  queue: WaitingCall<Input, Output>[],
  ms: number,
  errorOf: () => unknown,
): void {
  const later = queue.findIndex(({ since_ms }) => since_ms > ms);
  const rejected = queue.splice(0, later === -1 ? queue.length : later);
  if (rejected.length === 0) return;
  const error = errorOf();
  for (const { reject } of rejected) reject(error);
}
