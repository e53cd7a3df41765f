/**
 * The embedded Postgres starts in any state that an earlier run left, and loses no committed data.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import postgres from 'postgres';
import { reservePort } from '../../dev/ports';
import { createDatabaseIfMissing, planPostgres, type PostgresPlan } from '../../dev/postgres';
import { identifyProcess, isRunning } from '../../dev/process-identity';
import { supervise, type SupervisedServer } from '../../dev/supervisor';
import { waitFor } from '../../dev/waiting';
import { startManagedProcess } from '../../dev/managed-process';
import { makeRunDirectory } from '../harness/run-directory';
import { randomTestPort } from '../harness/test-ports';

jest.setTimeout(60_000);

let parent: string;
let cluster: string;
beforeEach(() => {
  parent = makeRunDirectory('postgres');
  cluster = join(parent, 'postgres');
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

async function plan(): Promise<PostgresPlan> {
  const reserved = await reservePort(randomTestPort());
  await reserved.release();
  return await planPostgres({
    directory: cluster,
    port: reserved.port,
    password: 'secret',
    logFile: join(parent, 'postgres.log'),
  });
}

async function start(planned: PostgresPlan): Promise<SupervisedServer> {
  const server = supervise(planned, { restart: true });
  await server.start();
  return server;
}

async function query<T>(planned: PostgresPlan, run: (sql: postgres.Sql) => PromiseLike<T>): Promise<T> {
  const sql = postgres(planned.urlOf('postgres'), { max: 1, onnotice: () => undefined });
  try {
    return await run(sql);
  } finally {
    await sql.end();
  }
}

test('a Postgres killed with -9 is restarted with all committed data', async () => {
  const planned = await plan();
  const server = await start(planned);
  await query(planned, (sql) => sql`CREATE TABLE stored AS SELECT generate_series(1, 1000) AS n`);
  const killed = server.current;
  killed?.kill('SIGKILL');
  await killed?.exited;
  await server.ready();
  const [row] = await query(planned, (sql) => sql`SELECT count(*)::int AS n FROM stored`);
  expect(row?.['n']).toBe(1000);
  await server.stop();
});

test('a Postgres that still runs after its stack ended is stopped before the next one starts', async () => {
  const planned = await plan();
  const orphan = await startManagedProcess(planned.spec);
  const pidFile = join(cluster, 'postmaster.pid');
  await waitFor(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8').includes('ready'), {
    timeout_ms: 30_000,
    what: 'the orphaned Postgres to be ready',
  });
  const next = supervise(planned, { restart: true });
  await next.start();
  expect(isRunning(orphan.identity)).toBe(false);
  expect(next.current?.pid).not.toBe(orphan.pid);
  await next.stop();
});

test('a pid file that names another running process neither prevents the start nor ends that process', async () => {
  const planned = await plan();
  await (await start(planned)).stop();
  writeFileSync(join(cluster, 'postmaster.pid'), `${process.pid}\n${cluster}\n`);
  const server = await start(planned);
  expect(identifyProcess(process.pid)).toBeDefined();
  expect(Number(readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n')[0])).toBe(server.current?.pid);
  await server.stop();
});

test('an incomplete cluster is created again', async () => {
  mkdirSync(`${cluster}.incomplete`);
  writeFileSync(join(`${cluster}.incomplete`, 'PG_VERSION'), '18');
  mkdirSync(cluster);
  const planned = await plan();
  const server = await start(planned);
  expect(existsSync(`${cluster}.incomplete`)).toBe(false);
  await server.stop();
});

test('a database is created once, and requires the password', async () => {
  const planned = await plan();
  const server = await start(planned);
  await createDatabaseIfMissing(planned.urlOf('postgres'), 'covenant');
  await createDatabaseIfMissing(planned.urlOf('postgres'), 'covenant');
  const intruder = postgres(planned.urlOf('covenant').replace('secret', 'guess'), { max: 1 });
  await expect(intruder`SELECT 1`).rejects.toThrow('password authentication failed');
  await intruder.end();
  await server.stop();
});
