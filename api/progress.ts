/**
 * The progress of generation jobs as it happens: one LISTEN connection per process, however many watch.
 *
 * A notification only says which job went on; what is shown is read from the job's rows. A watcher that is slower than
 * the job skips states and never falls behind.
 */
import { PROGRESS_CHANNEL } from '../db/generation-job';
import type { Database } from '../db/index';

export interface ProgressFeed {
  /** Calls `onProgress` whenever the job went on, until the returned function is called. */
  watch(job_id: string, onProgress: () => void): Promise<() => void>;
}

export function createProgressFeed(db: Database): ProgressFeed {
  const watchers = new Map<string, Set<() => void>>();
  let listening: Promise<unknown> | undefined;

  const tell = (job_id: string): void => watchers.get(job_id)?.forEach((onProgress) => onProgress());
  // After a broken connection anything may have been missed: everybody looks once.
  const tellAll = (): void => watchers.forEach((_set, job_id) => tell(job_id));

  return {
    async watch(job_id, onProgress) {
      const set = watchers.get(job_id) ?? new Set();
      watchers.set(job_id, set.add(onProgress));
      listening ??= db.listen(PROGRESS_CHANNEL, tell, tellAll);
      const stop = (): void => {
        set.delete(onProgress);
        if (set.size === 0 && watchers.get(job_id) === set) watchers.delete(job_id);
      };
      try {
        await listening;
      } catch (error) {
        listening = undefined;
        stop();
        throw error;
      }
      return stop;
    },
  };
}
