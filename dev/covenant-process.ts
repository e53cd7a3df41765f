/**
 * Our own two programs, the API and the worker, as servers that can be supervised.
 */
import { join } from 'node:path';
import { isHttpReady } from './http-ready';
import type { ServerPlan } from './supervisor';

/** What to run in place of the sources, and with which settings; fault tests and production builds give it. */
export interface ProgramOptions {
  /** Arguments of Node: options, then the file. Paths are relative to the project. */
  nodeArgs?: readonly string[];
  /** The flags with which Node runs the sources; `--import tsx` unless given. */
  nodeFlags?: readonly string[];
  env?: Readonly<Record<string, string>>;
}

export interface CovenantProcessOptions extends ProgramOptions {
  name: string;
  /** Relative to the project. */
  file: string;
  /** The settings that the stack gives it, beside the environment of the stack itself. */
  settings: Readonly<Record<string, string>>;
  readyUrl: string;
  logFile: string;
  prepare?: () => Promise<void>;
}

/** A cold compile of the sources on a busy machine, a fresh Temporal namespace, and then some. */
const READY_TIMEOUT_MS = 90_000;
/** A worker may finish what it has begun (SHUTDOWN_GRACE_MS). */
const STOP_GRACE_MS = 25_000;

const PROJECT = join(__dirname, '..');

/** Says how to run a program of ours from its sources; it is ready when its `/readyz` says so. */
export function planCovenantProcess(options: CovenantProcessOptions): ServerPlan {
  const plan: ServerPlan = {
    spec: {
      name: options.name,
      command: process.execPath,
      args: options.nodeArgs ?? [...(options.nodeFlags ?? ['--import', 'tsx']), options.file],
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
 * Asks the programs again and again whether they are ready, and returns what ends it. The question itself mends: on a
 * fresh, empty Temporal server (its state file was deleted) `/readyz` sets it up again, which nobody else would notice.
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
