/** Turns of transactions that lock rows: how many have one, in which order, and what becomes of those that wait. */
import { RowsBusy } from '../db/errors';
import type { LockedRow } from '../db/errors';
import { createLockTurns, lockTurnLimits } from '../db/lock-turns';
import type { LockTurnLimits, LockTurns } from '../db/lock-turns';

const LIMITS: LockTurnLimits = { running_max: 5, waiting_max: 10, waiting_per_row_max: 3, wait_ms: 60_000 };

/** Work that lasts until it is ended. */
interface Work {
  name: string;
  end(): void;
  fail(error: Error): void;
  done: Promise<string>;
}

interface Turns extends LockTurns {
  /** The names of the work that has begun, in order. */
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

test('work begins at once and in the same tick when nothing is in its way', () => {
  const turns = turnsWith();
  turns.add('a', contract('1'));
  expect(turns.begun).toEqual(['a']);
});

test('work on one row runs one at a time in the order of arrival, and work on other rows passes it by', async () => {
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

test('work that only shares a row runs four at a time', () => {
  const turns = turnsWith();
  for (const name of ['1', '2', '3', '4', '5']) turns.add(name, shared('p'));
  expect(turns.begun).toEqual(['1', '2', '3', '4']);
  turns.add('other', shared('q'));
  expect(turns.begun.at(-1)).toBe('other');
});

test('work on several rows waits until it can have all of them, and meanwhile has none', async () => {
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

test('all work together has no more turns than there are, and those that wait get them in the order of arrival', async () => {
  const turns = turnsWith({ running_max: 2 });
  const first = turns.add('1', contract('1'));
  for (const name of ['2', '3', '4']) turns.add(name, contract(name));
  expect(turns.counts()).toEqual({ running: 2, waiting: 2 });
  first.end();
  await first.done;
  expect(turns.begun).toEqual(['1', '2', '3']);
});

test('above the number that may wait for a row, work is refused and other rows are not', async () => {
  const turns = turnsWith({ waiting_per_row_max: 1 });
  turns.add('1', contract('x'));
  turns.add('2', contract('x'));
  await expect(turns.add('3', contract('x')).done).rejects.toMatchObject({ row: contract('x') });
  turns.add('other', contract('y'));
  expect(turns.begun).toEqual(['1', 'other']);
});

test('above the number that may wait in all, work is refused', async () => {
  const turns = turnsWith({ running_max: 1, waiting_max: 2 });
  for (const id of ['1', '2', '3']) turns.add(id, contract(id));
  await expect(turns.add('4', contract('4')).done).rejects.toMatchObject({ row: null });
});

test('work that waits too long is refused with the row that is taken, and never begins', async () => {
  const turns = turnsWith({ wait_ms: 1 });
  const first = turns.add('1', contract('x'));
  await expect(turns.add('late', shared('p'), contract('x')).done).rejects.toEqual(new RowsBusy(contract('x')));
  first.end();
  await first.done;
  expect(turns.begun).toEqual(['1']);
  expect(turns.counts()).toEqual({ running: 0, waiting: 0 });
});

test('work that fails, at once or later, gives its turn back and its error out', async () => {
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

test.each([
  [1, 1],
  [2, 1],
  [5, 3],
  [10, 7],
  [100, 97],
])('of %i connections %i can be used by transactions that lock rows', (pool_size, running_max) => {
  expect(lockTurnLimits(pool_size).running_max).toBe(running_max);
});
