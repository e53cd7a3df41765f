/**
 * Merges reads: calls of the same tick share a statement, which costs little more than that of one of them. Reads lock nothing, so
 * statements run beside each other; merged-calls.ts is for calls that wait for a row.
 */

interface WaitingRead<Input, Output> {
  input: Input;
  resolve: (output: Output) => void;
  reject: (error: unknown) => void;
}

/**
 * Creates a function whose calls are merged.
 * @param of_statement_max inputs of one statement at most
 * @param read runs one statement, and returns the outputs in the order of the inputs
 */
export function createMergedReads<Input, Output>(
  of_statement_max: number,
  read: (inputs: readonly Input[]) => Promise<readonly Output[]>,
): (input: Input) => Promise<Output> {
  let waiting: WaitingRead<Input, Output>[] = [];

  function sendAll(): void {
    const all = waiting;
    waiting = [];
    for (let first = 0; first < all.length; first += of_statement_max) send(all.slice(first, first + of_statement_max));
  }

  function send(calls: readonly WaitingRead<Input, Output>[]): void {
    read(calls.map(({ input }) => input)).then(
      (outputs) => calls.forEach(({ resolve }, index) => resolve(outputs[index] as Output)),
      (error: unknown) => calls.forEach(({ reject }) => reject(error)),
    );
  }

  return (input) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(sendAll);
      waiting.push({ input, resolve, reject });
    });
}
