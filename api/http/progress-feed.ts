/**
 * Live progress of one kind of jobs: one LISTEN connection for the process, and one read of a job for all its followers.
 *
 * A notification only says which job changed. The job is then read from Postgres and sent to every follower. A slow
 * follower skips states, so it always gets the newest one. A job without notifications is read again after an interval, because
 * notifications are lost when the connection is lost.
 */
import type { Caller, CallerKind } from '../../domain/access/caller';
import type { Instant } from '../../domain/base/instant';
import type { Database } from '../../db/base/database';

/** The interval between two reads of a job that only made progress. */
const PROGRESS_INTERVAL_MS = 500;

/** After this time without a notification, the job is read again, and a comment is sent so that proxies keep the streams open. */
export const HEARTBEAT_MS = 15_000;

/** A comment of server-sent events, which clients ignore. */
const HEARTBEAT = ': the job has not changed\n\n';

export interface ProgressFeed {
  /**
   * The job as server-sent events: its current state, then the newest state after every change, until the job is finished or the
   * signal is aborted. Throws when the job cannot be read.
   */
  follow(job_id: string, ended: AbortSignal, caller: Pick<Caller, 'kind'>): AsyncGenerator<string>;
}

/** A kind of jobs. */
export interface FollowedKind<Row> {
  /** The channel on which Postgres notifies: the id of a job, with `!` at its end when the state of the job changed. */
  channel: string;
  readJob: (job_id: string) => Promise<Row | undefined>;
  isUnfinished: (row: Row) => boolean;
  present: (row: Row, now: Instant, caller: Pick<Caller, 'kind'>) => unknown;
}

export interface ProgressDependencies<Row> extends FollowedKind<Row> {
  listen: Database['listen'];
  clock: () => Promise<Instant>;
  heartbeat_ms: number;
}

export function createProgressFeed<Row>(dependencies: ProgressDependencies<Row>): ProgressFeed {
  const followed = new Map<string, FollowedJob<Row>>();
  let listening = false;

  /** Starts the one LISTEN of the process. The driver repeats it until it succeeds, and after each lost connection. */
  function listen(): void {
    if (listening) return;
    listening = true;
    const onNotify = (payload: string): void => {
      const state_changed = payload.endsWith('!');
      followed.get(state_changed ? payload.slice(0, -1) : payload)?.signal.notify(state_changed);
    };
    // Notifications from before the LISTEN are lost, so all jobs are read when it starts.
    const readAll = (): void => followed.forEach((job) => job.signal.notify(true));
    void dependencies.listen(dependencies.channel, onNotify, readAll).catch(() => undefined);
  }

  /** Reads one job for its followers until it has none, or until it is finished. */
  async function readUntilFinished(job_id: string, job: FollowedJob<Row>): Promise<void> {
    try {
      while (job.followers.size > 0) {
        const row = await dependencies.readJob(job_id);
        if (row === undefined) return;
        job.publish(row, await dependencies.clock());
        if (!dependencies.isUnfinished(row)) return;
        if (!(await job.signal.wait(dependencies.heartbeat_ms))) job.sendHeartbeat();
      }
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      for (const follower of job.followers) follower.close(failure);
    } finally {
      followed.delete(job_id);
      for (const follower of job.followers) follower.close();
    }
  }

  function join(job_id: string, follower: Follower): FollowedJob<Row> {
    const known = followed.get(job_id);
    const job = known ?? new FollowedJob(dependencies);
    job.followers.add(follower);
    if (known) known.signal.notify(false);
    else {
      followed.set(job_id, job);
      listen();
      void readUntilFinished(job_id, job);
    }
    return job;
  }

  return {
    async *follow(job_id, ended, caller) {
      if (ended.aborted) return;
      const follower = new Follower(caller);
      const job = join(job_id, follower);
      const leave = (): void => {
        ended.removeEventListener('abort', leave);
        follower.close();
        job.followers.delete(follower);
        // Without followers, `readUntilFinished` ends.
        if (job.followers.size === 0) job.signal.notify(true);
      };
      ended.addEventListener('abort', leave);
      try {
        for (let event = await follower.next(); event !== undefined; event = await follower.next()) yield event;
      } finally {
        leave();
      }
    },
  };
}

/** A job and its followers. */
class FollowedJob<Row> {
  readonly followers = new Set<Follower>();
  readonly signal = new ProgressSignal();
  private last_row = '';

  constructor(private readonly kind: FollowedKind<Row>) {}

  /** Sends the state to all followers when it changed, else only to new followers. */
  publish(row: Row, now: Instant): void {
    const read = JSON.stringify(row);
    const changed = read !== this.last_row;
    this.last_row = read;
    const type = this.kind.isUnfinished(row) ? 'progress' : 'end';
    // Formatted once for each kind of caller.
    const events = new Map<CallerKind, string>();
    for (const follower of this.followers) {
      if (!changed && !follower.is_new) continue;
      const { kind } = follower.caller;
      const presented = () => JSON.stringify(this.kind.present(row, now, { kind }));
      const event = events.get(kind) ?? `event: ${type}\ndata: ${presented()}\n\n`;
      events.set(kind, event);
      follower.send(event);
    }
  }

  sendHeartbeat(): void {
    for (const follower of this.followers) follower.sendIfIdle(HEARTBEAT);
  }
}

/** A follower of a job. It keeps only the newest event that is not sent yet. */
class Follower {
  is_new = true;
  private waiting: string | undefined;
  private closed = false;
  private failure: Error | undefined;
  private resume: (() => void) | undefined;

  constructor(readonly caller: Pick<Caller, 'kind'>) {}

  /** Resolves with the newest event; with undefined after the last one. */
  async next(): Promise<string | undefined> {
    if (this.waiting === undefined && !this.closed) await new Promise<void>((resolve) => (this.resume = resolve));
    const event = this.waiting;
    this.waiting = undefined;
    if (event === undefined && this.failure !== undefined) throw this.failure;
    return event;
  }

  send(event: string): void {
    this.is_new = false;
    this.waiting = event;
    this.resume?.();
  }

  sendIfIdle(event: string): void {
    if (this.waiting === undefined) this.send(event);
  }

  /** Ends the events, with an error if one is given. */
  close(failure?: Error): void {
    this.closed = true;
    this.failure ??= failure;
    this.resume?.();
  }
}

/** Collects the notifications of a job since it was last read. A new state ends the wait at once, progress after the interval. */
class ProgressSignal {
  private notified = false;
  private urgent = false;
  private resume: ((notified: boolean) => void) | undefined;
  private interval: NodeJS.Timeout | undefined;
  private timeout: NodeJS.Timeout | undefined;

  notify(urgent: boolean): void {
    this.notified = true;
    this.urgent ||= urgent;
    this.endIfReady();
  }

  /** Resolves with true after a notification, with false after `timeout_ms` without one. */
  wait(timeout_ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      this.resume = resolve;
      this.timeout = setTimeout(() => this.end(false), timeout_ms);
      this.interval = setTimeout(() => {
        this.interval = undefined;
        this.endIfReady();
      }, PROGRESS_INTERVAL_MS);
      this.endIfReady();
    });
  }

  private endIfReady(): void {
    if (this.urgent || (this.notified && this.interval === undefined)) this.end(true);
  }

  private end(notified: boolean): void {
    if (!this.resume) return;
    clearTimeout(this.interval);
    clearTimeout(this.timeout);
    this.notified = false;
    this.urgent = false;
    this.resume(notified);
    this.resume = undefined;
  }
}
