/**
 * PgBouncer in front of Postgres: accepted when each connection has its own session, otherwise refused with an error
 * that names the reason. Poolers in general are tested with a small test pooler (`test/base/db.pooler.test.ts`).
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '../../db/base/database';
import type { Database } from '../../db/base/database';
import { assertOwnSessions, assertStillOwnSessions } from '../../db/base/pooler';
import { reservePort } from '../../dev/ports';
import { waitFor } from '../../dev/waiting';
import { startTestApi } from '../harness/api';
import { createTestDatabase, throughServer } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { describeWithTool, startTool } from '../harness/external-tool';
import type { ToolProcess } from '../harness/external-tool';
import { makeRunDirectory } from '../harness/run-directory';
import { sharedServers } from '../harness/shared-servers';
import { randomTestPort } from '../harness/test-ports';

const START_TIMEOUT_MS = 20_000;
jest.setTimeout(60_000);

describeWithTool('pgbouncer', (path) => {
  let directory: string;
  let database: TestDatabase;
  let bouncer: ToolProcess | undefined;
  let db: Database | undefined;

  beforeAll(async () => {
    directory = makeRunDirectory('pgbouncer');
    database = await createTestDatabase();
  });
  afterEach(async () => {
    await db?.end({ timeout: 0 });
    await bouncer?.stop();
    db = bouncer = undefined;
  });
  afterAll(async () => {
    await database.drop();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Starts PgBouncer in front of the shared Postgres and returns host and port. */
  async function start(settings: Record<string, string>): Promise<string> {
    const { hostname, port, username, password } = new URL(sharedServers().postgres_url);
    const held = await reservePort(randomTestPort());
    await held.release();
    const users = join(directory, 'users.txt');
    const file = join(directory, 'pgbouncer.ini');
    writeFileSync(users, `"${username}" "${decodeURIComponent(password)}"\n`);
    const all = { listen_addr: '127.0.0.1', listen_port: String(held.port), auth_type: 'trust', auth_file: users };
    const lines = Object.entries({ ...all, unix_socket_dir: '', ...settings }).map(
      ([name, value]) => `${name} = ${value}`,
    );
    writeFileSync(file, `[databases]\n* = host=${hostname} port=${port}\n[pgbouncer]\n${lines.join('\n')}\n`);
    // PgBouncer refuses to run as root.
    bouncer = startTool(path, [...(process.getuid?.() === 0 ? ['-u', 'postgres'] : []), file]);
    const started = bouncer;
    await waitFor(() => Promise.resolve(started.output().includes('process up') || undefined), {
      timeout_ms: START_TIMEOUT_MS,
      what: `PgBouncer to start; it said: ${started.output()}`,
    });
    return `127.0.0.1:${held.port}`;
  }

  async function openThrough(settings: Record<string, string>): Promise<Database> {
    const url = throughServer(await start(settings), database.url);
    return (db = openDatabase(url, { max: 2, application_name: 'covenant-test-pgbouncer' }));
  }

  /** The startup parameters of a pool's connections, except the application name, which PgBouncer forwards. */
  function startupParameters({ options }: Database): [name: string, value: unknown][] {
    return Object.entries(options.connection).filter(([name]) => name !== 'application_name');
  }

  /** The PgBouncer setting that accepts these connections. */
  function ignoring(pool: Database): Record<string, string> {
    return {
      ignore_startup_parameters: startupParameters(pool)
        .map(([name]) => name)
        .join(','),
    };
  }

  test('with default settings PgBouncer refuses the startup parameters, and the error names the parameter', async () => {
    const opened = await openThrough({ pool_mode: 'session' });
    await expect(assertOwnSessions(opened)).rejects.toThrow(
      /^A pooler before Postgres refuses the startup parameter \w+\. Let DATABASE_URL/,
    );
  });

  test('the error names a parameter that PgBouncer ignores and the database does not set', async () => {
    const opened = await openThrough({ pool_mode: 'session', ...ignoring(database.sql) });
    await expect(assertOwnSessions(opened)).rejects.toThrow(
      /^A pooler before Postgres drops what connections begin with: /,
    );
  });

  test('transaction mode is refused with an error that names it', async () => {
    const opened = await openThrough({ pool_mode: 'transaction', ...ignoring(database.sql) });
    await expect(assertOwnSessions(opened)).rejects.toThrow(
      /^Postgres is reached through a pooler in transaction mode: /,
    );
  });

  test('session mode is accepted when the database has the settings, and the API works through it', async () => {
    const address = await start({ pool_mode: 'session', ...ignoring(database.sql) });
    const api = await startTestApi({ databaseUrl: (url) => throughServer(address, url) });
    try {
      const name = new URL(api.database.url).pathname.slice(1);
      for (const [setting, value] of startupParameters(api.api.db).filter(([setting]) => !setting.startsWith('tcp_')))
        await api.sql.unsafe(`ALTER DATABASE ${name} SET ${setting} = '${String(value)}'`);
      await assertOwnSessions(api.api.db);
      await assertStillOwnSessions(api.api.db);
      const product = { name: 'Behind PgBouncer', code: 'BOUNCED', environment: 'staging' };
      expect((await api.call('POST', '/products', { body: product })).status).toBe(201);
    } finally {
      await api.close();
    }
  });
});
