/**
 * The findings of the doctor about a worker, which is a separate process in its own namespace.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { queueFinding } from '../../cli/doctor-workers';
import type { Finding } from '../../cli/finding';
import type { PolledQueue } from '../../cli/doctor-workers';
import { findInstallationId } from '../../db/system/installation';
import { reservePort } from '../../dev/ports';
import { findQueueHealth, findSweep } from '../../temporal/health';
import { taskQueues } from '../../temporal/task-queues';
import { findWithDoctor, parseFindings, runCovenant } from '../harness/covenant-command';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { freezeServer } from '../harness/frozen-server';
import { RUN_SOURCES } from '../../dev/run-sources';
import { skewedClockEnvironment } from '../harness/skewed-process';
import { waitFor } from '../harness/stack';
import { connectTestTemporal, makeNamespace, workflowBundle } from '../harness/temporal';
import type { TestTemporal } from '../harness/temporal';
import { randomTestPort } from '../harness/test-ports';

const PROJECT = join(__dirname, '..', '..');
const MINUTE_MS = 60_000;
const START_TIMEOUT_MS = 60_000;
/** Two starts of a process and the longest wait of the doctor. */
jest.setTimeout(120_000);

let database: TestDatabase;
let temporal: TestTemporal;
let settings: Record<string, string>;
let worker: ChildProcess;
/** The URL of the health endpoint of the worker. */
let health_url: string;

beforeAll(async () => {
  [database, temporal] = await Promise.all([createTestDatabase(), connectTestTemporal()]);
  const health = await reservePort(randomTestPort());
  await health.release();
  const namespace = await makeNamespace(temporal);
  settings = {
    DATABASE_URL: database.url,
    COVENANT_KEY_PEPPER: 'a pepper for the tests of the doctor and its worker',
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: namespace,
    WORKER_HEALTH_PORT: String(health.port),
    WORKFLOW_BUNDLE: workflowBundle(),
    COVENANT_PUBLIC_URL: 'http://127.0.0.1:9',
    LOG_LEVEL: 'silent',
  };
  worker = fork('worker.ts', {
    cwd: PROJECT,
    execArgv: [...RUN_SOURCES],
    env: { PATH: process.env['PATH'], ...settings },
  });
  health_url = `http://127.0.0.1:${health.port}`;
  const url = `${health_url}/readyz`;
  await waitFor(async () => (await fetch(url)).ok, { timeout_ms: START_TIMEOUT_MS, what: url });
  const client = new Client({ connection: temporal.client.connection, namespace });
  // The first sweep needs every queue of the worker except that of test clocks, which is polled at the same time.
  await waitFor(async () => (await findSweep(client))?.last?.status === 'COMPLETED', {
    timeout_ms: START_TIMEOUT_MS,
    what: 'the first sweep to end',
  });
});
afterAll(async () => {
  worker.kill('SIGKILL');
  if (worker.exitCode === null && worker.signalCode === null) await once(worker, 'exit');
  await Promise.all([database.drop(), temporal.close()]);
});

/** The identity of the worker in Temporal. */
function identity(): string {
  return `${worker.pid}@${hostname()}:${settings['WORKER_HEALTH_PORT']}`;
}

/** The findings of the doctor about workers and the sweep. */
async function workerFindings(more: Record<string, string> = {}): Promise<Finding[]> {
  return aboutWorkers(await findWithDoctor({ ...settings, ...more }));
}

function aboutWorkers(findings: Map<string, Finding>): Finding[] {
  return [...findings.values()].filter(({ check }) => check.startsWith('worker') || check === 'sweep');
}

test.each([10 * MINUTE_MS, -10 * MINUTE_MS])(
  'a doctor whose clock is wrong by %i ms reports workers and the sweep as on time',
  async (skew_ms) => {
    const skewed = { ...settings, ...skewedClockEnvironment(skew_ms) };
    const findings = aboutWorkers(parseFindings(await runCovenant(['doctor', '--json'], skewed)));
    expect(findings.length).toBeGreaterThan(5);
    for (const finding of findings) {
      expect(finding).toMatchObject({ verdict: expect.not.stringMatching('wrong') as string });
      expect(finding.detail).not.toMatch(/\d{3,} s\b/);
    }
  },
);

test('each task queue of a worker is checked', async () => {
  const { contracts, ...others } = taskQueues('covenant');
  const checks = (await workerFindings()).map(({ check }) => check).filter((check) => check.startsWith('worker on'));
  const activity_queues = [contracts, ...Object.values(others).flat()];
  expect(checks.sort()).toEqual(
    [`worker on ${contracts} (workflow)`, ...activity_queues.map((queue) => `worker on ${queue} (activity)`)].sort(),
  );
});

test('a queue without a worker is reported with its waiting tasks', async () => {
  const client = new Client({
    connection: temporal.client.connection,
    namespace: settings['TEMPORAL_NAMESPACE'] as string,
  });
  const { contracts } = taskQueues('without-worker');
  const waiting = await client.workflow.start('sweep', { workflowId: 'waits-for-good', taskQueue: contracts });
  try {
    await waitFor(async () => (await findQueueHealth(client, contracts, 'workflow')).waiting.tasks === 1 || undefined, {
      timeout_ms: START_TIMEOUT_MS,
      what: 'the task to be counted',
    });
    const findings = await workerFindings({ TEMPORAL_TASK_QUEUE_PREFIX: 'without-worker' });
    expect(findings.find(({ check }) => check === `worker on ${contracts} (workflow)`)).toMatchObject({
      verdict: 'wrong',
      detail: expect.stringMatching(/^no worker polls; about 1 task waits, the oldest for \d+ s$/) as string,
    });
  } finally {
    await waiting.terminate('the test is over');
  }
});

test.each([
  [{ tasks: 0, oldest_ms: 0 }, 'ok', 'one poller'],
  [{ tasks: 80, oldest_ms: 9_000 }, 'ok', 'one poller; about 80 tasks wait, the oldest for 9 s'],
  [{ tasks: 80, oldest_ms: 58_000 }, 'warning', 'one poller; about 80 tasks wait, the oldest for 58 s'],
])('a queue with the waiting tasks %j is %s', (waiting, verdict, detail) => {
  const queue: PolledQueue = {
    name: 'covenant-settling',
    kind: 'activity',
    setting: 'WORKER_SETTLING_SLOTS',
    wait_ms_max: 10_000,
    pollers: 1,
    last_poll_at: new Date(),
    identities: ['1@host'],
    waiting,
  };
  const check = 'worker on covenant-settling (activity)';
  const remedy =
    verdict === 'ok'
      ? null
      : 'Start another worker process, or raise WORKER_SETTLING_SLOTS. See docs/operations.md, "Tasks that wait".';
  expect(queueFinding(queue, () => 0)).toEqual({ check, verdict, detail, remedy });
});

test('a worker serves liveness, readiness and metrics like an API, and nothing else', async () => {
  const ask = async (path: string) => {
    const answer = await fetch(health_url + path);
    return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
  };
  expect(await ask('/livez')).toEqual({
    status: 200,
    type: 'application/json; charset=utf-8',
    text: '{"status":"ok"}',
  });
  const ready = await fetch(`${health_url}/readyz`);
  expect([ready.status, ready.headers.get('cache-control')]).toEqual([200, 'no-store']);
  expect(await ready.json()).toMatchObject({ ready: true, checks: { postgres: 'ok', temporal: 'ok', worker: 'ok' } });
  const metrics = await ask('/metrics');
  expect([metrics.status, metrics.type]).toEqual([200, expect.stringMatching(/^text\/plain/)]);
  expect(metrics.text).toMatch(/^process_cpu_user_seconds_total /m);
  expect(await ask('/docs')).toMatchObject({ status: 404, text: '{"status":"not found"}' });
});

test('a worker is ready at its own address, and a query is answered', async () => {
  expect(await workerFindings()).toEqual(
    expect.arrayContaining([
      { check: `worker at ${health_url}`, verdict: 'ok', detail: `${identity()} is ready`, remedy: null },
      { check: 'worker answers', verdict: 'ok', detail: 'a query was answered', remedy: null },
    ]),
  );
});

test('a worker with another database than the doctor is reported with both installations', async () => {
  const other = await createTestDatabase();
  try {
    const [own_id, worker_id] = await Promise.all([findInstallationId(other.sql), findInstallationId(database.sql)]);
    expect(await workerFindings({ DATABASE_URL: other.url })).toContainEqual({
      check: `worker at ${health_url}`,
      verdict: 'wrong',
      detail: `${identity()} polls the task queues of this installation, but uses the database of another one, ${worker_id}; DATABASE_URL belongs to ${own_id}`,
      remedy: expect.stringContaining('Set its DATABASE_URL to this one') as string,
    });
  } finally {
    await other.drop();
  }
});

test('a frozen worker is reported while its polls are still open, by its health and by a query', async () => {
  const thaw = freezeServer(worker.pid as number);
  try {
    const findings = await workerFindings();
    expect(findings).toContainEqual({
      check: `worker at ${health_url}`,
      verdict: 'wrong',
      detail: `${identity()} polls but does not respond within 5 s: it is frozen`,
      remedy: expect.stringContaining('restart it') as string,
    });
    expect(findings.find(({ check }) => check === 'worker answers')).toEqual({
      check: 'worker answers',
      verdict: 'wrong',
      detail: expect.stringMatching(
        `no worker answers a query within 15 s: one may be frozen \\(${identity()}\\)`,
      ) as string,
      remedy: expect.stringContaining('restart it') as string,
    });
    const queues = findings.filter(({ check }) => check.startsWith('worker on'));
    expect(queues.map(({ verdict }) => verdict)).toEqual(queues.map(() => 'ok'));
  } finally {
    thaw();
  }
});
