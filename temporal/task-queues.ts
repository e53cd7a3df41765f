/**
 * Task queues by resource profile: short work on contracts, the filling of chunks, which takes cores, and the telling of
 * test clocks, which waits for contracts and must hold none of their slots.
 */

export interface TaskQueues {
  /** Workflows, and activities of one short transaction. */
  contracts: string;
  /** Ranges of chunks: as many at a time as the worker has cores. */
  generation: string;
  /** Contracts of a test clock are told of it, and waited for. */
  clocks: string;
}

export function taskQueues(prefix: string): TaskQueues {
  return { contracts: `${prefix}-contracts`, generation: `${prefix}-generation`, clocks: `${prefix}-clocks` };
}
