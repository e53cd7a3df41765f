/**
 * Statements that several changes in one transaction share.
 *
 * A batch changes 25 contracts in one transaction (`transactions/contract/change-together.ts`), and each change calls the same functions
 * of `db/` as a change of one contract. Most of the cost of such a small statement is its message to Postgres and back. So the calls
 * that the changes make at the same time are sent as one statement.
 */
import type { Sql } from './database';

/** Runs one statement for all inputs, and returns their outputs in the same order. */
type RunMerged<Input, Output> = (sql: Sql, inputs: readonly Input[]) => Promise<readonly Output[]>;

interface WaitingCall {
  input: unknown;
  resolve: (output: unknown) => void;
  reject: (error: unknown) => void;
}

interface WaitingStatement {
  run: RunMerged<unknown, unknown>;
  calls: WaitingCall[];
}

/** The statements that wait in each transaction that merges them, in the order of their first calls. */
const waiting_of = new WeakMap<Sql, Map<string, WaitingStatement>>();

/** From now on, calls of merged statements in this transaction wait for those that other changes make at the same time. */
export function mergeStatements(tx: Sql): void {
  waiting_of.set(tx, new Map());
}

/**
 * Creates a function that runs a statement for one input: alone, or with others in a transaction that merges statements. There it
 * is sent after all changes have come to a point at which they wait. Statements of one change are sent in the order of their calls,
 * also when it does not wait for one before it calls the next. But a plain statement is sent at once, so a change must wait for its
 * merged statements before.
 *
 * Inputs of different groups are never in one statement. If the statement fails, each of its calls does.
 */
export function mergedStatement<Input, Output>(
  name: string,
  run: RunMerged<Input, Output>,
  groupOf: (input: Input) => string = () => '',
): (sql: Sql, input: Input) => Promise<Output> {
  return async (sql, input) => {
    const waiting = waiting_of.get(sql);
    if (waiting === undefined) return (await run(sql, [input]))[0] as Output;
    return new Promise((resolve, reject) => {
      if (waiting.size === 0) setImmediate(sendAll, sql, waiting);
      const key = `${name} ${groupOf(input)}`;
      const call = { input, resolve, reject } as WaitingCall;
      const statement = waiting.get(key);
      if (statement === undefined) waiting.set(key, { run: run as RunMerged<unknown, unknown>, calls: [call] });
      else statement.calls.push(call);
    });
  };
}

function sendAll(tx: Sql, waiting: Map<string, WaitingStatement>): void {
  const statements = [...waiting.values()];
  waiting.clear();
  for (const { run, calls } of statements) {
    run(
      tx,
      calls.map(({ input }) => input),
    ).then(
      (outputs) => calls.forEach(({ resolve }, index) => resolve(outputs[index])),
      (error: unknown) => calls.forEach(({ reject }) => reject(error)),
    );
  }
}

/** The rows by a column, in the order of the values; undefined where there is none. */
export function rowsInOrder<Row, Column extends keyof Row>(
  rows: readonly Row[],
  column: Column,
  values: readonly Row[Column][],
): (Row | undefined)[] {
  const by_value = new Map(rows.map((row) => [row[column], row]));
  return values.map((value) => by_value.get(value));
}
