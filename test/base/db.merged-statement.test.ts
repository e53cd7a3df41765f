/** Statements that several changes in one transaction share. No statement is sent to Postgres: what is tested is when which would be. */
import type { Sql } from '../../db/base/database';
import { mergedStatement, mergeStatements } from '../../db/base/merged-statement';

/** What was sent, in order: "read a,b". */
let sent: string[];
let tx: Sql;

beforeEach(() => {
  sent = [];
  tx = {} as Sql;
  mergeStatements(tx);
});

const lock = statement('lock');
const read = statement('read');

function statement(name: string) {
  return mergedStatement(name, async (_, ids: readonly string[]) => {
    sent.push(`${name} ${ids.join()}`);
    if (ids.includes('broken')) throw new Error(`${name} fails`);
    return ids.map((id) => `${name} ${id}`);
  });
}

test('calls that the changes of one transaction make at the same time are one statement, and each gets its own output', async () => {
  const outputs = await Promise.all(['a', 'b', 'c'].map((id) => read(tx, id)));
  expect(outputs).toEqual(['read a', 'read b', 'read c']);
  expect(sent).toEqual(['read a,b,c']);
});

test('changes that come to a statement after different numbers of steps share it', async () => {
  const change = async (id: string, steps: number): Promise<string> => {
    for (let step = 0; step < steps; step++) await Promise.resolve();
    await lock(tx, id);
    return read(tx, id);
  };
  await Promise.all([change('a', 0), change('b', 5), change('c', 50)]);
  expect(sent).toEqual(['lock a,b,c', 'read a,b,c']);
});

test('the statements of one change are sent in the order of its calls, although it does not wait between them', async () => {
  await Promise.all(['a', 'b'].map((id) => Promise.all([lock(tx, id), read(tx, id)])));
  expect(sent).toEqual(['lock a,b', 'read a,b']);
});

test('inputs of different groups are in different statements', async () => {
  const byLetter = mergedStatement(
    'read',
    async (_, ids: readonly string[]) => {
      sent.push(ids.join());
      return ids;
    },
    (id) => id.slice(0, 1),
  );
  await Promise.all(['a1', 'b1', 'a2'].map((id) => byLetter(tx, id)));
  expect(sent).toEqual(['a1,a2', 'b1']);
});

test('a statement that fails fails each of its calls, and no other statement', async () => {
  const calls = [read(tx, 'a'), read(tx, 'broken'), lock(tx, 'a')];
  const outcomes = await Promise.allSettled(calls);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
});

test('in any other transaction each call is a statement of its own, and is sent at once', async () => {
  const other = {} as Sql;
  const calls = ['a', 'b'].map((id) => read(other, id));
  expect(sent).toEqual(['read a', 'read b']);
  expect(await Promise.all(calls)).toEqual(['read a', 'read b']);
});
