/** Calls that share statements: which calls are batched, how many statements run, and what happens to calls that wait too long. */
import { createBatchedCalls } from '../../transactions/base/batched-calls';
import type { BatchedCalls } from '../../transactions/base/batched-calls';
import { createMergedCalls } from '../../transactions/base/merged-calls';
import type { Merge } from '../../transactions/base/merged-calls';
import { RowsBusy } from '../../db/base/errors';
import { createLockTurns, lockTurnLimits } from '../../db/base/lock-turns';
import type { LockTurns } from '../../db/base/lock-turns';
import { waitFor } from '../harness/stack';

interface Batches extends BatchedCalls<string, string> {
  /** The inputs of each statement, in the order in which they were begun. */
  begun: string[][];
  /** Ends the statement that was begun as this one. */
  end(index: number): Promise<void>;
}

/** Calls whose statements last until they are ended. The key of an input is its first character. */
function batchesWith(turns: LockTurns = createLockTurns(lockTurnLimits(10))): Batches {
  const begun: string[][] = [];
  const ends: (() => void)[] = [];
  const calls = createBatchedCalls<string, string>({
    turns,
    statements_max: 2,
    further_from: 3,
    keyOf: (input) => input.charAt(0),
    take: (queue, isInService) => {
      const taken = queue.filter(({ input }) => !isInService(input));
      queue.splice(0, queue.length, ...queue.filter((call) => !taken.includes(call)));
      return taken;
    },
    async serve(waiting) {
      begun.push(waiting.map(({ input }) => input));
      await new Promise<void>((resolve) => ends.push(resolve));
      for (const { input, resolve } of waiting) resolve(input.toUpperCase());
    },
  });
  return {
    ...calls,
    begun,
    async end(index) {
      ends[index]?.();
      await new Promise(setImmediate);
    },
  };
}

test('a single call is served at once, and the calls that arrive meanwhile are served together', async () => {
  const batches = batchesWith();
  const answers = ['a', 'b', 'c'].map((input) => batches.call(input));
  expect(batches.begun).toEqual([['a']]);
  await batches.end(0);
  expect(batches.begun).toEqual([['a'], ['b', 'c']]);
  await batches.end(1);
  expect(await Promise.all(answers)).toEqual(['A', 'B', 'C']);
});

test('a further statement starts when many calls wait, up to the limit of statements', async () => {
  const batches = batchesWith();
  const answers = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((input) => batches.call(input));
  expect(batches.begun).toEqual([['a'], ['b', 'c', 'd']]);
  await batches.end(0);
  expect(batches.begun.at(-1)).toEqual(['e', 'f', 'g']);
  await batches.end(1);
  await batches.end(2);
  await Promise.all(answers);
});

test('calls for one key are never in two statements at once, and wait for each other in their order', async () => {
  const batches = batchesWith();
  const answers = ['a1', 'a2', 'b1', 'c1', 'a3'].map((input) => batches.call(input));
  expect(batches.begun).toEqual([['a1'], ['b1', 'c1']]);
  await batches.end(1);
  expect(batches.begun).toHaveLength(2);
  await batches.end(0);
  expect(batches.begun).toEqual([['a1'], ['b1', 'c1'], ['a2', 'a3']]);
  await batches.end(2);
  await Promise.all(answers);
});

test('a call that gets no turn in time is rejected as busy, and later calls are served', async () => {
  const turns = createLockTurns({ ...lockTurnLimits(2), wait_ms: 20 });
  let freeTurn!: () => void;
  const taken = turns.run([], () => new Promise<void>((resolve) => (freeTurn = resolve)));
  const batches = batchesWith(turns);
  await expect(batches.call('a')).rejects.toBeInstanceOf(RowsBusy);
  freeTurn();
  await taken;
  const answer = batches.call('b');
  await new Promise(setImmediate);
  await batches.end(0);
  expect(await answer).toBe('B');
});

test('a call that waits behind a statement for longer than the wait for a turn is rejected as busy', async () => {
  const wait_ms = 20;
  const batches = batchesWith(createLockTurns({ ...lockTurnLimits(10), wait_ms }));
  const first = batches.call('a1');
  const second = batches.call('a2').catch((error: unknown) => error);
  const sent_ms = performance.now();
  await waitFor(async () => (performance.now() > sent_ms + wait_ms ? true : undefined), {
    timeout_ms: 10_000,
    what: 'the wait to be over',
  });
  await batches.end(0);
  expect(await first).toBe('A1');
  expect(await second).toBeInstanceOf(RowsBusy);
  expect(batches.begun).toEqual([['a1']]);
});

describe('merged calls of one row', () => {
  /** Merged calls whose statements last until they are ended, with at most three calls each. */
  function mergesWith(isAllowed: () => boolean) {
    const begun: string[][] = [];
    const ends: (() => void)[] = [];
    const call = createMergedCalls<string, string>({
      turns: createLockTurns(lockTurnLimits(10)),
      rowOf: () => ({ table: 'rows', id: '1', shared: true }),
      keyOf: () => '1',
      take: (queue) => queue.splice(0, 3) as Merge<string, string>,
      async serve(calls) {
        begun.push(calls.map(({ input }) => input));
        await new Promise<void>((resolve) => ends.push(resolve));
        for (const { input, resolve } of calls) resolve(input.toUpperCase());
      },
      further: { from: 2, isAllowed },
    });
    return { call, begun, end: (index: number) => ends[index]?.() };
  }

  test('a second statement takes all that arrive in the tick in which enough wait, and no third one begins', async () => {
    const { call, begun, end } = mergesWith(() => true);
    const answers = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map(call);
    expect(begun).toEqual([['a']]);
    await new Promise(setImmediate);
    expect(begun).toEqual([['a'], ['b', 'c', 'd']]);
    end(0);
    await new Promise(setImmediate);
    expect(begun.slice(2)).toEqual([['e', 'f', 'g']]);
    [1, 2].forEach(end);
    expect(await Promise.all(answers)).toEqual(['A', 'B', 'C', 'D', 'E', 'F', 'G']);
  });

  test('few calls wait for the statement that runs, and many too where no second one is allowed', async () => {
    let is_allowed = true;
    const { call, begun, end } = mergesWith(() => is_allowed);
    const answers = ['a', 'b'].map(call);
    await new Promise(setImmediate);
    is_allowed = false;
    answers.push(...['c', 'd'].map(call));
    await new Promise(setImmediate);
    expect(begun).toEqual([['a']]);
    end(0);
    await new Promise(setImmediate);
    expect(begun).toEqual([['a'], ['b', 'c', 'd']]);
    end(1);
    expect(await Promise.all(answers)).toEqual(['A', 'B', 'C', 'D']);
  });
});
