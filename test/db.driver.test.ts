/**
 * The Postgres driver after our patch (`patches/`): what fails on a connection stays with what failed.
 */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { dirname, join } from 'node:path';
import type postgres from 'postgres';
import { assertDriverPatched, openDatabase } from '../db/index';
import type { Database } from '../db/index';
import { createTestDatabase, type TestDatabase } from './harness/database';
import { makeRunDirectory } from './harness/run-directory';

/** The line of the patch against holes in results. */
const LINE_AGAINST_HOLES = /\n *rows = 0 \/\/ a SELECT that failed [^\n]*/;
/** Statements that the driver sends ahead on one connection, by default. */
const PIPELINE_MAX = 100;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** Runs with a pool of its own, which is small enough that every connection is used again. */
async function withPool<T>(max: number, run: (sql: Database) => Promise<T>, url = database.url): Promise<T> {
  const sql = openDatabase(url, { max, application_name: 'covenant-test-driver' });
  try {
    return await run(sql);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** A SELECT that fails at its fourth row, then a sound one; answers what the sound one gave. */
async function afterFailureMidway(sql: postgres.Sql): Promise<unknown[]> {
  await expect(sql`SELECT 1 / (4 - n) FROM generate_series(1, 9) AS n`).rejects.toThrow('division by zero');
  return [...(await sql<{ n: number }[]>`SELECT n FROM generate_series(1, 3) AS n`)].map((row) => row?.n);
}

async function pidOf(tx: postgres.ISql): Promise<number> {
  const [row] = await tx<[{ pid: number }]>`SELECT pg_backend_pid() AS pid`;
  return row.pid;
}

async function terminate(pid: number): Promise<void> {
  await database.sql`SELECT pg_terminate_backend(${pid}, 5000)`;
}

/** The pool still serves as many statements at once as it has connections, each with its own answer. */
async function expectSound(sql: Database): Promise<void> {
  const numbers = Array.from({ length: 12 }, (_, n) => n);
  const answers = await Promise.all(numbers.map((n) => sql<[{ n: number }]>`SELECT ${n}::int AS n`));
  expect(answers.map(([row]) => row.n)).toEqual(numbers);
  expect(await sql.begin((tx) => pidOf(tx))).toBeGreaterThan(0);
}

test('the driver is patched', () => {
  expect(assertDriverPatched).not.toThrow();
});

test('a SELECT that fails after streaming rows leaves the next result of its connection whole', async () => {
  await withPool(1, async (sql) => {
    expect(await afterFailureMidway(sql as never)).toEqual([1, 2, 3]);
  });
});

test('without the patch the next result has holes in front, so the patch is still needed', async () => {
  const directory = makeRunDirectory('driver');
  const unpatched = join(directory, 'postgres');
  cpSync(join(dirname(require.resolve('postgres')), '..', '..'), unpatched, { recursive: true });
  const file = join(unpatched, 'cjs', 'src', 'connection.js');
  const source = readFileSync(file, 'utf8');
  expect(source).toMatch(LINE_AGAINST_HOLES);
  writeFileSync(file, source.replace(LINE_AGAINST_HOLES, ''));

  // eslint-disable-next-line @typescript-eslint/no-require-imports -- a driver that is made in this test
  const openUnpatched = require(join(unpatched, 'cjs', 'src', 'index.js')) as typeof postgres;
  const sql = openUnpatched(database.url, { max: 1 });
  expect(await afterFailureMidway(sql)).not.toEqual([1, 2, 3]);
  await sql.end();
  rmSync(directory, { recursive: true });
});

test('a transaction whose backend dies during a statement fails, and the pool goes on whole', async () => {
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

/** Writes when the backend has died and others have had the connection made anew. */
async function writeAfterTheEnd(sql: Database, tx: postgres.ISql): Promise<void> {
  await terminate(await pidOf(tx));
  await sql`SELECT 1`;
  await tx`INSERT INTO written_in_lost_transactions VALUES (1)`;
}

test('what a transaction sends after its backend died is refused, and never runs on another connection', async () => {
  await database.sql`CREATE TABLE written_in_lost_transactions (n int)`;
  await withPool(1, async (sql) => {
    // The transaction is given up as soon as its connection is; what its function does afterwards is heard here.
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

test('a cursor whose backend dies ends with an error, and the pool goes on whole', async () => {
  await withPool(2, async (sql) => {
    const lost = sql.begin(async (tx) => {
      const pid = await pidOf(tx);
      for await (const _rows of tx`SELECT n FROM generate_series(1, 1000) AS n`.cursor(10)) await terminate(pid);
    });
    await expect(lost).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
    await expectSound(sql);
  });
});

test('connections that the network resets are made anew', async () => {
  const sockets = new Set<Socket>();
  const proxy = createServer((client) => {
    const server = connect(Number(new URL(database.url).port), '127.0.0.1');
    sockets.add(client);
    client.pipe(server).on('error', () => client.destroy());
    server.pipe(client).on('error', () => server.destroy());
    client.on('close', () => sockets.delete(client) && server.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const url = new URL(database.url);
  url.port = String((proxy.address() as AddressInfo).port);

  await withPool(
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
        // Those that are sent before the driver has heard of every reset may fail with them.
        await Promise.allSettled([sql`SELECT 1`, sql`SELECT 1`]);
        await expectSound(sql);
      }
    },
    url.href,
  );
  await new Promise<void>((resolve) => proxy.close(() => resolve()));
});

test('a BEGIN that meets a full pipeline still has its connection for itself', async () => {
  await withPool(2, async (sql) => {
    await Promise.all([sql`SELECT pg_sleep(0.1)`, sql`SELECT pg_sleep(0.1)`]);
    // Two connections, each with one statement at work and a pipeline that lacks one. A query waits to be asked for, and
    // one with parameters is not sent ahead.
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
