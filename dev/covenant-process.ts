/**
 * The two programs of this project, the API and the worker, as servers that the supervisor runs.
 */
import { join } from 'node:path';
import { isHttpReady } from './http-ready';
import { RUN_SOURCES } from './run-sources';
import type { ServerPlan } from './supervisor';

/** Replaces how a program is run. Fault tests and tests of the production build use it. */
export interface ProgramOptions {
  /** Arguments of Node: options, then the file. Paths are relative to the project directory. */
  nodeArgs?: readonly string[];
  /** Flags with which Node runs the sources. Default: those of `run-sources.ts`, and stack traces show lines of the sources. */
  nodeFlags?: readonly string[];
  env?: Readonly<Record<string, string>>;
}

export interface CovenantProcessOptions extends ProgramOptions {
  name: string;
  /** Relative to the project directory. */
  file: string;
  /** Settings that are added to the environment of the stack's own process. */
  settings: Readonly<Record<string, string>>;
  readyUrl: string;
  logFile: string;
  prepare?: () => Promise<void>;
}

/** Covers a first compilation of the sources on a busy machine and a new Temporal namespace, with a margin. */
const READY_TIMEOUT_MS = 90_000;
/** Gives a worker time to finish its running tasks (SHUTDOWN_GRACE_MS). */
const STOP_GRACE_MS = 25_000;

const PROJECT = join(__dirname, '..');

/** Returns how to run a program from its sources. The program is ready when its `/readyz` answers 200. */
export function planCovenantProcess(options: CovenantProcessOptions): ServerPlan {
  const plan: ServerPlan = {
    spec: {
      name: options.name,
      command: process.execPath,
      args: options.nodeArgs ?? [...(options.nodeFlags ?? ['--enable-source-maps', ...RUN_SOURCES]), options.file],
      cwd: PROJECT,
      env: { ...process.env, ...options.settings, ...options.env },
      logFile: options.logFile,
      stopSignal: 'SIGTERM',
      graceMs: STOP_GRACE_MS,
    },
    isReady: () => isHttpReady(options.readyUrl),
    readyTimeoutMs: READY_TIMEOUT_MS,
  };
  if (options.prepare !== undefined) plan.prepare = options.prepare;
  return plan;
}

/**
 * Requests `/readyz` of each program every READINESS_INTERVAL_MS, and returns a function that stops the polling. The
 * request itself repairs: on a new, empty Temporal server (after its state file was deleted), `/readyz` sets Temporal
 * up again. No other component notices that case.
 */
export function pollReadiness(readyUrls: () => readonly string[]): () => void {
  let polling = false;
  const timer = setInterval(() => {
    if (polling) return;
    polling = true;
    void Promise.all(readyUrls().map(isHttpReady)).finally(() => (polling = false));
  }, READINESS_INTERVAL_MS);
  timer.unref();
  return () => clearInterval(timer);
}

const READINESS_INTERVAL_MS = 2_000;
