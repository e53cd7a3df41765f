/**
 * A Temporal dev server with its web UI. It stores its state in a file and is restarted when that file is deleted.
 */
import { rmSync, statSync } from 'node:fs';
import { Connection } from '@temporalio/client';
import { signalProcess } from './process-identity';
import type { ServerPlan, SupervisedServer } from './supervisor';

export interface TemporalServerOptions {
  /** The path of the `temporal` program. */
  program: string;
  port: number;
  /** Without a port the server has no web UI. */
  uiPort: number | undefined;
  /** Without a file the state is in memory and lost when the process ends. */
  stateFile: string | undefined;
  namespace: string;
  logFile: string;
  /** Dynamic configuration in addition to DYNAMIC_CONFIG, as JSON values. */
  dynamicConfig?: Readonly<Record<string, boolean | number | string>>;
}

/** How the supervisor runs a Temporal server. */
export interface TemporalServerPlan extends ServerPlan {
  address: string;
}

/**
 * These settings are off by default in the dev server and in the production server. Eager execution saves one round
 * trip for each activity. The other two let `temporal worker list` show the running workers.
 */
export const DYNAMIC_CONFIG = {
  'system.enableActivityEagerExecution': true,
  'frontend.WorkerHeartbeatsEnabled': true,
  'frontend.ListWorkersEnabled': true,
} as const;

/**
 * The write-ahead log is not forced to disk at each of the about fifteen steps of a job. A killed server loses nothing.
 * After a power failure the sweep starts lost workflows again, because this file stores no fact that Postgres does not
 * store.
 */
const STATE_FILE_PRAGMAS = ['--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=NORMAL'];

/** Runs the Go garbage collector less often (default: 100). The server then uses about 10 % less CPU. */
export const GARBAGE_COLLECTION = { GOGC: '400' };

const READY_TIMEOUT_MS = 60_000;
/** The state file contains the inputs of workflows, so only its owner can read it. */
const PRIVATE_UMASK = 0o077;
const STOP_GRACE_MS = 5_000;
const CALL_TIMEOUT_MS = 2_000;
const STATE_FILE_CHECK_MS = 1_000;
const STATE_FILE_MISSED_MAX = 5;

/** Returns how to run a Temporal dev server. It is ready about 1.2 s after its start. */
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

/** Whether a Temporal server at this address has the namespace. Throws when it does not. */
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
 * Kills the server when its state file is deleted or replaced, so that the supervisor restarts it with a new file.
 * Without the restart the server would answer reads normally and fail every write. Returns a function that stops the
 * watch.
 */
export function watchStateFile(server: SupervisedServer, stateFile: string): () => void {
  let watched: { pid: number; inode: number | undefined; missed: number } | undefined;
  function check(): void {
    const running = server.current;
    if (running === undefined) return;
    const inode = inodeOf(stateFile);
    if (watched?.pid !== running.pid) watched = { pid: running.pid, inode, missed: 0 };
    // A server creates its file within its first second. A server without a file for longer has lost it.
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

/** SQLite's journal belongs to one file. SQLite would apply it to a new file of the same name. */
function removeOrphanedJournal(stateFile: string): Promise<void> {
  if (inodeOf(stateFile) === undefined) {
    for (const suffix of ['-wal', '-shm', '-journal']) rmSync(`${stateFile}${suffix}`, { force: true });
  }
  return Promise.resolve();
}

function inodeOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.ino;
}
