/**
 * Merging calls that wait for the same thing (a group commit): while one statement is under way, the calls that arrive gather,
 * and the next statement serves them together. A lone call goes alone and at once.
 */

/** A call that waits for its statement. */
export interface WaitingCall<Input, Output> {
  input: Input;
  resolve: (output: Output) => void;
  reject: (error: unknown) => void;
}

/** At least one call. */
export type Merge<Input, Output> = [WaitingCall<Input, Output>, ...WaitingCall<Input, Output>[]];

/**
 * Makes a function whose calls are merged. Calls with equal keys share statements. `take` removes from the queue, which is not
 * empty, what goes into the next statement; `serve` runs it and settles every call that was taken, and never throws.
 */
export function createMergedCalls<Input, Output>(options: {
  keyOf: (input: Input) => string;
  take: (queue: WaitingCall<Input, Output>[]) => Merge<Input, Output>;
  serve: (calls: Merge<Input, Output>) => Promise<void>;
}): (input: Input) => Promise<Output> {
  /** By key; an entry exists while a statement for it is under way. */
  const queues = new Map<string, WaitingCall<Input, Output>[]>();

  return (input) =>
    new Promise((resolve, reject) => {
      const key = options.keyOf(input);
      const call = { input, resolve, reject };
      const queue = queues.get(key);
      if (queue) queue.push(call);
      else void drain(key, call);
    });

  async function drain(key: string, first: WaitingCall<Input, Output>): Promise<void> {
    const queue = [first];
    queues.set(key, queue);
    while (queue.length > 0) await options.serve(options.take(queue));
    queues.delete(key);
  }
}
