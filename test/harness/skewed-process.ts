/**
 * An API or a worker as a separate process with a wrong wall clock, connected to the servers of a test.
 *
 * If libfaketime is installed (Debian's package `faketime`), it shifts the clock for the whole process, including
 * native code. Otherwise `skewed-clock.cjs` shifts it for JavaScript. Neither changes the monotonic clock.
 */
import { once } from 'node:events';
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestApi } from './api';
import { startCovenantProcess } from './covenant-process';
import { makeRunDirectory } from './run-directory';

const SKEWED_CLOCK = join(__dirname, 'skewed-clock.cjs');

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
  const skew_file = join(makeRunDirectory('skewed'), 'skew');
  writeFileSync(skew_file, '+0');
  const { url, child, stop } = await startCovenantProcess(api, file, {
    nodeFlags: LIBFAKETIME === undefined ? ['--require', SKEWED_CLOCK] : [],
    env: { ...(LIBFAKETIME === undefined ? {} : fakeTimeEnvironment(LIBFAKETIME, skew_file)), ...env },
  });
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
    stop,
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
