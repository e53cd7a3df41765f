/**
 * The embedded Postgres starts on whatever an earlier run left, and loses nothing that was committed.
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
  const held = await reservePort(randomTestPort());
  await held.release();
  return await planPostgres({
    directory: cluster,
    port: held.port,
    password: 'secret',
    logFile: join(parent, 'postgres.log'),
  });
}

async function start(planned: PostgresPlan): Promise<SupervisedServer> {
  const server = supervise(planned, { restart: true });
  await server.start();
  return server;
}

async function ask<T>(planned: PostgresPlan, question: (sql: postgres.Sql) => PromiseLike<T>): Promise<T> {
  const sql = postgres(planned.urlOf('postgres'), { max: 1, onnotice: () => undefined });
  try {
    return await question(sql);
  } finally {
    await sql.end();
  }
}

test('a Postgres killed with -9 comes back by itself with everything that was committed', async () => {
  const planned = await plan();
  const server = await start(planned);
  await ask(planned, (sql) => sql`CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n`);
  const killed = server.current;
  killed?.kill('SIGKILL');
  await killed?.exited;
  await server.ready();
  const [row] = await ask(planned, (sql) => sql`SELECT count(*)::int AS n FROM kept`);
  expect(row?.['n']).toBe(1000);
  await server.stop();
});

test('a Postgres that outlived its stack is ended before the next one starts', async () => {
  const planned = await plan();
  const leftover = await startManagedProcess(planned.spec);
  const pidFile = join(cluster, 'postmaster.pid');
  await waitFor(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8').includes('ready'), {
    timeout_ms: 30_000,
    what: 'the leftover to be up',
  });
  const next = supervise(planned, { restart: true });
  await next.start();
  expect(isRunning(leftover.identity)).toBe(false);
  expect(next.current?.pid).not.toBe(leftover.pid);
  await next.stop();
});

test('a pid file that names a living stranger does not stop the start, nor the stranger', async () => {
  const planned = await plan();
  await (await start(planned)).stop();
  writeFileSync(join(cluster, 'postmaster.pid'), `${process.pid}\n${cluster}\n`);
  const server = await start(planned);
  expect(identifyProcess(process.pid)).toBeDefined();
  expect(Number(readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n')[0])).toBe(server.current?.pid);
  await server.stop();
});

test('a half-made cluster is made anew', async () => {
  mkdirSync(`${cluster}.half-made`);
  writeFileSync(join(`${cluster}.half-made`, 'PG_VERSION'), '18');
  mkdirSync(cluster);
  const planned = await plan();
  const server = await start(planned);
  expect(existsSync(`${cluster}.half-made`)).toBe(false);
  await server.stop();
});

test('a database is created once, and only the password opens it', async () => {
  const planned = await plan();
  const server = await start(planned);
  await createDatabaseIfMissing(planned.urlOf('postgres'), 'covenant');
  await createDatabaseIfMissing(planned.urlOf('postgres'), 'covenant');
  const stranger = postgres(planned.urlOf('covenant').replace('secret', 'guess'), { max: 1 });
  await expect(stranger`SELECT 1`).rejects.toThrow('password authentication failed');
  await stranger.end();
  await server.stop();
});
