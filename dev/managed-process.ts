/**
 * One process under a keeper of its own: however this process ends, the kept one ends too.
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
  /** The system user to run as; only the superuser may say so. */
  user?: { uid: number; gid: number };
  /** Which permissions the files it makes shall not have. */
  umask?: number;
  /** Everything it prints is appended here. */
  logFile: string;
  /** Hears each line it prints to stderr, which then does not go to the log. */
  onLine?: (line: string) => void;
  stopSignal: NodeJS.Signals;
  /** How long it may take to end before it is killed. */
  graceMs: number;
}

/** How a process ended; `lost` when its keeper was killed and it had to be killed after it. */
export interface ProcessExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  lost: boolean;
}

/** A process that runs. */
export interface ManagedProcess {
  /** The process itself, not its keeper. */
  identity: ProcessIdentity;
  pid: number;
  exited: Promise<ProcessExit>;
  /** Asks it to end, kills it after its grace, and waits until it is gone. */
  stop(): Promise<ProcessExit>;
  /** Sends it a signal at once; false when it has ended already. */
  kill(signal: NodeJS.Signals): boolean;
}

interface WatchdogReport {
  pid?: number;
  code?: number | null;
  signal?: NodeJS.Signals | null;
  error?: string;
}

const KEEPER_FILE = join(__dirname, 'watchdog.js');
const LOG_TAIL_LINES = 12;
/** A log that has grown beyond this is set aside at the next start, in place of the one set aside before. */
const LOG_BYTES_MAX = 20_000_000;

/** Starts a process under a keeper and resolves when it has a pid. Rejects when it cannot be started at all. */
export async function startManagedProcess(spec: ProcessSpec): Promise<ManagedProcess> {
  mkdirSync(dirname(spec.logFile), { recursive: true });
  rotateFullLog(spec.logFile);
  const log = openSync(spec.logFile, 'a', 0o600);
  const keeper = spawn(process.execPath, [KEEPER_FILE, watchdogArgument(spec)], {
    // A session of its own: Ctrl-C in the terminal must reach only the process that holds the lifeline.
    detached: true,
    env: spec.env,
    stdio: ['pipe', log, spec.onLine === undefined ? log : 'pipe', 'pipe'],
  });
  closeSync(log);
  if (keeper.stderr !== null) createInterface({ input: keeper.stderr }).on('line', (line) => spec.onLine?.(line));

  const lines = createInterface({ input: keeper.stdio[3] as Readable });
  const lifeline = keeper.stdin;
  // A keeper that has ended makes the lifeline fail; its end is reported by `exited`.
  lifeline?.on('error', () => undefined);

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
      identity = identifyProcess(report.pid) ?? { pid: report.pid, started: 'ended at once' };
      resolve(createManagedProcess(identity, exited, () => lifeline?.end()));
    });
    keeper.on('error', reject);
    // `close` comes after all reports were read; `exit` may come before.
    keeper.on('close', () => {
      if (identity === undefined) return reject(new Error(`${spec.name} cannot be started: its keeper ended`));
      if (exit === undefined) signalProcess(identity, 'SIGKILL');
      settleExit(exit ?? { code: null, signal: 'SIGKILL', lost: true });
    });
  });
}

/** The last lines of a log, for a message about a process that failed. */
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
  cutLifeline: () => void,
): ManagedProcess {
  return {
    identity,
    pid: identity.pid,
    exited,
    stop() {
      cutLifeline();
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
