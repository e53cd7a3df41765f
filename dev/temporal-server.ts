/**
 * A Temporal dev server with its web UI, which keeps its state in a file and is started again when that file vanishes.
 */
import { rmSync, statSync } from 'node:fs';
import { Connection } from '@temporalio/client';
import { signalProcess } from './process-identity';
import type { ServerPlan, SupervisedServer } from './supervisor';

export interface TemporalServerOptions {
  /** The path of the `temporal` program. */
  program: string;
  port: number;
  /** Undefined: no web UI. */
  uiPort: number | undefined;
  /** Undefined: the state is kept in memory and lost with the process. */
  stateFile: string | undefined;
  namespace: string;
  logFile: string;
  /** Dynamic configuration beside DYNAMIC_CONFIG, as JSON values. */
  dynamicConfig?: Readonly<Record<string, boolean | number | string>>;
}

/** A Temporal server that can be supervised. */
export interface TemporalServerPlan extends ServerPlan {
  address: string;
}

/**
 * Both servers have these off by default. Eager activities save a round trip for each activity; the other two let
 * `temporal worker list` show who works.
 */
export const DYNAMIC_CONFIG = {
  'system.enableActivityEagerExecution': true,
  'frontend.WorkerHeartbeatsEnabled': true,
  'frontend.ListWorkersEnabled': true,
} as const;

/**
 * A write-ahead log that is not forced to disk at each of the fifteen or so steps of a job: a killed server loses nothing,
 * and what a machine without power would lose, the sweep starts again, because no fact lives in this file alone.
 */
const STATE_FILE_PRAGMAS = ['--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=NORMAL'];

/** The server lets garbage grow to four times what it uses, in place of once, and computes about a tenth less. */
const GARBAGE_COLLECTION = { GOGC: '400' };

const READY_TIMEOUT_MS = 60_000;
/** The state file holds what workflows were given. */
const PRIVATE_UMASK = 0o077;
const STOP_GRACE_MS = 5_000;
const CALL_TIMEOUT_MS = 2_000;
const STATE_FILE_CHECK_MS = 1_000;
const STATE_FILE_MISSED_MAX = 5;

/** Says how to run a Temporal dev server. It answers about 1.2 s after its start. */
export function planTemporalServer(options: TemporalServerOptions): TemporalServerPlan {
  const address = `127.0.0.1:${options.port}`;
  const { stateFile } = options;
  const args = ['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(options.port), '--log-level', 'warn'];
  args.push(...(options.uiPort === undefined ? ['--headless'] : ['--ui-port', String(options.uiPort)]));
  if (stateFile !== undefined) args.push('--db-filename', stateFile, ...STATE_FILE_PRAGMAS);
  if (options.namespace !== 'default') args.push('--namespace', options.namespace);
  for (const [key, value] of Object.entries({ ...DYNAMIC_CONFIG, ...options.dynamicConfig })) {
    args.push('--dynamic-config-value', `${key}=${JSON.stringify(value)}`);
  }
  const plan: TemporalServerPlan = {
    address,
    spec: {
      name: 'temporal',
      command: options.program,
      args,
      env: { ...GARBAGE_COLLECTION, ...process.env },
      umask: PRIVATE_UMASK,
      logFile: options.logFile,
      stopSignal: 'SIGTERM',
      graceMs: STOP_GRACE_MS,
    },
    isReady: () => isTemporalReady(address, options.namespace),
    readyTimeoutMs: READY_TIMEOUT_MS,
  };
  if (stateFile !== undefined) plan.prepare = () => removeOrphanedJournal(stateFile);
  return plan;
}

/** Whether a Temporal server at this address knows the namespace. */
export async function isTemporalReady(address: string, namespace: string): Promise<boolean> {
  const connection = await Connection.connect({ address, connectTimeout: CALL_TIMEOUT_MS });
  try {
    await connection.withDeadline(Date.now() + CALL_TIMEOUT_MS, () =>
      connection.workflowService.describeNamespace({ namespace }),
    );
    return true;
  } finally {
    await connection.close();
  }
}

/**
 * Kills the server when its state file is deleted or replaced underneath it, so that supervision starts it on a new
 * one: until then it would answer reads as if nothing were wrong and fail every write. Returns what ends the watch.
 */
export function watchStateFile(server: SupervisedServer, stateFile: string): () => void {
  let watched: { pid: number; inode: number | undefined; missed: number } | undefined;
  function check(): void {
    const running = server.current;
    if (running === undefined) return;
    const inode = inodeOf(stateFile);
    if (watched?.pid !== running.pid) watched = { pid: running.pid, inode, missed: 0 };
    // A server that has just started makes its file within its first second; one without a file for longer lost it.
    else if (watched.inode === undefined && inode === undefined) watched.missed += 1;
    else watched.inode ??= inode;
    if (inode === watched.inode && watched.missed < STATE_FILE_MISSED_MAX) return;
    signalProcess(running.identity, 'SIGKILL');
  }
  check();
  const timer = setInterval(check, STATE_FILE_CHECK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** SQLite's journal belongs to one file; beside a new one it would be applied to it. */
function removeOrphanedJournal(stateFile: string): Promise<void> {
  if (inodeOf(stateFile) === undefined) {
    for (const suffix of ['-wal', '-shm', '-journal']) rmSync(`${stateFile}${suffix}`, { force: true });
  }
  return Promise.resolve();
}

function inodeOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.ino;
}
