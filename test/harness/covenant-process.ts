/** The API or the worker as a separate process from its sources, with the database and the task queues of a test's API. */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { reservePort } from '../../dev/ports';
import { RUN_SOURCES } from '../../dev/run-sources';
import type { TestApi } from './api';
import { expectNoApiKey } from './leaked-keys';
import { sharedServers } from './shared-servers';
import { waitFor } from './stack';
import { NAMESPACE } from './temporal';
import { randomTestPort } from './test-ports';

const PROJECT = join(__dirname, '..', '..');
const START_TIMEOUT_MS = 60_000;

export interface CovenantProcess {
  /** The origin of the API, or of the worker's health endpoints. */
  url: string;
  child: ChildProcess;
  /** Kills the process, and throws if its output contains an API key. */
  stop(): Promise<void>;
}

/** Starts a program and resolves when it is ready. `nodeFlags` come before those that run the sources; `env` adds settings. */
export async function startCovenantProcess(
  api: TestApi,
  file: 'api/main.ts' | 'worker.ts',
  { nodeFlags = [], env = {} }: { nodeFlags?: readonly string[]; env?: Record<string, string> } = {},
): Promise<CovenantProcess> {
  const ports = [await reservePort(randomTestPort()), await reservePort(randomTestPort())];
  const [port, health_port] = ports.map((held) => String(held.port));
  await Promise.all(ports.map((held) => held.release()));
  const child = fork(file, {
    cwd: PROJECT,
    execArgv: [...nodeFlags, ...RUN_SOURCES],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: api.database.url,
      TEMPORAL_ADDRESS: sharedServers().temporal_address,
      TEMPORAL_NAMESPACE: NAMESPACE,
      TEMPORAL_TASK_QUEUE_PREFIX: api.api.taskQueues.contracts.replace(/-contracts$/, ''),
      COVENANT_KEY_PEPPER: api.api.keyPepper,
      PORT: port,
      WORKER_HEALTH_PORT: health_port,
      ...env,
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text: Buffer) => (output += text.toString()));
  const ended = once(child, 'close');
  const url = `http://127.0.0.1:${file === 'worker.ts' ? health_port : port}`;
  await waitFor(async () => (await fetch(`${url}/readyz`)).ok, {
    timeout_ms: START_TIMEOUT_MS,
    what: `${url}/readyz`,
    giveUpReason: () => (child.exitCode === null ? undefined : `${file} ended:\n${output}`),
  });
  return {
    url,
    child,
    async stop() {
      child.kill('SIGKILL');
      await ended;
      expectNoApiKey(output, `the output of ${file}`);
    },
  };
}
