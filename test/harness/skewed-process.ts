/**
 * An API or a worker as a separate process with a wrong wall clock, connected to the servers of a test.
 *
 * If libfaketime is installed (Debian's package `faketime`), it shifts the clock for the whole process, including
 * native code. Otherwise `skewed-clock.cjs` shifts it for JavaScript. Neither changes the monotonic clock.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reservePort } from '../../dev/ports';
import type { TestApi } from './api';
import { makeRunDirectory } from './run-directory';
import { sharedServers } from './shared-servers';
import { waitFor } from './stack';
import { NAMESPACE } from './temporal';
import { RUN_SOURCES } from '../../dev/run-sources';
import { randomTestPort } from './test-ports';

const PROJECT = join(__dirname, '..', '..');
const SKEWED_CLOCK = join(__dirname, 'skewed-clock.cjs');
const START_TIMEOUT_MS = 60_000;

const LIBFAKETIME = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib', '/usr/local/lib']
  .map((directory) => join(directory, 'faketime', 'libfaketime.so.1'))
  .find(existsSync);

export interface SkewedProcess {
  /** The origin of the API, or of the worker's health endpoints. */
  url: string;
  /** Sets the wall clock of the process to the real time plus `skew_ms`. */
  setSkew(skew_ms: number): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts a program from its sources with the database and the task queues of a test's API. Its clock is correct at
 * first. `env` adds settings.
 */
export async function startSkewedProcess(
  api: TestApi,
  file: 'api/main.ts' | 'worker.ts',
  env: Record<string, string> = {},
): Promise<SkewedProcess> {
  const ports = [await reservePort(randomTestPort()), await reservePort(randomTestPort())];
  const [port, health_port] = ports.map((held) => String(held.port));
  await Promise.all(ports.map((held) => held.release()));
  const skew_file = join(makeRunDirectory('skewed'), 'skew');
  writeFileSync(skew_file, '+0');
  const child = fork(file, {
    cwd: PROJECT,
    execArgv: [...(LIBFAKETIME === undefined ? ['--require', SKEWED_CLOCK] : []), ...RUN_SOURCES],
    env: {
      ...(LIBFAKETIME === undefined ? {} : fakeTimeEnvironment(LIBFAKETIME, skew_file)),
      PATH: process.env['PATH'],
      DATABASE_URL: api.database.url,
      TEMPORAL_ADDRESS: sharedServers().temporal_address,
      TEMPORAL_NAMESPACE: NAMESPACE,
      TEMPORAL_TASK_QUEUE_PREFIX: api.api.taskQueues.contracts.replace(/-contracts$/, ''),
      COVENANT_KEY_PEPPER: api.api.keyPepper,
      PORT: port,
      WORKER_HEALTH_PORT: health_port,
      LOG_LEVEL: 'silent',
      ...env,
    },
  });
  const ended = once(child, 'exit');
  const url = `http://127.0.0.1:${file === 'worker.ts' ? health_port : port}`;
  await waitFor(async () => (await fetch(`${url}/readyz`)).ok, { timeout_ms: START_TIMEOUT_MS, what: `${url}/readyz` });
  return {
    url,
    async setSkew(skew_ms) {
      if (LIBFAKETIME !== undefined) {
        // Replaced atomically: the process reads the file each time it reads its clock.
        writeFileSync(`${skew_file}.new`, formatSkew(skew_ms));
        renameSync(`${skew_file}.new`, skew_file);
        return;
      }
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

/** Returns the environment in which a program runs with its wall clock shifted by `skew_ms`. */
export function skewedClockEnvironment(skew_ms: number): Record<string, string> {
  if (LIBFAKETIME === undefined) return { NODE_OPTIONS: `--require ${SKEWED_CLOCK}`, SKEW_MS: String(skew_ms) };
  const skew_file = join(makeRunDirectory('skewed'), 'skew');
  writeFileSync(skew_file, formatSkew(skew_ms));
  return fakeTimeEnvironment(LIBFAKETIME, skew_file);
}

/** Formats a shift for libfaketime: seconds with a sign. */
function formatSkew(skew_ms: number): string {
  return `${skew_ms < 0 ? '-' : '+'}${Math.abs(skew_ms) / 1_000}`;
}

/** Returns the environment in which libfaketime shifts the wall clock by the content of a file. */
function fakeTimeEnvironment(library: string, skew_file: string): Record<string, string> {
  return {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: skew_file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
}
