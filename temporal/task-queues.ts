/**
 * Task queues by who waits for their tasks and what the tasks wait for. Each has slots of its own (`worker-slots.ts`), so that
 * what hangs or fails on one queue holds no slot of another.
 */
import { BILLING_SOURCES } from '../domain/billing/billing-event';
import { taskQueueName } from '../workflows/task-queue-name';

export interface TaskQueues {
  /** Workflows, and commands, for which a person waits. */
  contracts: string;
  /** Boundaries that are due and billing events that say enough by themselves: one at a time for each contract. */
  settling: string;
  /** Short steps of jobs and test clocks that did not succeed beside their workflows (`workflows/short-activity.ts`). */
  steps: string;
  /** Questions of the sweep to billing systems, and those of runs of the version before. */
  billing: string;
  /** Questions to one billing system each: one that gives no answer delays no other. */
  billingSources: string[];
  /** The sweep, which goes on when all of the others are busy. */
  sweep: string;
  /** Ranges of chunks. */
  generation: string;
  /** Contracts of a test clock settle, and the advance waits for them. */
  clocks: string;
}

export function taskQueues(prefix: string): TaskQueues {
  const contracts = `${prefix}-contracts`;
  return {
    contracts,
    settling: taskQueueName(contracts, 'settling'),
    steps: taskQueueName(contracts, 'steps'),
    billing: taskQueueName(contracts, 'billing'),
    billingSources: BILLING_SOURCES.map((source) => taskQueueName(contracts, `billing-${source}`)),
    sweep: taskQueueName(contracts, 'sweep'),
    generation: `${prefix}-generation`,
    clocks: `${prefix}-clocks`,
  };
}
