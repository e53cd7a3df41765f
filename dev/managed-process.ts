/**
 * A child process with a watchdog of its own: however this process ends, the child process ends too.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { identifyProcess, signalProcess, type ProcessIdentity } from './process-identity';

/** What to run and how to end it. */
export interface ProcessSpec {
  name: string;
  command: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  cwd?: string;
  /** The system user that runs the process. Only the superuser can set it. */
  user?: { uid: number; gid: number };
  /** Permissions that are removed from the files that the process creates. */
  umask?: number;
  /** The output of the process is appended to this file. */
  logFile: string;
  /** Receives each line that the process prints to stderr. These lines then do not go to the log. */
  onLine?: (line: string) => void;
  stopSignal: NodeJS.Signals;
  /** Time to shut down before the process is killed. */
  graceMs: number;
}

/** How a process ended. `lost` means that its watchdog was killed, and the process was killed after it. */
export interface ProcessExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  lost: boolean;
}

/** A running process. */
export interface ManagedProcess {
  /** The process itself, not its watchdog. */
  identity: ProcessIdentity;
  pid: number;
  exited: Promise<ProcessExit>;
  /** Sends the stop signal, kills the process after `graceMs`, and resolves when it has ended. */
  stop(): Promise<ProcessExit>;
  /** Sends a signal. Returns false when the process has ended. */
  kill(signal: NodeJS.Signals): boolean;
}

interface WatchdogReport {
  pid?: number;
  code?: number | null;
  signal?: NodeJS.Signals | null;
  error?: string;
}

const WATCHDOG_FILE = join(__dirname, 'watchdog.js');
const LOG_TAIL_LINES = 12;
/** A larger log is renamed at the next start, and replaces the log that was renamed before. */
const LOG_BYTES_MAX = 20_000_000;

/**
 * Starts a process with a watchdog and resolves when the process has a pid. Rejects when the process cannot be started.
 */
export async function startManagedProcess(spec: ProcessSpec): Promise<ManagedProcess> {
  mkdirSync(dirname(spec.logFile), { recursive: true });
  rotateFullLog(spec.logFile);
  const log = openSync(spec.logFile, 'a', 0o600);
  const watchdog = spawn(process.execPath, [WATCHDOG_FILE, watchdogArgument(spec)], {
    // The watchdog gets a session of its own, so that Ctrl-C in the terminal reaches only this process.
    detached: true,
    env: spec.env,
    stdio: ['pipe', log, spec.onLine === undefined ? log : 'pipe', 'pipe'],
  });
  closeSync(log);
  if (watchdog.stderr !== null) createInterface({ input: watchdog.stderr }).on('line', (line) => spec.onLine?.(line));

  const lines = createInterface({ input: watchdog.stdio[3] as Readable });
  const watchdogStdin = watchdog.stdin;
  // Writing to a watchdog that has ended fails. `exited` reports that end.
  watchdogStdin?.on('error', () => undefined);

  return await new Promise<ManagedProcess>((resolve, reject) => {
    let identity: ProcessIdentity | undefined;
    let exit: ProcessExit | undefined;
    let settleExit: (exit: ProcessExit) => void = () => undefined;
    const exited = new Promise<ProcessExit>((settle) => (settleExit = settle));

    lines.on('line', (line) => {
      const report = JSON.parse(line) as WatchdogReport;
      if (report.error !== undefined) return reject(new Error(`${spec.name} cannot be started: ${report.error}`));
      if (report.pid === undefined) {
        exit = { code: report.code ?? null, signal: report.signal ?? null, lost: false };
        return;
      }
      identity = identifyProcess(report.pid) ?? { pid: report.pid, started: 'ended before it was identified' };
      resolve(createManagedProcess(identity, exited, () => watchdogStdin?.end()));
    });
    watchdog.on('error', reject);
    // `close` is emitted after all reports were read; `exit` can be emitted before that.
    watchdog.on('close', () => {
      if (identity === undefined) return reject(new Error(`${spec.name} cannot be started: its watchdog ended`));
      if (exit === undefined) signalProcess(identity, 'SIGKILL');
      settleExit(exit ?? { code: null, signal: 'SIGKILL', lost: true });
    });
  });
}

/** Returns the last lines of a log, for an error message about a process that failed. */
export function readLogTail(logFile: string): string {
  try {
    return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n');
  } catch {
    return '';
  }
}

function rotateFullLog(logFile: string): void {
  const bytes = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes > LOG_BYTES_MAX) renameSync(logFile, `${logFile}.1`);
}

function createManagedProcess(
  identity: ProcessIdentity,
  exited: Promise<ProcessExit>,
  closeStdin: () => void,
): ManagedProcess {
  return {
    identity,
    pid: identity.pid,
    exited,
    stop() {
      closeStdin();
      return exited;
    },
    kill: (signal) => signalProcess(identity, signal),
  };
}

function watchdogArgument(spec: ProcessSpec): string {
  return JSON.stringify({
    command: spec.command,
    args: spec.args,
    cwd: spec.cwd,
    uid: spec.user?.uid,
    gid: spec.user?.gid,
    umask: spec.umask,
    stop_signal: spec.stopSignal,
    grace_ms: spec.graceMs,
  });
}
