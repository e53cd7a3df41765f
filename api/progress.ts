/**
 * The progress of generation jobs as it happens: one LISTEN connection per process, however many watch.
 *
 * A notification only says which job went on; what is shown is read from the job's rows. A watcher that is slower than
 * the job skips states and never falls behind.
 */
import { PROGRESS_CHANNEL } from '../db/generation-job';
import type { Database } from '../db/index';

type OnProgress = (state_changed: boolean) => void;

export interface ProgressFeed {
  /** Calls `onProgress` whenever the job went on, with whether its state changed, until the returned function is called. */
  watch(job_id: string, onProgress: OnProgress): Promise<() => void>;
}

export function createProgressFeed(db: Database): ProgressFeed {
  const watchers = new Map<string, Set<OnProgress>>();
  let listening: Promise<unknown> | undefined;

  const tell = (payload: string): void => {
    const state_changed = payload.endsWith('!');
    watchers.get(state_changed ? payload.slice(0, -1) : payload)?.forEach((onProgress) => onProgress(state_changed));
  };
  // After a broken connection anything may have been missed: everybody looks once.
  const tellAll = (): void => watchers.forEach((set) => set.forEach((onProgress) => onProgress(true)));

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
