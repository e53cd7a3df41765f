/** A nudger for tests that call activities directly. It wakes no workflow, and records what it would wake. */
import type { Nudger } from '../../activities/ports';

export interface RecordingNudger {
  nudger: Nudger;
  /** The ids of the jobs to wake, in order. */
  jobs: string[];
  /** The ids of the contracts to wake, in order. */
  contracts: string[];
}

export function createRecordingNudger(): RecordingNudger {
  const jobs: string[] = [];
  const contracts: string[] = [];
  const nudger: Nudger = {
    wakeContracts: async (ids) => (contracts.push(...ids), ids),
    wakeJobs: async (ids) => (jobs.push(...ids), ids),
    signalBillingEvent: async (id) => [id],
    startBillingBatch: async () => undefined,
    settleDue: async () => undefined,
    wake: async () => undefined,
  };
  return { nudger, jobs, contracts };
}
