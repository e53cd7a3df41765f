/**
 * Task queues by what their tasks wait for: Postgres for short work on contracts, cores for the filling of chunks, billing
 * systems for questions to them, and contracts for the advance of a test clock. What waits for one holds no slot of another.
 */
import { billingQueueBeside } from '../workflows/billing-queue';

export interface TaskQueues {
  /** Workflows, and activities of one short transaction. */
  contracts: string;
  /** Activities that ask billing systems, and wait for their answers. */
  billing: string;
  /** Ranges of chunks. */
  generation: string;
  /** Contracts of a test clock settle, and the advance waits for them. */
  clocks: string;
}

export function taskQueues(prefix: string): TaskQueues {
  const contracts = `${prefix}-contracts`;
  return {
    contracts,
    billing: billingQueueBeside(contracts),
    generation: `${prefix}-generation`,
    clocks: `${prefix}-clocks`,
  };
}
