/** A nudger for tests that call activities directly. It wakes no workflow, and records what it would wake. */
import type { Nudger } from '../../activities/ports';
import type { Instant } from '../../domain/base/instant';

export interface RecordingNudger {
  nudger: Nudger;
  /** The ids of the jobs to wake, in order. */
  jobs: string[];
  /** The ids of the contracts to wake, in order. */
  contracts: string[];
  /** The moments for which a batch of boundaries is started, in order. */
  moments: Instant[];
}

export function createRecordingNudger(): RecordingNudger {
  const jobs: string[] = [];
  const contracts: string[] = [];
  const moments: Instant[] = [];
  const nudger: Nudger = {
    wakeContracts: async (ids) => (contracts.push(...ids), ids),
    wakeJobs: async (ids) => (jobs.push(...ids), ids),
    wakeOperations: async (operations) => operations.map(({ id }) => id),
    wakePools: async (ids) => ids,
    wakeSchedules: async (ids) => ids,
    wakeLimits: async (ids) => ids,
    wakeEndpoints: async (ids) => ids,
    planNotifications: async () => true,
    wakeNotifications: async (ids) => ids,
    signalBillingEvent: async (id) => [id],
    startBillingBatch: async () => undefined,
    settleDue: async (at) => void moments.push(at),
    wake: async () => undefined,
  };
  return { nudger, jobs, contracts, moments };
}
