/** Parts of a transaction that are undone while the transaction goes on. */
import { runUndoable } from '../../db/base/savepoint';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase({ max: 1 });
  await database.sql`CREATE TABLE written (what text)`;
});
afterAll(() => database.drop());

const [isUndone, isKept] = [() => true, () => false];

test.each([
  { outer: isKept, inner: isKept, stays: ['inner', 'outer', 'transaction'] },
  { outer: isKept, inner: isUndone, stays: ['outer', 'transaction'] },
  { outer: isUndone, inner: isKept, stays: ['transaction'] },
  { outer: isUndone, inner: isUndone, stays: ['transaction'] },
])(
  'a part inside another one is undone alone, and the outer one with all that it has: $stays',
  async ({ outer, inner, stays }) => {
    const { sql } = database;
    await sql`TRUNCATE written`;
    await sql.begin(async (tx) => {
      const write = (what: string) => tx`INSERT INTO written VALUES (${what})`;
      await write('transaction');
      await runUndoable(
        tx,
        async () => {
          await write('outer');
          await runUndoable(tx, () => write('inner'), inner);
        },
        outer,
      );
    });
    expect((await sql<{ what: string }[]>`SELECT what FROM written ORDER BY what`).map(({ what }) => what)).toEqual(
      stays,
    );
  },
);
