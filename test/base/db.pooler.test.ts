/**
 * Poolers in front of Postgres: the API, the worker and the doctor refuse a pooler that does not give each connection its own session,
 * in one sentence. The tests use a small pooler of their own, and PgBouncer where it is installed (test/external).
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { openDatabase } from '../../db/base/database';
import type { Database } from '../../db/base/database';
import { UnsuitablePooler, assertOwnSessions, assertStillOwnSessions } from '../../db/base/pooler';
import { startTestApi } from '../harness/api';
import type { TestApi } from '../harness/api';
import { createTestDatabase, throughServer } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { expectRefusal } from '../harness/expect-refusal';
import { sharedServers } from '../harness/shared-servers';
import { RUN_SOURCES } from '../../dev/run-sources';
import { waitFor } from '../../dev/waiting';
import { startTransactionPooler } from '../harness/transaction-pooler';
import type { PoolerOptions, TransactionPooler } from '../harness/transaction-pooler';

const TRANSACTION_MODE =
  /^Postgres is reached through a pooler in transaction mode: .* Let DATABASE_URL lead to Postgres itself/;

jest.setTimeout(60_000);

let database: TestDatabase;
const open: { pooler?: TransactionPooler; db?: Database } = {};

beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  await open.db?.end({ timeout: 0 });
  await open.pooler?.close();
});
afterAll(() => database.drop());

/** The address of the test's database through a pooler. */
async function throughPooler(options: PoolerOptions = {}): Promise<string> {
  open.pooler = await startTransactionPooler(new URL(sharedServers().postgres_url).host, options);
  return throughServer(open.pooler.address, database.url);
}

function openThrough(url: string): Database {
  return (open.db = openDatabase(url, { max: 2, application_name: 'covenant-test-pooler' }));
}

async function run(file: string, args: string[], url: string): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [...RUN_SOURCES, file, ...args], {
    cwd: join(__dirname, '..', '..'),
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: url,
      COVENANT_KEY_PEPPER: 'a pepper for the tests of poolers',
      TEMPORAL_ADDRESS: sharedServers().temporal_address,
      COVENANT_PUBLIC_URL: 'http://127.0.0.1:9',
      PORT: '28497',
      WORKER_HEALTH_PORT: '28498',
      LOG_LEVEL: 'silent',
    },
  });
  let output = '';
  child.stdout.on('data', (text: Buffer) => (output += text.toString()));
  child.stderr.on('data', (text: Buffer) => (output += text.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

test('Postgres itself is no pooler', async () => {
  await assertOwnSessions(database.sql);
  await assertStillOwnSessions(database.sql);
});

test('a pooler in transaction mode is refused for its mode, also when it drops startup parameters', async () => {
  const db = openThrough(await throughPooler({ drops: 'lock_timeout' }));
  await expect(assertOwnSessions(db)).rejects.toThrow(TRANSACTION_MODE);
});

test('a pool in use notices that it now connects through a pooler in transaction mode', async () => {
  const db = openThrough(await throughPooler());
  await expect(assertStillOwnSessions(db)).rejects.toThrow(UnsuitablePooler);
});

test('a pooler in statement mode is refused', async () => {
  const db = openThrough(await throughPooler({ mode: 'statement' }));
  await expect(assertOwnSessions(db)).rejects.toThrow(/^Postgres is reached through a pooler in statement mode/);
});

test('a pooler in session mode is accepted', async () => {
  const db = openThrough(await throughPooler({ mode: 'session' }));
  await assertOwnSessions(db);
  await assertStillOwnSessions(db);
});

test('a startup parameter that a pooler refuses is named', async () => {
  const db = openThrough(await throughPooler({ mode: 'session', refuses: 'lock_timeout' }));
  await expect(assertOwnSessions(db)).rejects.toThrow(
    /^A pooler before Postgres refuses the startup parameter lock_timeout\. Let DATABASE_URL/,
  );
});

test('a startup parameter that a pooler drops is named, unless the session has the setting anyway', async () => {
  const db = openThrough(await throughPooler({ mode: 'session', drops: 'lock_timeout' }));
  await expect(assertOwnSessions(db)).rejects.toThrow(
    /^A pooler before Postgres drops what connections begin with: lock_timeout = 5000\./,
  );
  await database.sql.unsafe(`ALTER DATABASE ${new URL(database.url).pathname.slice(1)} SET lock_timeout = '5s'`);
  await assertOwnSessions(db);
});

test.each([
  ['the API', 'api/main.ts', []],
  ['the worker', 'worker.ts', []],
  ['covenant migrate', 'cli/main.ts', ['migrate']],
])('%s does not start through a pooler in transaction mode, and says why', async (_name, file, args) => {
  const { code, output } = await run(file, args, await throughPooler());
  expect(code).toBe(1);
  expect(output.trim().split('\n')).toEqual([expect.stringMatching(TRANSACTION_MODE)]);
});

test('the doctor names a pooler in transaction mode', async () => {
  const { code, output } = await run('cli/main.ts', ['doctor', '--json'], await throughPooler());
  const { findings } = JSON.parse(output) as { findings: { check: string; verdict: string; detail: string }[] };
  expect(code).toBe(1);
  expect(findings.find(({ check }) => check === 'Postgres')).toMatchObject({
    verdict: 'wrong',
    detail: expect.stringMatching(/^Postgres is reached through a pooler in transaction mode/),
  });
});

test('an API that runs behind such a pooler acknowledges no write and is not ready', async () => {
  const pooler = await startTransactionPooler(new URL(sharedServers().postgres_url).host);
  let api: TestApi | undefined;
  try {
    const { address } = pooler;
    api = await startTestApi({ databaseUrl: (url) => throughServer(address, url) });
    const product = { name: 'Never there', code: 'NEVER', environment: 'staging' };
    expectRefusal(await api.call('POST', '/products', { body: product }), 503, 'DATABASE_UNAVAILABLE');
    expect(await api.sql`SELECT FROM products WHERE code = 'NEVER'`).toHaveLength(0);
    const { call } = api;
    const ready = await waitFor(
      async () => {
        const answer = await call('GET', '//readyz', { key: null });
        expect(answer.status).toBe(503);
        // On a busy machine the sessions are not always checked within the time limit of readiness.
        return /no response within/.test(answer.body.checks.postgres) ? undefined : answer;
      },
      { timeout_ms: 20_000, what: 'the sessions to be checked' },
    );
    expect(ready.body.checks.postgres).toMatch(TRANSACTION_MODE);
  } finally {
    await api?.close();
    await pooler.close();
  }
});
