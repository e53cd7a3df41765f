/**
 * Batches calls for different rows: few statements run at a time, and each serves all calls that wait when it begins. Calls for
 * the same row are never in two statements at once, so a statement does not wait for a row that another statement has locked.
 *
 * `merged-calls.ts` merges the calls for one row, and waits for that row.
 */
import { RowsBusy } from '../../db/base/errors';
import type { LockTurns } from '../../db/base/lock-turns';
import { createWaitingCall, rejectUntil } from './merged-calls';
import type { Merge, WaitingCall } from './merged-calls';

export interface BatchedCalls<Input, Output> {
  /** Serves a call, possibly together with others. After the `wait_ms` of the turns it rejects with `RowsBusy`. */
  call(input: Input): Promise<Output>;
  /** Whether the limit of waiting calls for all rows is reached. */
  isFull(): boolean;
}

/**
 * Creates batched calls. `take` removes the calls of the next statement from the queue, in the order of arrival and none with a
 * key that is in service. `serve` runs the statement, settles every taken call, and does not throw.
 */
export function createBatchedCalls<Input, Output>(options: {
  turns: LockTurns;
  statements_max: number;
  /** The number of waiting calls from which a further statement starts beside the running ones. */
  further_from: number;
  keyOf: (input: Input) => string;
  take: (queue: WaitingCall<Input, Output>[], isInService: (input: Input) => boolean) => WaitingCall<Input, Output>[];
  serve: (calls: Merge<Input, Output>) => Promise<void>;
}): BatchedCalls<Input, Output> {
  const { turns, keyOf } = options;
  const queue: WaitingCall<Input, Output>[] = [];
  const in_service = new Set<string>();
  const isInService = (input: Input): boolean => in_service.has(keyOf(input));
  let statements = 0;

  async function drain(): Promise<void> {
    statements += 1;
    for (let oldest = next(); oldest !== undefined; oldest = next()) {
      const { since_ms } = oldest;
      try {
        await turns.run([], serveNext, since_ms + turns.limits.wait_ms - performance.now());
      } catch (error) {
        rejectUntil(queue, since_ms, () => error);
      }
      // Rejects calls that waited too long behind a statement.
      rejectUntil(queue, performance.now() - turns.limits.wait_ms, () => new RowsBusy(null));
    }
    statements -= 1;
  }

  /** The oldest call that a statement could serve now. */
  function next(): WaitingCall<Input, Output> | undefined {
    return queue.find(({ input }) => !isInService(input));
  }

  async function serveNext(): Promise<void> {
    // Another statement may have taken the calls while this one waited for its turn.
    const calls = options.take(queue, isInService);
    if (calls.length === 0) return;
    const keys = calls.map(({ input }) => keyOf(input));
    for (const key of keys) in_service.add(key);
    try {
      await options.serve(calls as Merge<Input, Output>);
    } finally {
      for (const key of keys) in_service.delete(key);
    }
  }

  return {
    call: (input) =>
      new Promise((resolve, reject) => {
        queue.push(createWaitingCall(input, resolve, reject));
        if (statements === 0 || (statements < options.statements_max && queue.length >= options.further_from))
          void drain();
      }),
    isFull: () => queue.length >= turns.limits.waiting_max,
  };
}
