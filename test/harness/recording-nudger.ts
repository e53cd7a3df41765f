/** A nudger for activities that are called by themselves: it wakes nobody, and remembers the jobs it was to wake. */
import type { Nudger } from '../../activities/ports';

export interface RecordingNudger {
  nudger: Nudger;
  /** The jobs that were to be woken, in order. */
  jobs: string[];
}

export function createRecordingNudger(): RecordingNudger {
  const jobs: string[] = [];
  const nudger: Nudger = {
    wakeContracts: async (ids) => ids,
    wakeJobs: async (ids) => (jobs.push(...ids), ids),
    signalBillingEvent: async (id) => [id],
    wake: async () => undefined,
  };
  return { nudger, jobs };
}
