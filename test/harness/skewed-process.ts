/**
 * An API or a worker as a process of its own whose wall clock is wrong, over the servers of a test.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { holdPort } from '../../dev/ports';
import type { TestApi } from './api';
import { sharedServers } from './shared-servers';
import { waitFor } from './stack';
import { NAMESPACE } from './temporal';
import { randomTestPort } from './test-ports';

const PROJECT = join(__dirname, '..', '..');
const SKEWED_CLOCK = join(__dirname, 'skewed-clock.cjs');
const START_TIMEOUT_MS = 60_000;

export interface SkewedProcess {
  /** Where it answers: the interface of the API, the health of the worker. */
  url: string;
  /** Steps the wall clock of the process to the real time plus this. */
  setSkew(skew_ms: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the program from its sources over the database and the task queues of a test's interface, its clock right at first. */
export async function startSkewedProcess(api: TestApi, file: 'api/main.ts' | 'worker.ts'): Promise<SkewedProcess> {
  const ports = [await holdPort(randomTestPort()), await holdPort(randomTestPort())];
  const [port, health_port] = ports.map((held) => String(held.port));
  await Promise.all(ports.map((held) => held.release()));
  const child = fork(file, {
    cwd: PROJECT,
    execArgv: ['--require', SKEWED_CLOCK, '--import', 'tsx'],
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: api.database.url,
      TEMPORAL_ADDRESS: sharedServers().temporal_address,
      TEMPORAL_NAMESPACE: NAMESPACE,
      TEMPORAL_TASK_QUEUE_PREFIX: api.api.taskQueues.contracts.replace(/-contracts$/, ''),
      COVENANT_KEY_PEPPER: api.api.keyPepper,
      PORT: port,
      WORKER_HEALTH_PORT: health_port,
      LOG_LEVEL: 'silent',
    },
  });
  const ended = once(child, 'exit');
  const url = `http://127.0.0.1:${file === 'worker.ts' ? health_port : port}`;
  await waitFor(async () => (await fetch(`${url}/readyz`)).ok, { timeout_ms: START_TIMEOUT_MS, what: `${url}/readyz` });
  return {
    url,
    async setSkew(skew_ms) {
      const answered = once(child, 'message');
      child.send({ skew_ms });
      await answered;
    },
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
