/** Task queues by resource profile: short work on contracts, and the filling of chunks, which takes cores. */

export interface TaskQueues {
  /** Workflows, and activities of one short transaction. */
  contracts: string;
  /** Ranges of chunks: as many at a time as the worker has cores. */
  generation: string;
}

export function taskQueues(prefix: string): TaskQueues {
  return { contracts: `${prefix}-contracts`, generation: `${prefix}-generation` };
}
