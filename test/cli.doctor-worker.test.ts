/**
 * What the doctor says of a worker: a process of its own in a namespace of its own, beside which the doctor runs as operators
 * run it.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { holdPort } from '../dev/ports';
import { covenantCommand, findingsOf } from './harness/covenant-command';
import type { DoctorFinding } from './harness/covenant-command';
import { createTestDatabase } from './harness/database';
import type { TestDatabase } from './harness/database';
import { wrongClock } from './harness/skewed-process';
import { waitFor } from './harness/stack';
import { connectTestTemporal, makeNamespace, workflowBundle } from './harness/temporal';
import type { TestTemporal } from './harness/temporal';
import { randomTestPort } from './harness/test-ports';

const PROJECT = join(__dirname, '..');
const MINUTE_MS = 60_000;
const START_TIMEOUT_MS = 60_000;
/** Two starts of a process and the longest wait of the doctor. */
jest.setTimeout(120_000);

let database: TestDatabase;
let temporal: TestTemporal;
let settings: Record<string, string>;
let worker: ChildProcess;

beforeAll(async () => {
  [database, temporal] = await Promise.all([createTestDatabase(), connectTestTemporal()]);
  const health = await holdPort(randomTestPort());
  await health.release();
  settings = {
    DATABASE_URL: database.url,
    COVENANT_KEY_PEPPER: 'a pepper for the tests of the doctor and its worker',
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: await makeNamespace(temporal),
    WORKER_HEALTH_PORT: String(health.port),
    WORKFLOW_BUNDLE: workflowBundle(),
    COVENANT_PUBLIC_URL: 'http://127.0.0.1:9',
    LOG_LEVEL: 'silent',
  };
  worker = fork('worker.ts', {
    cwd: PROJECT,
    execArgv: ['--import', 'tsx'],
    env: { PATH: process.env['PATH'], ...settings },
  });
  const url = `http://127.0.0.1:${health.port}/readyz`;
  await waitFor(async () => (await fetch(url)).ok, { timeout_ms: START_TIMEOUT_MS, what: url });
});
afterAll(async () => {
  worker.kill('SIGKILL');
  if (worker.exitCode === null && worker.signalCode === null) await once(worker, 'exit');
  await Promise.all([database.drop(), temporal.close()]);
});

/** The doctor's findings about workers and the sweep. */
async function workerFindings(more: Record<string, string> = {}): Promise<DoctorFinding[]> {
  const findings = findingsOf(await covenantCommand(['doctor', '--json'], { ...settings, ...more }));
  return [...findings.values()].filter(({ check }) => check.startsWith('worker') || check === 'sweep');
}

test.each([10 * MINUTE_MS, -10 * MINUTE_MS])(
  'a doctor whose clock is wrong by %i ms finds workers and the sweep in time',
  async (skew_ms) => {
    const findings = await workerFindings(wrongClock(skew_ms));
    expect(findings.length).toBeGreaterThan(5);
    for (const finding of findings) {
      expect(finding).toMatchObject({ verdict: expect.not.stringMatching('wrong') as string });
      expect(finding.detail).not.toMatch(/\d{3,} s/);
    }
  },
);
