/**
 * Keeps a server running: starts it, waits until it answers, and starts it again at once whenever it dies.
 *
 * A server that keeps dying is started again ever more slowly, so that it cannot burn the machine, and it is never given up.
 */
import {
  startManagedProcess,
  readLogTail,
  type ManagedProcess,
  type ProcessExit,
  type ProcessSpec,
} from './managed-process';
import { waitFor } from './waiting';

/** A server: how to run it and how to see that it answers. */
export interface ServerPlan {
  spec: ProcessSpec;
  /** Puts right what an earlier run may have left; runs before every start. */
  prepare?: () => Promise<void>;
  /** Whether it answers by now; an error counts as no. */
  isReady: () => Promise<boolean>;
  readyTimeoutMs: number;
}

/** What happened to a server, for the one who watches. */
export type ServerEvent =
  | { kind: 'started'; name: string; pid: number }
  | { kind: 'died'; name: string; pid: number; exit: ProcessExit; restart_in_ms: number }
  | { kind: 'not_started'; name: string; reason: string; restart_in_ms: number };

export interface SupervisorOptions {
  restart: boolean;
  onServerEvent?: (event: ServerEvent) => void;
}

/** One server under supervision. */
export interface SupervisedServer {
  readonly name: string;
  readonly logFile: string;
  /** The process that runs now; undefined while there is none. */
  readonly current: ManagedProcess | undefined;
  /** Starts it and resolves when it answers. Throws with the end of its log when it dies first. */
  start(): Promise<void>;
  /** Ends it and leaves it ended until `start`. Safe to call twice. */
  stop(): Promise<void>;
  /** Kills it at once and leaves it ended. */
  kill(): void;
  /** Sends the running process a signal, as a fault from outside: supervision answers it. */
  signal(signal: NodeJS.Signals): boolean;
  /** Resolves when it answers, after a fault for instance. */
  ready(): Promise<void>;
}

/** The first restart is immediate; each further death within STEADY_MS takes the next delay. */
export const RESTART_DELAYS_MS = [0, 250, 500, 1_000, 2_000, 5_000] as const;
/** A server that lived this long is well; its next death counts as the first. */
export const STABLE_AFTER_MS = 10_000;

/** Puts a server under supervision without starting it yet. */
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
      scheduleRestart((delay) => ({ kind: 'died', name, pid: launched.pid, exit, restart_in_ms: delay }));
    });
  }

  function scheduleRestart(news: (restart_in_ms: number) => ServerEvent): void {
    if (!options.restart) return;
    const delay = RESTART_DELAYS_MS[Math.min(consecutiveExits, RESTART_DELAYS_MS.length - 1)] ?? 0;
    consecutiveExits += 1;
    options.onServerEvent?.(news(delay));
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
        what: `${name} to answer; its log is ${logFile}`,
        giveUpReason: startFailure,
      });
    },
  };
}
