/**
 * The patched Postgres driver (`patches/`): a failure on a connection affects only the statement or transaction that failed.
 */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { dirname, join } from 'node:path';
import type postgres from 'postgres';
import { driverAddress } from '../../db/base/address';
import { assertDriverPatched, openDatabase, withoutPipelining } from '../../db/base/database';
import type { Database } from '../../db/base/database';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { createTestDatabase, throughServer, type TestDatabase } from '../harness/database';
import { lockRows } from '../harness/locked-rows';
import { makeRunDirectory } from '../harness/run-directory';
import { sharedServers } from '../harness/shared-servers';

/** The line of the patch that prevents missing rows in results. */
const LINE_AGAINST_HOLES = /\n *rows = 0 \/\/ a SELECT that failed [^\n]*/;
/** Lines of the driver, one for each part of the patch. Without one of them the patch is incomplete. */
const PIECES: readonly [file: string, line: RegExp, says: RegExp][] = [
  ['connection.js', LINE_AGAINST_HOLES, /holes in the next result/],
  ['index.js', /\n *if \(lost\)[^\n]*/, /statements of a lost transaction/],
  ['connection.js', / && mayRepeat\(x\)/, /repeated inside a transaction/],
  ['index.js', /\n *if \(command !== done\)[^\n]*/, /answered with ROLLBACK/],
  ['connection.js', /\n *\? silent\(\)/, /gives no answer/],
];
/** How many statements the driver pipelines on one connection by default. */
const PIPELINE_MAX = 100;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** Runs with a separate pool that is so small that every connection is reused. */
async function withPool<T>(max: number, run: (sql: Database) => Promise<T>, url = database.url): Promise<T> {
  const sql = openDatabase(url, { max, application_name: 'covenant-test-driver' });
  try {
    return await run(sql);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** Runs a SELECT that fails at its fourth row and then one that succeeds; returns the rows of the second. */
async function afterFailureMidway(sql: postgres.Sql): Promise<unknown[]> {
  await expect(sql`SELECT 1 / (4 - n) FROM generate_series(1, 9) AS n`).rejects.toThrow('division by zero');
  return [...(await sql<{ n: number }[]>`SELECT n FROM generate_series(1, 3) AS n`)].map((row) => row?.n);
}

async function pidOf(tx: postgres.ISql): Promise<number> {
  const [row] = await tx<[{ pid: number }]>`SELECT pg_backend_pid() AS pid`;
  return row.pid;
}

async function isOverSocket(sql: Database): Promise<boolean> {
  const [row] = await sql<[{ is_local: boolean }]>`SELECT inet_server_addr() IS NULL AS is_local`;
  return row.is_local;
}

async function terminate(pid: number): Promise<void> {
  await database.sql`SELECT pg_terminate_backend(${pid}, 5000)`;
}

/** Checks that the pool runs as many statements at once as it has connections, each with its own result. */
async function expectSound(sql: Database): Promise<void> {
  const numbers = Array.from({ length: 12 }, (_, n) => n);
  const answers = await Promise.all(numbers.map((n) => sql<[{ n: number }]>`SELECT ${n}::int AS n`));
  expect(answers.map(([row]) => row.n)).toEqual(numbers);
  expect(await sql.begin((tx) => pidOf(tx))).toBeGreaterThan(0);
}

/** A copy of the driver that lacks one line, in a directory that the caller removes. */
function driverWithout(directory: string, file: string, line: RegExp): string {
  const copy = join(directory, 'postgres');
  cpSync(join(dirname(require.resolve('postgres')), '..', '..'), copy, { recursive: true });
  const sources = join(copy, 'cjs', 'src');
  const source = readFileSync(join(sources, file), 'utf8');
  expect(source).toMatch(line);
  writeFileSync(join(sources, file), source.replace(line, ''));
  return sources;
}

test('the driver is patched', () => {
  expect(() => assertDriverPatched()).not.toThrow();
});

test.each(PIECES)('a driver whose %s lacks %s is refused at start', (file, line, says) => {
  const directory = makeRunDirectory('driver');
  const sources = driverWithout(directory, file, line);
  expect(() => assertDriverPatched(sources)).toThrow(says);
  rmSync(directory, { recursive: true });
});

test('a SELECT that fails after streaming rows does not change the next result of its connection', async () => {
  await withPool(1, async (sql) => {
    expect(await afterFailureMidway(sql as never)).toEqual([1, 2, 3]);
  });
});

test('without the patch the next result lacks its first rows, so the patch is still needed', async () => {
  const directory = makeRunDirectory('driver');
  const sources = driverWithout(directory, 'connection.js', LINE_AGAINST_HOLES);
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- a driver that this test creates
  const openUnpatched = require(join(sources, 'index.js')) as typeof postgres;
  const sql = openUnpatched(throughServer(new URL(database.url).host, database.url), { max: 1 });
  expect(await afterFailureMidway(sql)).not.toEqual([1, 2, 3]);
  await sql.end();
  rmSync(directory, { recursive: true });
});

test('a transaction whose backend dies during a statement fails, and the pool keeps all its connections', async () => {
  await withPool(2, async (sql) => {
    for (let turn = 0; turn < 3; turn++) {
      const lost = sql.begin(async (tx) => {
        const pid = await pidOf(tx);
        await Promise.all([tx`SELECT pg_sleep(30)`, terminate(pid)]);
      });
      await expect(lost).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
      await expectSound(sql);
    }
  });
});

/** Writes after the backend has died and other statements have made the pool connect again. */
async function writeAfterTheEnd(sql: Database, tx: postgres.ISql): Promise<void> {
  await terminate(await pidOf(tx));
  await sql`SELECT 1`;
  await tx`INSERT INTO written_in_lost_transactions VALUES (1)`;
}

test('a statement that a transaction sends after its backend died fails, and never runs on another connection', async () => {
  await database.sql`CREATE TABLE written_in_lost_transactions (n int)`;
  await withPool(1, async (sql) => {
    // The transaction fails as soon as its connection is lost; this reports what its function does afterwards.
    let afterwards: Promise<void> = Promise.resolve();
    const lost = sql.begin((tx) => {
      afterwards = writeAfterTheEnd(sql, tx);
      return afterwards;
    });
    await expect(lost).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
    await expect(afterwards).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
    await expectSound(sql);
  });
  expect((await database.sql`SELECT FROM written_in_lost_transactions`).count).toBe(0);
});

test('a statement without pipelining has no other statement behind it on its connection while it waits for a row', async () => {
  await database.sql`CREATE TABLE awaited_rows (n int)`;
  await database.sql`INSERT INTO awaited_rows VALUES (1), (2)`;
  const one = await lockRows(database.sql, (tx) => tx`SELECT FROM awaited_rows WHERE n = 1 FOR UPDATE`);
  const two = await lockRows(database.sql, (tx) => tx`SELECT FROM awaited_rows WHERE n = 2 FOR UPDATE`);
  await withPool(2, async (sql) => {
    await expectSound(sql);
    const alone = withoutPipelining(sql`SELECT n FROM awaited_rows WHERE n = 1 FOR UPDATE`).execute();
    await waitUntilBlocked(database.sql, 1);
    const open = sql`SELECT n FROM awaited_rows WHERE n = 2 FOR UPDATE`.execute();
    await waitUntilBlocked(database.sql, 2);
    // No connection is idle, so this one is sent behind one of the two.
    const behind = sql`SELECT 3 AS n`.execute();
    await two.release();
    expect([...(await open), ...(await behind)]).toEqual([{ n: 2 }, { n: 3 }]);
    await one.release();
    expect([...(await alone)]).toEqual([{ n: 1 }]);
    await expectSound(sql);
  });
});

test('a cursor whose backend dies ends with an error, and the pool keeps all its connections', async () => {
  await withPool(2, async (sql) => {
    const lost = sql.begin(async (tx) => {
      const pid = await pidOf(tx);
      for await (const _rows of tx`SELECT n FROM generate_series(1, 1000) AS n`.cursor(10)) await terminate(pid);
    });
    await expect(lost).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
    await expectSound(sql);
  });
});

/** A proxy in front of Postgres. The test can close its connections and change the bytes sent to the server. */
async function withProxy(
  run: (url: string, sockets: ReadonlySet<Socket>) => Promise<void>,
  toServer: (bytes: Buffer) => Buffer = (bytes) => bytes,
): Promise<void> {
  const sockets = new Set<Socket>();
  const proxy = createServer((client) => {
    const server = connect(Number(new URL(database.url).port), '127.0.0.1');
    sockets.add(client);
    client.on('data', (bytes) => server.write(toServer(bytes))).on('error', () => client.destroy());
    server.pipe(client).on('error', () => server.destroy());
    client.on('close', () => sockets.delete(client) && server.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  await run(throughServer(`127.0.0.1:${(proxy.address() as AddressInfo).port}`, database.url), sockets);
  await new Promise<void>((resolve) => proxy.close(() => resolve()));
}

test('a statement uses the connection that was used last, which has the most statements prepared', async () => {
  await withPool(3, async (sql) => {
    await Promise.all([1, 2, 3].map(() => sql`SELECT pg_sleep(0.05)`));
    const pids = [];
    for (let i = 0; i < 4; i++) pids.push(await pidOf(sql), await sql.begin((tx) => pidOf(tx)));
    expect(new Set(pids).size).toBe(1);
  });
});

test('an address with the directory of a Unix socket is reached through the socket', async () => {
  const overTcp = throughServer(new URL(database.url).host, database.url);
  expect(await withPool(1, isOverSocket, overTcp)).toBe(false);
  expect(await withPool(1, isOverSocket)).toBe(sharedServers().postgres_socket_directory !== undefined);
  expect(driverAddress('postgres://u:p@localhost/covenant?host=/run/postgresql&a=b')).toEqual({
    url: 'postgres://u:p@localhost/covenant?a=b',
    path: '/run/postgresql/.s.PGSQL.5432',
  });
  expect(driverAddress('postgres://u@db:6543/covenant?host=/tmp').path).toBe('/tmp/.s.PGSQL.6543');
  expect(driverAddress(overTcp)).toEqual({ url: overTcp });
});

test('connections that the network resets are replaced', async () => {
  await withProxy((url, sockets) =>
    withPool(
      2,
      async (sql) => {
        for (let turn = 0; turn < 3; turn++) {
          const lost = sql.begin(async (tx) => {
            await pidOf(tx);
            const sleeping = tx`SELECT pg_sleep(30)`.execute();
            for (const socket of sockets) socket.resetAndDestroy();
            await sleeping;
          });
          await expect(lost).rejects.toThrow();
          // Statements that are sent before the driver has noticed every reset may fail too.
          await Promise.allSettled([sql`SELECT 1`, sql`SELECT 1`]);
          await expectSound(sql);
        }
      },
      url,
    ),
  );
});

test('a BEGIN that is sent behind a full pipeline still has its connection for itself', async () => {
  await withPool(2, async (sql) => {
    await Promise.all([sql`SELECT pg_sleep(0.1)`, sql`SELECT pg_sleep(0.1)`]);
    // Two connections, each with a running statement and room for one more in its pipeline. A query is sent only when it is
    // awaited, and one with parameters is not pipelined.
    const ahead = Array.from({ length: 2 * PIPELINE_MAX }, (_, n) =>
      sql.unsafe<[{ n: number }]>(`SELECT ${n} AS n`).execute(),
    );
    const begun = [1, 2, 3, 4].map(() => sql.begin((tx) => pidOf(tx)));
    const answers = await Promise.all(ahead);
    expect(answers.map(([row]) => row.n)).toEqual(ahead.map((_, n) => n));
    for (const pid of await Promise.all(begun)) expect(pid).toBeGreaterThan(0);
    await expectSound(sql);
  });
});

describe('a prepared statement that is outdated', () => {
  /** Creates a table with one row, and a statement that becomes outdated when the table gets another column. */
  async function withOutdated(max: number, run: (sql: Database, table: OutdatedTable) => Promise<void>): Promise<void> {
    const name = `outdated_${++tables}`;
    await database.sql.unsafe(`CREATE TABLE ${name} (id int PRIMARY KEY, data jsonb); INSERT INTO ${name} VALUES (1)`);
    const read = (sql: postgres.ISql) => sql<{ id: number }[]>`SELECT * FROM ${sql(name)} WHERE id = ${1}`;
    const insert = (sql: postgres.ISql, id: number, data: postgres.JSONValue = null) =>
      sql<{ id: number }[]>`INSERT INTO ${sql(name)} VALUES (${id}, ${sql.json(data)}) RETURNING *`;
    const rows = () => database.sql.unsafe<{ id: number; data: unknown }[]>(`SELECT id, data FROM ${name} ORDER BY id`);
    await withPool(max, async (sql) => {
      // Every connection of the pool prepares both.
      await Promise.all(
        Array.from({ length: max }, (_, n) =>
          sql.begin(async (tx) => {
            await read(tx);
            await insert(tx, 100 + n);
            await bothBegun(max);
          }),
        ),
      );
      await database.sql.unsafe(`DELETE FROM ${name} WHERE id >= 100; ALTER TABLE ${name} ADD COLUMN more int`);
      await run(sql, { read, insert, rows });
      await expectSound(sql);
    });
  }

  interface OutdatedTable {
    read(sql: postgres.ISql): postgres.PendingQuery<{ id: number }[]>;
    insert(sql: postgres.ISql, id: number, data?: postgres.JSONValue): postgres.PendingQuery<{ id: number }[]>;
    rows(): PromiseLike<{ id: number; data: unknown }[]>;
  }

  let tables = 0;
  /** Resolves for all callers when so many have called it, so that each holds a separate connection. */
  let arrived: (() => void)[] = [];
  function bothBegun(count: number): Promise<void> {
    return new Promise((resolve) => {
      arrived.push(resolve);
      if (arrived.length < count) return;
      for (const go of arrived) go();
      arrived = [];
    });
  }

  /** Transactions as the driver runs them, without a repetition. */
  const once = (sql: Database, run: (tx: postgres.ISql) => Promise<unknown>) => {
    let runs = 0;
    return sql.begin(async (tx) => {
      if (++runs > 1) throw new Error('run again');
      return run(tx);
    });
  };

  test('is not repeated inside its transaction, even when many statements are pipelined', async () => {
    await withOutdated(1, async (sql, { read, rows }) => {
      const seen: unknown[] = [];
      const failed = once(sql, (tx) => {
        const sent = [read(tx), tx`SELECT 2 AS two`, tx`SELECT 3 AS three`];
        for (const statement of sent) statement.catch((error: { code?: unknown }) => seen.push(error.code));
        return Promise.all(sent);
      });
      await expect(failed).rejects.toThrow('run again');
      expect(seen).toEqual(['0A000', '25P02', '25P02']);
      expect(await rows()).toHaveLength(1);
    });
  });

  test('makes its transaction run again as a whole, on any connection', async () => {
    await withOutdated(3, async (sql, { read, insert, rows }) => {
      const runs: number[] = [];
      await Promise.all(
        [2, 3, 4].map((id) =>
          sql.begin(async (tx) => {
            runs.push(id);
            await insert(tx, 10 + id, { id });
            return Promise.all([read(tx), insert(tx, id, { id }), tx`SELECT 2 AS two`]);
          }),
        ),
      );
      expect(runs.length).toBeGreaterThan(3);
      expect((await rows()).map(({ id }) => id)).toEqual([1, 2, 3, 4, 12, 13, 14]);
      const open = await database.sql`
        SELECT FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'`;
      expect(open).toHaveLength(0);
    });
  });

  test('fails only its savepoint, and the transaction continues', async () => {
    await withOutdated(1, async (sql, { read, rows, insert }) => {
      await sql.begin(async (tx) => {
        await expect(tx.savepoint(async (sp) => read(sp))).rejects.toMatchObject({ code: '0A000' });
        await insert(tx, 2);
      });
      expect((await rows()).map(({ id }) => id)).toEqual([1, 2]);
    });
  });

  test('is not repeated on a reserved connection', async () => {
    await withOutdated(1, async (sql, { read }) => {
      const reserved = await sql.reserve();
      await expect(read(reserved)).rejects.toMatchObject({ code: '0A000' });
      expect(await read(reserved)).toHaveLength(1);
      reserved.release();
    });
  });

  test('is repeated outside a transaction with the same values', async () => {
    await withOutdated(1, async (sql, { insert, rows }) => {
      await insert(sql, 2, { features: { seats: 5 } });
      expect((await rows()).at(-1)).toEqual({ id: 2, data: { features: { seats: 5 } } });
    });
  });

  test('is repeated before or after a transaction that begins behind it on its connection, and never inside', async () => {
    await withOutdated(1, async (sql, { insert, rows }) => {
      // One connection: BEGIN is sent behind the statement that will fail.
      const inserted = insert(sql, 2).execute();
      const rolled_back = sql.begin(async (tx) => {
        await insert(tx, 3);
        throw new Error('rolled back');
      });
      const [first, second] = await Promise.allSettled([inserted, rolled_back]);
      expect(first).toMatchObject({ status: 'fulfilled', value: [{ id: 2 }] });
      expect(second).toMatchObject({ status: 'rejected', reason: { message: 'rolled back' } });
      expect((await rows()).map(({ id }) => id)).toEqual([1, 2]);
    });
  });

  test('gets its own rows when it is repeated between other statements', async () => {
    await withOutdated(1, async (sql, { read }) => {
      const others = async (): Promise<unknown[]> => {
        const answers = [];
        for (let n = 0; n < 20; n++) answers.push((await sql<[{ n: number }]>`SELECT ${n}::int AS n`)[0].n);
        return answers;
      };
      const [row, ...rest] = await Promise.all([read(sql), others(), others(), others()]);
      expect(row).toMatchObject([{ id: 1 }]);
      for (const answers of rest) expect(answers).toEqual(Array.from({ length: 20 }, (_, n) => n));
    });
  });
});

describe('the end of a transaction', () => {
  const count = async (): Promise<number> => (await database.sql`SELECT FROM written_at_the_end`).count;
  beforeEach(() => database.sql`CREATE TABLE IF NOT EXISTS written_at_the_end (n int)`.then(() => undefined));
  afterEach(() => database.sql`TRUNCATE written_at_the_end`.then(() => undefined));

  test('a COMMIT that Postgres answers with ROLLBACK is a failure', async () => {
    const toServer = (bytes: Buffer) => Buffer.from(bytes.toString('latin1').replace('commit', 'abort '), 'latin1');
    const run = (url: string) =>
      withPool(
        2,
        async (sql) => {
          let runs = 0;
          const rolled_back = sql.begin((tx) => {
            runs++;
            return tx`INSERT INTO written_at_the_end VALUES (1)`;
          });
          await expect(rolled_back).rejects.toMatchObject({ code: 'TRANSACTION_ROLLED_BACK' });
          expect(runs).toBe(2);
        },
        url,
      );
    await withProxy(run, toServer);
    expect(await count()).toBe(0);
  });

  test('a transaction commits although the server lost its prepared statements', async () => {
    await withPool(1, async (sql) => {
      const write = (tx: postgres.ISql) => tx`INSERT INTO written_at_the_end VALUES (1)`;
      await sql.begin(write);
      await sql.begin(async (tx) => {
        await write(tx);
        await tx.unsafe('DEALLOCATE ALL');
      });
      expect(await count()).toBe(2);
      // The server no longer knows any statement, so the transaction fails and is run again.
      await sql.begin(write);
      expect(await count()).toBe(3);
      await expectSound(sql);
    });
  });

  test('a statement that is sent after the end of its transaction fails, even if another one has the connection', async () => {
    await withPool(1, async (sql) => {
      let late: Promise<unknown> = Promise.resolve();
      const failed = sql.begin((tx) => {
        late = tx`SELECT pg_sleep(0)`
          .then(() => sql`SELECT 1`)
          .then(() => tx`INSERT INTO written_at_the_end VALUES (1)`);
        return Promise.reject(new Error('given up'));
      });
      await expect(failed).rejects.toThrow('given up');
      await expect(late).rejects.toMatchObject({ code: 'TRANSACTION_ENDED' });
      await expectSound(sql);
    });
    expect(await count()).toBe(0);
  });

  test('a transaction that its own function ended sends no further statement', async () => {
    await withPool(1, async (sql) => {
      const ended = sql.begin(async (tx) => {
        await tx.unsafe('ROLLBACK');
        await tx`INSERT INTO written_at_the_end VALUES (1)`;
      });
      await expect(ended).rejects.toMatchObject({ code: 'TRANSACTION_ENDED' });
      await expectSound(sql);
    });
    expect(await count()).toBe(0);
  });

  test.each(['40001', '40P01', '26000'])(
    'a transaction that fails with %s is run again once, and not twice',
    async (code) => {
      await withPool(1, async (sql) => {
        let runs = 0;
        const fail = (tx: postgres.ISql) =>
          tx.unsafe(`DO $$ BEGIN RAISE EXCEPTION 'for the test' USING ERRCODE = '${code}'; END $$`);
        const write = async (tx: postgres.ISql, failures: number): Promise<void> => {
          await tx`INSERT INTO written_at_the_end VALUES (1)`;
          if (++runs <= failures) await fail(tx);
        };
        await sql.begin((tx) => write(tx, 1));
        expect([runs, await count()]).toEqual([2, 1]);
        runs = 0;
        await expect(sql.begin((tx) => write(tx, 2))).rejects.toMatchObject({ code });
        expect([runs, await count()]).toEqual([2, 1]);
      });
    },
  );
});
