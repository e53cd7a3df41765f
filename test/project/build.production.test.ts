/**
 * The production build: `npm run build`, then the programs of `npm start` and `npm run start:worker`, with real
 * servers.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes, randomFillSync } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { scripts } from '../../package.json';
import { ensureSuperAdmin } from '../../transactions/access/admin';
import { newApiKey } from '../../domain/access/api-key';
import { startManagedProcess } from '../../dev/managed-process';
import type { ManagedProcess } from '../../dev/managed-process';
import { reservePort } from '../../dev/ports';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { makeRunDirectory } from '../harness/run-directory';
import { sharedServers } from '../harness/shared-servers';
import { waitFor } from '../harness/stack';
import { randomTestPort } from '../harness/test-ports';

const ROOT = join(__dirname, '..', '..');
const DIST = join(ROOT, 'dist');
const BUILD_TIMEOUT_MS = 180_000;
const START_TIMEOUT_MS = 60_000;
const GRACE_MS = 10_000;
const LICENSES = 500;

let database: TestDatabase;
let directory: string;
let api_url: string;
let worker_url: string;
let workerLog: string;
const processes: ManagedProcess[] = [];
const pepper = randomBytes(32).toString('hex');
const key = newApiKey('admin', randomFillSync);

beforeAll(async () => {
  // Types are not checked here, because `npm run check` does so. It would take ten seconds.
  execFileSync('npm', ['run', 'build', '--', '--unchecked'], { cwd: ROOT, stdio: 'pipe' });
  directory = makeRunDirectory('build');
  database = await createTestDatabase();
  await ensureSuperAdmin(database.sql, {
    email: 'build@covenant.test',
    name: 'Build',
    key: key.text,
    pepper,
    now: new Date().toISOString(),
  });

  const ports = [await reservePort(randomTestPort()), await reservePort(randomTestPort())];
  const [port, healthPort] = ports.map((held) => String(held.port));
  await Promise.all(ports.map((held) => held.release()));
  api_url = `http://127.0.0.1:${port}`;
  worker_url = `http://127.0.0.1:${healthPort}`;
  workerLog = join(directory, 'worker.log');
  const env = {
    PATH: process.env['PATH'],
    NODE_ENV: 'production',
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: sharedServers().temporal_address,
    TEMPORAL_TASK_QUEUE_PREFIX: `build-${randomBytes(8).toString('hex')}`,
    COVENANT_KEY_PEPPER: pepper,
    PORT: port,
    WORKER_HEALTH_PORT: healthPort,
  };
  const start = async (name: string, file: string, logFile: string): Promise<void> => {
    const spec = {
      name,
      command: process.execPath,
      args: [file],
      cwd: ROOT,
      env,
      logFile,
      stopSignal: 'SIGTERM' as const,
      graceMs: GRACE_MS,
    };
    processes.push(await startManagedProcess(spec));
  };
  await start('api', 'dist/api/main.js', join(directory, 'api.log'));
  await start('worker', 'dist/worker.js', workerLog);
  for (const url of [api_url, worker_url]) {
    await waitFor(async () => (await fetch(`${url}/readyz`)).ok, {
      timeout_ms: START_TIMEOUT_MS,
      what: `${url}/readyz`,
    });
  }
}, BUILD_TIMEOUT_MS);

afterAll(async () => {
  await Promise.all(processes.map((running) => running.stop()));
  await database.drop();
  rmSync(directory, { recursive: true, force: true });
}, BUILD_TIMEOUT_MS);

async function call(method: string, path: string, body?: unknown): Promise<any> {
  const response = await fetch(`${api_url}/api/v1${path}`, {
    method,
    headers: { Authorization: `Bearer ${key.text}`, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return response.json();
}

test('npm start and npm run start:worker run the programs that this test starts', () => {
  expect(scripts.start).toBe('node dist/api/main.js');
  expect(scripts['start:worker']).toBe('node dist/worker.js');
});

test('the build contains what the processes need, and nothing of tests or development', () => {
  for (const file of [
    'api/main.js',
    'worker.js',
    'cli/main.js',
    'workflow-bundle.js',
    'openapi.json',
    'db/migrations',
  ]) {
    expect([file, existsSync(join(DIST, file))]).toEqual([file, true]);
  }
  for (const file of ['test', 'dev', 'demo', 'project', 'bench'])
    expect([file, existsSync(join(DIST, file))]).toEqual([file, false]);
});

test('a background job generates all its licenses', async () => {
  const product = await call('POST', '/products', { name: 'Product', code: 'BUILD', environment: 'production' });
  const generator = await call('POST', '/generators', {
    name: 'Generator',
    product_id: product.id,
    format: { groups: 4, group_length: 5 },
  });
  const contract = await call('POST', '/contracts', {
    name: 'Built',
    type: 'standard',
    status: 'inactive',
    product_id: product.id,
    generator_id: generator.id,
    quota: LICENSES,
  });
  expect((await call('POST', `/contracts/${contract.id}/activate`)).state).toBe('ACTIVE');
  const { job_id } = await call('POST', `/contracts/${contract.id}/generate`, { count: LICENSES });
  const job = await waitFor(
    async () => {
      const seen = await call('GET', `/jobs/${job_id}`);
      return seen.finished_at === null ? false : seen;
    },
    { timeout_ms: START_TIMEOUT_MS, what: 'the job to finish' },
  );
  expect(job).toMatchObject({ state: 'SUCCEEDED', completed: LICENSES });
  const [row] = await database.sql`SELECT count(*)::int FROM issued_licenses WHERE job_id = ${job_id}`;
  expect(row?.['count']).toBe(LICENSES);
});

test('the worker used the prebuilt bundle and created none', () => {
  expect(readFileSync(workerLog, 'utf8')).not.toMatch(/bundle created/i);
});

test('the page and the document of the interface are served', async () => {
  for (const file of ['', '/', '/page.css', '/page.js', '/icon.svg', '/api-reference.js', '/openapi.json'])
    expect([file, (await fetch(`${api_url}/docs${file}`)).status]).toEqual([file, 200]);
  expect(((await (await fetch(`${api_url}/openapi.json`)).json()) as { openapi: string }).openapi).toBe('3.1.0');
});

test('both processes exit after the stop signal', async () => {
  for (const running of processes) {
    running.kill('SIGTERM');
    expect(await running.exited).toMatchObject({ code: 0 });
  }
});
