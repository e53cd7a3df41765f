/**
 * The progress of generation jobs as it happens: one LISTEN connection for a process and one read of a job for all who
 * follow it.
 *
 * A notification only says which job went on; what is sent is read from the job's rows, made text once, and given to every
 * follower. One that takes longer to send than the job takes to go on skips states and never falls behind. A job that
 * nothing is heard of is read all the same after a while, because a notification is lost with its connection.
 */
import { isUnfinished } from '../../domain/generation/generation-job';
import type { Instant } from '../../domain/base/instant';
import { PROGRESS_CHANNEL } from '../../db/generation/job-state';
import type { JobRow } from '../../db/generation/generation-job';
import type { Database } from '../../db/base/database';
import { presentJob } from './generation-job-presenter';

/** Between two reads of a job that only made progress. */
const PROGRESS_INTERVAL_MS = 100;

/** After so long without news a job is read again, and a comment keeps proxies from closing the streams. */
export const HEARTBEAT_MS = 15_000;

/** A comment of server-sent events, which clients pass over. */
const HEARTBEAT = ': the job has not changed\n\n';

export interface ProgressFeed {
  /**
   * The job as server-sent events: as it is, then the newest state whenever it went on, until it is finished or the signal
   * is aborted. Throws when the job cannot be read.
   */
  follow(job_id: string, ended: AbortSignal): AsyncGenerator<string>;
}

export interface ProgressDependencies {
  listen: Database['listen'];
  readJob: (job_id: string) => Promise<JobRow | undefined>;
  clock: () => Promise<Instant>;
  heartbeat_ms: number;
}

export function createProgressFeed(dependencies: ProgressDependencies): ProgressFeed {
  const followed = new Map<string, FollowedJob>();
  let listening = false;

  /** One LISTEN for the process. The driver repeats it until it works and after each loss of its connection. */
  function listen(): void {
    if (listening) return;
    listening = true;
    const hear = (payload: string): void => {
      const state_changed = payload.endsWith('!');
      followed.get(state_changed ? payload.slice(0, -1) : payload)?.signal.notify(state_changed);
    };
    // Whatever was announced before a connection listened went unheard.
    const readAll = (): void => followed.forEach((job) => job.signal.notify(true));
    void dependencies.listen(PROGRESS_CHANNEL, hear, readAll).catch(() => undefined);
  }

  /** Reads one job for its followers until there are none, or there is nothing more to read. */
  async function serve(job_id: string, job: FollowedJob): Promise<void> {
    try {
      while (job.followers.size > 0) {
        const row = await dependencies.readJob(job_id);
        if (row === undefined) return;
        job.publish(row, await dependencies.clock());
        if (!isUnfinished(row.state)) return;
        if (!(await job.signal.next(dependencies.heartbeat_ms))) job.beat();
      }
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      for (const follower of job.followers) follower.close(failure);
    } finally {
      followed.delete(job_id);
      for (const follower of job.followers) follower.close();
    }
  }

  function join(job_id: string, follower: Follower): FollowedJob {
    const known = followed.get(job_id);
    const job = known ?? new FollowedJob();
    job.followers.add(follower);
    if (known) known.signal.notify(false);
    else {
      followed.set(job_id, job);
      listen();
      void serve(job_id, job);
    }
    return job;
  }

  return {
    async *follow(job_id, ended) {
      if (ended.aborted) return;
      const follower = new Follower();
      const job = join(job_id, follower);
      const leave = (): void => {
        ended.removeEventListener('abort', leave);
        follower.close();
        job.followers.delete(follower);
        // The last one to leave ends the reading.
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

/** A job with those who follow it. */
class FollowedJob {
  readonly followers = new Set<Follower>();
  readonly signal = new ProgressSignal();
  private last_row = '';

  /** Gives the state to everybody when it changed, and to those who have none yet. */
  publish(row: JobRow, now: Instant): void {
    const read = JSON.stringify(row);
    const changed = read !== this.last_row;
    this.last_row = read;
    const type = isUnfinished(row.state) ? 'progress' : 'end';
    const event = `event: ${type}\ndata: ${JSON.stringify(presentJob(row, now))}\n\n`;
    for (const follower of this.followers) if (changed || follower.is_new) follower.give(event);
  }

  beat(): void {
    for (const follower of this.followers) follower.giveUnlessWaiting(HEARTBEAT);
  }
}

/** One who follows a job: holds the newest event that was not taken yet. */
class Follower {
  is_new = true;
  private waiting: string | undefined;
  private closed = false;
  private failure: Error | undefined;
  private resume: (() => void) | undefined;

  /** The newest event; undefined when there will be none any more. */
  async next(): Promise<string | undefined> {
    if (this.waiting === undefined && !this.closed) await new Promise<void>((resolve) => (this.resume = resolve));
    const event = this.waiting;
    this.waiting = undefined;
    if (event === undefined && this.failure !== undefined) throw this.failure;
    return event;
  }

  give(event: string): void {
    this.is_new = false;
    this.waiting = event;
    this.resume?.();
  }

  giveUnlessWaiting(event: string): void {
    if (this.waiting === undefined) this.give(event);
  }

  /** Nothing more comes, because of an error where one is given. */
  close(failure?: Error): void {
    this.closed = true;
    this.failure ??= failure;
    this.resume?.();
  }
}

/** What was heard of a job since it was last read: a new state ends the wait at once, mere progress after the interval. */
class ProgressSignal {
  private arrived = false;
  private urgent = false;
  private resume: ((heard: boolean) => void) | undefined;
  private interval: NodeJS.Timeout | undefined;
  private silence: NodeJS.Timeout | undefined;

  notify(urgent: boolean): void {
    this.arrived = true;
    this.urgent ||= urgent;
    this.settle();
  }

  /** Resolves with true when there is news, with false after `silence_ms` without any. */
  next(silence_ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      this.resume = resolve;
      this.silence = setTimeout(() => this.end(false), silence_ms);
      this.interval = setTimeout(() => {
        this.interval = undefined;
        this.settle();
      }, PROGRESS_INTERVAL_MS);
      this.settle();
    });
  }

  private settle(): void {
    if (this.urgent || (this.arrived && this.interval === undefined)) this.end(true);
  }

  private end(heard: boolean): void {
    if (!this.resume) return;
    clearTimeout(this.interval);
    clearTimeout(this.silence);
    this.arrived = false;
    this.urgent = false;
    this.resume(heard);
    this.resume = undefined;
  }
}
