/**
 * The time limits of sessions: work of a process in Postgres ends in time, also when the process hangs or the network is interrupted.
 */
import { isDatabaseUnavailable, isTransient } from '../../db/base/errors';
import { openDatabase } from '../../db/base/database';
import type { Database } from '../../db/base/database';
import { ANSWER_MARGIN_MS, NO_LIMITS, allowStatementTime } from '../../db/base/session';
import type { SessionLimits } from '../../db/base/session';
import { createTestDatabase, throughServer, type TestDatabase } from '../harness/database';
import { startSilentProxy, type SilentProxy } from '../harness/silent-proxy';

const LIMITS: SessionLimits = { statement_ms: 300, idle_in_transaction_ms: 300 };
/** Longer than the limits of Postgres and the driver for a statement. */
const TOO_LONG_S = (LIMITS.statement_ms + ANSWER_MARGIN_MS + 300) / 1000;
const CONNECTIONS = 3;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await database.sql`CREATE TABLE held (id int PRIMARY KEY, n int NOT NULL)`;
  await database.sql`INSERT INTO held VALUES (1, 0)`;
});
afterAll(() => database.drop());

async function withPool<T>(run: (sql: Database) => Promise<T>, url = database.url, limits = LIMITS): Promise<T> {
  const sql = openDatabase(url, { max: CONNECTIONS, application_name: 'covenant-test-session', limits });
  try {
    return await run(sql);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** A pool with open connections that the test can interrupt without a reset. */
async function withLosablePool(run: (sql: Database, proxy: SilentProxy) => Promise<void>): Promise<void> {
  const proxy = await startSilentProxy(new URL(database.url).host);
  try {
    await withPool(
      async (sql) => {
        await expectAnswers(sql);
        await run(sql, proxy);
      },
      throughServer(proxy.address, database.url),
      { ...LIMITS, idle_in_transaction_ms: 0 },
    );
  } finally {
    await proxy.close();
  }
}

/** Checks that the pool answers as many statements at once as it has connections. */
async function expectAnswers(sql: Database): Promise<void> {
  const asked = Array.from(
    { length: CONNECTIONS },
    (_, n) => sql<[{ n: number }]>`SELECT ${n}::int AS n, pg_sleep(0.05)`,
  );
  expect((await Promise.all(asked)).map(([row]) => row.n)).toEqual([0, 1, 2]);
}

test('a session has the limits of its pool, and without limits not even those of its role', async () => {
  const shown = (sql: Database) => sql<{ name: string; setting: string }[]>`
    SELECT name, setting FROM pg_settings WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout') ORDER BY name`;
  await database.sql.unsafe(`ALTER DATABASE ${new URL(database.url).pathname.slice(1)} SET statement_timeout = 1234`);
  const limited = await withPool(shown);
  const unlimited = await withPool(shown, database.url, NO_LIMITS);
  expect(limited.map(({ setting }) => setting)).toEqual(['300', '300']);
  expect(unlimited.map(({ setting }) => setting)).toEqual(['0', '0']);
});

test('an idle transaction loses its session, and its row lock is released', async () => {
  await withPool(async (frozen) => {
    let goOn: () => void = () => undefined;
    const stands_still = new Promise<void>((resolve) => (goOn = resolve));
    let locked: () => void = () => undefined;
    const has_lock = new Promise<void>((resolve) => (locked = resolve));
    const lost = frozen.begin(async (tx) => {
      await tx`UPDATE held SET n = 1 WHERE id = 1`;
      locked();
      await stands_still;
      await tx`UPDATE held SET n = 2 WHERE id = 1`;
    });
    const outcome = lost.catch((error: unknown) => error);
    await has_lock;
    const [row] = await database.sql<[{ n: number }]>`UPDATE held SET n = n + 10 WHERE id = 1 RETURNING n`;
    expect(row.n).toBe(10);
    goOn();
    expect(isDatabaseUnavailable(await outcome)).toBe(true);
    await expectAnswers(frozen);
  });
  expect((await database.sql<[{ n: number }]>`SELECT n FROM held`)[0].n).toBe(10);
});

test('a statement that takes too long is cancelled, and its error is transient', async () => {
  await withPool(async (sql) => {
    const error: unknown = await sql`SELECT pg_sleep(${TOO_LONG_S})`.then(
      () => undefined,
      (failure: unknown) => failure,
    );
    expect(error).toMatchObject({ code: '57014' });
    expect(isTransient(error)).toBe(true);
    await expectAnswers(sql);
  });
});

test('a transaction can give only its own statements more time, in Postgres and in the driver', async () => {
  await withPool(async (sql) => {
    await sql.begin(async (tx) => {
      await allowStatementTime(tx, 10_000);
      await tx`SELECT pg_sleep(${TOO_LONG_S})`;
    });
    await expect(sql`SELECT pg_sleep(${TOO_LONG_S})`).rejects.toMatchObject({ code: '57014' });
  });
});

test('a statement that gets no answer fails, and every connection is replaced before it is needed again', async () => {
  await withLosablePool(async (sql, proxy) => {
    proxy.silenceOpenConnections();
    const error: unknown = await sql`SELECT 1`.catch((failure: unknown) => failure);
    expect(error).toMatchObject({ code: 'CONNECTION_SILENT' });
    expect(isDatabaseUnavailable(error)).toBe(true);
    await expectAnswers(sql);
    expect(proxy.opened()).toBe(2 * CONNECTIONS);
  });
});

test('a transaction whose connection gives no answer fails as a whole and is not run again', async () => {
  await withLosablePool(async (sql, proxy) => {
    let runs = 0;
    const lost = sql.begin(async (tx) => {
      runs += 1;
      await tx`UPDATE held SET n = 99 WHERE id = 1`;
      proxy.silenceOpenConnections();
      await Promise.all([tx`SELECT 1`, tx`SELECT 2`]);
    });
    await expect(lost).rejects.toMatchObject({ code: expect.stringMatching(/^CONNECTION_(SILENT|CLOSED)$/) });
    expect(runs).toBe(1);
    await expectAnswers(sql);
  });
  // The server ends the session that the client cannot end, so its lock is released.
  await database.sql`UPDATE held SET n = 10 WHERE id = 1 AND n = 10`;
  expect((await database.sql<[{ n: number }]>`SELECT n FROM held`)[0].n).toBe(10);
});

test('a process that was blocked for longer than the limit reads the answer that arrived meanwhile', async () => {
  await withPool(async (sql) => {
    const asked = sql<[{ one: number }]>`SELECT 1 AS one, pg_sleep(0.05)`.execute();
    await new Promise((resolve) => setImmediate(resolve));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, TOO_LONG_S * 1000);
    expect((await asked)[0].one).toBe(1);
  });
});

test('a reader that is slow between the batches of a cursor loses no rows', async () => {
  await withPool(async (sql) => {
    let rows = 0;
    await sql.begin(async (tx) => {
      // Only the driver's limit: Postgres counts the whole time of a cursor as one statement.
      await tx.unsafe('SET LOCAL statement_timeout = 0');
      for await (const batch of tx`SELECT n FROM generate_series(1, 30) AS n`.cursor(10)) {
        rows += batch.length;
        if (rows === 10) await database.sql`SELECT pg_sleep(${TOO_LONG_S})`;
      }
    });
    expect(rows).toBe(30);
  });
});

test('a listener receives notifications again after its connection was lost without a reset', async () => {
  await withLosablePool(async (sql, proxy) => {
    const received: string[] = [];
    let onReceived: () => void = () => undefined;
    let listens = 0;
    let onListening: () => void = () => undefined;
    await sql.listen(
      'news',
      (payload) => {
        received.push(payload);
        onReceived();
      },
      () => {
        listens += 1;
        onListening();
      },
    );
    const listening_again = new Promise<void>((resolve) => (onListening = resolve));
    proxy.silenceOpenConnections();
    await expect(sql`SELECT 1`).rejects.toMatchObject({ code: 'CONNECTION_SILENT' });
    await listening_again;
    const notified = new Promise<void>((resolve) => (onReceived = resolve));
    await database.sql`SELECT pg_notify('news', 'after the loss')`;
    await notified;
    expect(received).toEqual(['after the loss']);
    expect(listens).toBe(2);
  });
});
