/** Turns of transactions that lock rows: how many are granted, in which order, and how waiting ends. */
import postgres from 'postgres';
import { RowsBusy } from '../../db/base/errors';
import type { LockedRow } from '../../db/base/errors';
import { createLockTurns, lockTurnLimits } from '../../db/base/lock-turns';
import type { LockTurnLimits, LockTurns } from '../../db/base/lock-turns';

const LIMITS: LockTurnLimits = {
  running_max: 5,
  contended_max: 2,
  waiting_max: 10,
  waiting_per_row_max: 3,
  wait_ms: 60_000,
  attempt_ms: 60_000,
};

/** Work that runs until the test ends it. */
interface Work {
  name: string;
  end(): void;
  fail(error: Error): void;
  done: Promise<string>;
}

interface Turns extends LockTurns {
  /** The names of the started work, in order. */
  begun: string[];
  add(name: string, ...rows: LockedRow[]): Work;
}

function turnsWith(limits: Partial<LockTurnLimits> = {}): Turns {
  const turns = createLockTurns({ ...LIMITS, ...limits });
  const begun: string[] = [];
  return {
    ...turns,
    begun,
    add(name, ...rows) {
      let end!: () => void;
      let fail!: (error: Error) => void;
      const ended = new Promise<string>((resolve, reject) => {
        end = () => resolve(name);
        fail = reject;
      });
      const done = turns.run(rows, () => {
        begun.push(name);
        return ended;
      });
      done.catch(() => undefined);
      return { name, end, fail, done };
    },
  };
}

const contract = (id: string): LockedRow => ({ table: 'contracts', id });
const shared = (id: string): LockedRow => ({ table: 'products', id, shared: true });

test('work begins in the same tick when no limit is reached', () => {
  const turns = turnsWith();
  turns.add('a', contract('1'));
  expect(turns.begun).toEqual(['a']);
});

test('work on one row runs one at a time in the order of arrival, and does not delay work on other rows', async () => {
  const turns = turnsWith();
  const [first, second, third] = ['1', '2', '3'].map((name) => turns.add(name, contract('x')));
  turns.add('other', contract('y'));
  turns.add('no row');
  expect(turns.begun).toEqual(['1', 'other', 'no row']);
  first?.end();
  await first?.done;
  expect(turns.begun).toEqual(['1', 'other', 'no row', '2']);
  second?.end();
  third?.end();
  await third?.done;
  expect(turns.begun.at(-1)).toBe('3');
});

test('work that shares a row runs four at a time', () => {
  const turns = turnsWith();
  for (const name of ['1', '2', '3', '4', '5']) turns.add(name, shared('p'));
  expect(turns.begun).toEqual(['1', '2', '3', '4']);
  turns.add('other', shared('q'));
  expect(turns.begun.at(-1)).toBe('other');
});

test('work on several rows waits until all of them are free, and keeps none meanwhile', async () => {
  const turns = turnsWith();
  const a = turns.add('a', contract('a'));
  turns.add('both', contract('b'), contract('a'));
  const b = turns.add('b', contract('b'));
  expect(turns.begun).toEqual(['a', 'b']);
  a.end();
  await a.done;
  expect(turns.begun).toEqual(['a', 'b']);
  b.end();
  await b.done;
  expect(turns.begun).toEqual(['a', 'b', 'both']);
});

test('no more work runs than there are turns, and waiting work gets them in the order of arrival', async () => {
  const turns = turnsWith({ running_max: 2 });
  const first = turns.add('1', contract('1'));
  for (const name of ['2', '3', '4']) turns.add(name, contract(name));
  expect(turns.counts()).toEqual({ running: 2, waiting: 2 });
  first.end();
  await first.done;
  expect(turns.begun).toEqual(['1', '2', '3']);
});

test('when too many wait for a row, further work on it is refused, and work on other rows is not', async () => {
  const turns = turnsWith({ waiting_per_row_max: 1 });
  turns.add('1', contract('x'));
  turns.add('2', contract('x'));
  await expect(turns.add('3', contract('x')).done).rejects.toMatchObject({ row: contract('x') });
  turns.add('other', contract('y'));
  expect(turns.begun).toEqual(['1', 'other']);
});

test('when too many wait in total, further work is refused', async () => {
  const turns = turnsWith({ running_max: 1, waiting_max: 2 });
  for (const id of ['1', '2', '3']) turns.add(id, contract(id));
  await expect(turns.add('4', contract('4')).done).rejects.toMatchObject({ row: null });
});

test('work that waits too long is refused with the row in use, and never begins', async () => {
  const turns = turnsWith({ wait_ms: 1 });
  const first = turns.add('1', contract('x'));
  await expect(turns.add('late', shared('p'), contract('x')).done).rejects.toEqual(new RowsBusy(contract('x')));
  first.end();
  await first.done;
  expect(turns.begun).toEqual(['1']);
  expect(turns.counts()).toEqual({ running: 0, waiting: 0 });
});

test('work that fails, at once or later, ends its turn and passes its error on', async () => {
  const turns = turnsWith();
  const thrown = turns.run([contract('x')], () => {
    throw new Error('at once');
  });
  await expect(thrown).rejects.toThrow('at once');
  const failing = turns.add('failing', contract('x'));
  const next = turns.add('next', contract('x'));
  failing.fail(new Error('later'));
  await expect(failing.done).rejects.toThrow('later');
  expect(turns.begun).toEqual(['failing', 'next']);
  next.end();
  await next.done;
  expect(turns.counts()).toEqual({ running: 0, waiting: 0 });
});

describe('work whose row stays locked', () => {
  const locked = (): Error =>
    Object.assign(new postgres.PostgresError('canceling statement due to lock timeout'), { code: '55P03' });

  /** Work that can run several times; the test ends each attempt. */
  function held(turns: Turns, name: string, ...rows: LockedRow[]) {
    const attempts: { end: () => void; stayLocked: () => void }[] = [];
    const done = turns.run(rows, () => {
      turns.begun.push(name);
      return new Promise<string>((resolve, reject) => {
        attempts.push({ end: () => resolve(name), stayLocked: () => reject(locked()) });
      });
    });
    done.catch(() => undefined);
    return { attempts, done, last: () => attempts.at(-1) as (typeof attempts)[number] };
  }

  /** Ends an attempt by a lock time-out. */
  async function stayLocked(work: ReturnType<typeof held>): Promise<void> {
    work.last().stayLocked();
    await new Promise(setImmediate);
  }

  test('is tried again and keeps its place for the row; work that waits for the row begins afterwards', async () => {
    const turns = turnsWith();
    const first = held(turns, 'first', contract('x'));
    const next = turns.add('next', contract('x'));
    await stayLocked(first);
    await stayLocked(first);
    expect(turns.begun).toEqual(['first', 'first', 'first']);
    first.last().end();
    expect(await first.done).toBe('first');
    expect(turns.begun.at(-1)).toBe('next');
    next.end();
    await next.done;
    expect(turns.counts()).toEqual({ running: 0, waiting: 0 });
  });

  test('uses two turns in total, one row after the other, and leaves the other turns to work on other rows', async () => {
    const turns = turnsWith();
    const works = ['a', 'b', 'c', 'd', 'e'].map((id) => held(turns, id, contract(id)));
    for (const work of works) await stayLocked(work);
    expect(turns.counts()).toEqual({ running: 2, waiting: 3 });
    for (const id of ['1', '2', '3']) turns.add(id, contract(id));
    expect(turns.counts()).toEqual({ running: 5, waiting: 3 });
    turns.begun.splice(0);
    // The running work began first.
    for (const work of works.slice(0, 2)) await stayLocked(work);
    for (const work of works.slice(2, 4)) await stayLocked(work);
    expect(turns.begun).toEqual(['c', 'd', 'e', 'a']);
  });

  test('makes the next work on its row count as one of these two, until an attempt succeeds', async () => {
    const turns = turnsWith({ contended_max: 1, wait_ms: 1 });
    const [a, b] = ['a', 'b'].map((id) => held(turns, id, contract(id))) as [Held, Held];
    await new Promise((resolve) => setTimeout(resolve, 5));
    await stayLocked(a);
    await stayLocked(b);
    await expect(a.done).rejects.toMatchObject({ row: contract('a') });
    await expect(b.done).rejects.toMatchObject({ row: contract('b') });
    const again = held(turns, 'a', contract('a'));
    await expect(turns.add('b', contract('b')).done).rejects.toBeInstanceOf(RowsBusy);
    again.last().end();
    await again.done;
    turns.begun.splice(0);
    held(turns, 'a', contract('a'));
    held(turns, 'b', contract('b'));
    expect(turns.begun).toEqual(['a', 'b']);
  });

  test('is refused with its row and the cause when its time is over', async () => {
    const turns = turnsWith({ wait_ms: 1 });
    const first = held(turns, 'first', contract('x'));
    await new Promise((resolve) => setTimeout(resolve, 5));
    await stayLocked(first);
    const refusal = await first.done.catch((error: unknown) => error);
    expect(refusal).toMatchObject({ row: contract('x'), cause: { code: '55P03' } });
    expect(turns.begun).toEqual(['first']);
    expect(turns.counts()).toEqual({ running: 0, waiting: 0 });
  });

  type Held = ReturnType<typeof held>;
});

test.each([
  [1, 1, 1],
  [2, 1, 1],
  [5, 3, 1],
  [10, 7, 2],
  [100, 97, 32],
])(
  'of %i connections, transactions that lock rows can use %i, and those of contended rows %i',
  (pool_size, running_max, contended_max) => {
    expect(lockTurnLimits(pool_size)).toMatchObject({ running_max, contended_max });
  },
);
