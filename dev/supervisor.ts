/**
 * Keeps a server running: starts it, waits until it is ready, and restarts it whenever it exits.
 *
 * The delay before a restart grows while a server keeps exiting, so that it does not overload the machine. Restarts
 * never stop.
 */
import {
  startManagedProcess,
  readLogTail,
  type ManagedProcess,
  type ProcessExit,
  type ProcessSpec,
} from './managed-process';
import { waitFor } from './waiting';

/** How to run a server and how to check that it is ready. */
export interface ServerPlan {
  spec: ProcessSpec;
  /** Cleans up after an earlier run. Runs before every start. */
  prepare?: () => Promise<void>;
  /** Whether the server is ready. An error counts as "not ready". */
  isReady: () => Promise<boolean>;
  readyTimeoutMs: number;
}

/** What happened to a server. */
export type ServerEvent =
  | { kind: 'started'; name: string; pid: number }
  | { kind: 'exited'; name: string; pid: number; exit: ProcessExit; restart_in_ms: number }
  | { kind: 'not_started'; name: string; reason: string; restart_in_ms: number };

export interface SupervisorOptions {
  restart: boolean;
  onServerEvent?: (event: ServerEvent) => void;
}

/** A server that the supervisor keeps running. */
export interface SupervisedServer {
  readonly name: string;
  readonly logFile: string;
  /** The running process, or undefined. */
  readonly current: ManagedProcess | undefined;
  /** Starts the server and resolves when it is ready. Throws with the end of its log when it exits first. */
  start(): Promise<void>;
  /** Stops the server until `start` is called. Safe to call twice. */
  stop(): Promise<void>;
  /** Kills the server until `start` is called. */
  kill(): void;
  /** Sends a signal to the running process, to simulate a fault. The supervisor restarts a process that exits. */
  signal(signal: NodeJS.Signals): boolean;
  /** Resolves when the server is ready, for example after a fault. */
  ready(): Promise<void>;
}

/** The first restart is immediate. Each further exit within STABLE_AFTER_MS uses the next delay. */
export const RESTART_DELAYS_MS = [0, 250, 500, 1_000, 2_000, 5_000] as const;
/** After this time a server counts as stable, and its next exit counts as the first. */
export const STABLE_AFTER_MS = 10_000;

/** Creates a supervised server. Does not start it. */
export function supervise(plan: ServerPlan, options: SupervisorOptions): SupervisedServer {
  const { name, logFile } = plan.spec;
  let current: ManagedProcess | undefined;
  let wanted = false;
  let consecutiveExits = 0;
  let restartTimer: NodeJS.Timeout | undefined;
  let starting: Promise<void> | undefined;

  function launch(): Promise<void> {
    starting ??= launchOnce().finally(() => (starting = undefined));
    return starting;
  }

  async function launchOnce(): Promise<void> {
    await plan.prepare?.();
    if (!wanted) return;
    const launched = await startManagedProcess(plan.spec);
    const startedAt = performance.now();
    current = launched;
    if (!wanted) void launched.stop();
    options.onServerEvent?.({ kind: 'started', name, pid: launched.pid });
    void launched.exited.then((exit) => {
      if (current === launched) current = undefined;
      if (!wanted) return;
      if (performance.now() - startedAt >= STABLE_AFTER_MS) consecutiveExits = 0;
      scheduleRestart((delay) => ({ kind: 'exited', name, pid: launched.pid, exit, restart_in_ms: delay }));
    });
  }

  function scheduleRestart(buildEvent: (restart_in_ms: number) => ServerEvent): void {
    if (!options.restart) return;
    const delay = RESTART_DELAYS_MS[Math.min(consecutiveExits, RESTART_DELAYS_MS.length - 1)] ?? 0;
    consecutiveExits += 1;
    options.onServerEvent?.(buildEvent(delay));
    restartTimer = setTimeout(() => {
      launch().catch((error: unknown) => {
        if (!wanted) return;
        const reason = error instanceof Error ? error.message : String(error);
        scheduleRestart((next) => ({ kind: 'not_started', name, reason, restart_in_ms: next }));
      });
    }, delay);
  }

  function startFailure(): string | undefined {
    if (current !== undefined || starting !== undefined) return undefined;
    if (!wanted) return `${name} was stopped while it was starting.`;
    if (options.restart && consecutiveExits < RESTART_DELAYS_MS.length) return undefined;
    return `${name} ended before it was ready. The end of ${logFile}:\n${readLogTail(logFile)}`;
  }

  return {
    name,
    logFile,
    get current() {
      return current;
    },
    async start() {
      if (wanted) return await this.ready();
      wanted = true;
      consecutiveExits = 0;
      try {
        await launch();
      } catch (error) {
        wanted = false;
        throw error;
      }
      await this.ready();
    },
    async stop() {
      wanted = false;
      clearTimeout(restartTimer);
      await starting?.catch(() => undefined);
      await current?.stop();
    },
    kill() {
      wanted = false;
      clearTimeout(restartTimer);
      current?.kill('SIGKILL');
    },
    signal: (signal) => current?.kill(signal) ?? false,
    async ready() {
      await waitFor(async () => current !== undefined && (await plan.isReady()), {
        timeout_ms: plan.readyTimeoutMs,
        what: `${name} to be ready; its log is ${logFile}`,
        giveUpReason: startFailure,
      });
    },
  };
}
