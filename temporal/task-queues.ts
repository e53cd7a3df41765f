/**
 * The task queues, divided by who waits for the tasks and by what the tasks wait for. Each has slots of its own (`worker-slots.ts`):
 * activities that hang or fail on one queue hold no slot of another.
 */
import { BILLING_SOURCES } from '../domain/billing/billing-event';
import { taskQueueName } from '../workflows/task-queue-name';

export interface TaskQueues {
  /** Workflows, and commands, for which a person waits. */
  contracts: string;
  /** Boundaries that are due, and billing events that were left to their contract: one at a time for each contract. */
  settling: string;
  /** Batches of contracts: one activity at a time for each batch workflow, which changes several contracts at the same time. */
  batches: string;
  /** Short activities of jobs and test clocks that failed as local activities (`workflows/short-activity.ts`). */
  steps: string;
  /** Questions of the sweep to billing systems, and those of runs of the previous version. */
  billing: string;
  /** Questions to billing systems, one queue for each: a system that gives no answer delays no other. */
  billingSources: string[];
  /** Deliveries to endpoints whose last attempt succeeded, or that were never called. */
  webhooks: string;
  /** Deliveries to endpoints whose last attempts failed: they wait for answers that do not come. */
  webhooksFailing: string;
  /** Planning which mails follow from events: one activity at a time in the installation. */
  mailPlanning: string;
  /** Attempts to send a mail, which wait for the mail server. */
  mail: string;
  /** The sweep, which runs also when all other queues are busy. */
  sweep: string;
  /** Ranges of chunks. */
  generation: string;
  /** The settling of contracts on a test clock, for which the advance waits. */
  clocks: string;
}

export function taskQueues(prefix: string): TaskQueues {
  const contracts = `${prefix}-contracts`;
  return {
    contracts,
    settling: taskQueueName(contracts, 'settling'),
    batches: taskQueueName(contracts, 'batches'),
    steps: taskQueueName(contracts, 'steps'),
    billing: taskQueueName(contracts, 'billing'),
    billingSources: BILLING_SOURCES.map((source) => taskQueueName(contracts, `billing-${source}`)),
    webhooks: taskQueueName(contracts, 'webhooks'),
    webhooksFailing: taskQueueName(contracts, 'webhooks-failing'),
    mailPlanning: taskQueueName(contracts, 'mail-planning'),
    mail: taskQueueName(contracts, 'mail'),
    sweep: taskQueueName(contracts, 'sweep'),
    generation: `${prefix}-generation`,
    clocks: `${prefix}-clocks`,
  };
}
