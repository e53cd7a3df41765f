/** A nudger for tests that call activities directly. It wakes no workflow, and records the jobs that it receives. */
import type { Nudger } from '../../activities/ports';

export interface RecordingNudger {
  nudger: Nudger;
  /** The ids of the jobs to wake, in order. */
  jobs: string[];
}

export function createRecordingNudger(): RecordingNudger {
  const jobs: string[] = [];
  const nudger: Nudger = {
    wakeContracts: async (ids) => ids,
    wakeJobs: async (ids) => (jobs.push(...ids), ids),
    signalBillingEvent: async (id) => [id],
    startBillingBatch: async () => undefined,
    settleDue: async () => undefined,
    wake: async () => undefined,
  };
  return { nudger, jobs };
}
