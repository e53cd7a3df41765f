/**
 * How many tasks of each kind a worker runs at the same time, and how many connections to Postgres they need.
 *
 * An activity can hold a connection while it waits for a row lock. So each slot has its own connection, and no command waits for a
 * connection because other activities hold all of them.
 */
import { Worker } from '@temporalio/worker';
import type { WorkerOptions } from '@temporalio/worker';
import { BATCH_CONNECTIONS_MAX } from './activities/contract/contract-batch';
import { limitLocalActivities } from './activities/base/local-slots';
import type { Config } from './config';
import { BILLING_SOURCES } from './domain/billing/billing-event';
import type { TaskQueues } from './temporal/task-queues';

/** The number of tasks of each kind that run at the same time. */
export interface WorkerSlots {
  /** Commands. */
  commands: number;
  /** Due boundaries, and billing events that need no query. */
  settling: number;
  /** Batches of contracts. */
  batches: number;
  /** Queries to each billing system, and the changes that follow from them. */
  billing: number;
  /** Endpoints of webhooks, and the same number of those that fail. */
  webhooks: number;
  /** Mails. */
  mail: number;
  /** Sweeps, and the same number of billing queries that sweeps start. */
  sweep: number;
  /** Ranges of chunks. */
  fill: number;
  /** Test clocks that advance. */
  clocks: number;
  /** Short steps of jobs and test clocks as local activities, and the same number as normal activities. */
  steps: number;
}

/** The current batch, and one that has timed out in Temporal but is still running. */
const BATCH_SLOTS = 2;
/** Few slots are enough: each test clock settles many of its contracts at once. */
const CLOCK_SLOTS = 4;
/** The current planning of mails, and one that has timed out in Temporal but is still running. */
const PLANNING_SLOTS = 2;
/** The current sweep, and one that has timed out in Temporal but is still running. */
const SWEEP_SLOTS = 2;
/** The connections of all deliveries of webhooks together. Their statements wait for no row. */
export const WEBHOOK_CONNECTIONS = 4;
/** More than workflow tasks run at the same time: no local activity waits in the SDK (activities/base/local-slots.ts). */
const LOCAL_ACTIVITIES_MAX = 1_000;
/** The readiness check. */
const OTHER_CONNECTIONS = 1;

type SlotSettings = Pick<
  Config,
  | 'workerCommandSlots'
  | 'workerSettlingSlots'
  | 'workerStepSlots'
  | 'workerBillingSlots'
  | 'workerFillSlots'
  | 'workerWebhookSlots'
  | 'workerMailSlots'
>;

export function workerSlots(config: SlotSettings): WorkerSlots {
  return {
    commands: config.workerCommandSlots,
    settling: config.workerSettlingSlots,
    batches: BATCH_SLOTS,
    billing: config.workerBillingSlots,
    webhooks: config.workerWebhookSlots,
    mail: config.workerMailSlots,
    sweep: SWEEP_SLOTS,
    fill: config.workerFillSlots,
    clocks: CLOCK_SLOTS,
    steps: config.workerStepSlots,
  };
}

/**
 * The size of the connection pool: the configured size, or one connection for each slot. Deliveries of webhooks wait for receivers most of
 * the time, so they have a small pool of their own ({@link WEBHOOK_CONNECTIONS}).
 * @throws Error that names every number when the configured size is too small
 */
export function workerPoolSize(slots: WorkerSlots, given: number | undefined): number {
  const { commands, settling, batches, billing, mail, sweep, fill, clocks, steps } = slots;
  const batch_connections = batches * BATCH_CONNECTIONS_MAX;
  const billing_queries = billing * BILLING_SOURCES.length;
  const needed =
    commands +
    settling +
    batch_connections +
    billing_queries +
    mail +
    PLANNING_SLOTS +
    2 * sweep +
    fill +
    clocks +
    2 * steps +
    OTHER_CONNECTIONS;
  if (given === undefined || given >= needed) return given ?? needed;
  throw new Error(
    `DATABASE_POOL_SIZE is ${given}, but the slots of this worker need ${needed} connections: ` +
      `${commands} for commands (WORKER_COMMAND_SLOTS), ${settling} for boundaries (WORKER_SETTLING_SLOTS), ` +
      `${2 * steps} for short steps (WORKER_STEP_SLOTS, as local and as normal activities), ` +
      `${billing_queries} for ${BILLING_SOURCES.length} billing systems (WORKER_BILLING_SLOTS), ${fill} for generation (WORKER_FILL_SLOTS), ` +
      `${mail} for mails (WORKER_MAIL_SLOTS), ${PLANNING_SLOTS} for their planning, ${batch_connections} for batches of contracts, ${2 * sweep} for the sweep, ${clocks} for test clocks and ${OTHER_CONNECTIONS} for readiness. Raise DATABASE_POOL_SIZE, unset it, or lower the slots.`,
  );
}

/**
 * Creates one Temporal worker for each task queue, so that a task that hangs uses no slot of another queue. Each worker has all
 * activities, because a workflow run that started in an earlier version can use another queue for them.
 */
export async function createWorkers(
  shared: Omit<WorkerOptions, 'taskQueue' | 'workflowBundle' | 'workflowsPath'>,
  workflows: Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath' | 'maxCachedWorkflows'>,
  queues: TaskQueues,
  slots: WorkerSlots,
): Promise<Worker[]> {
  const activitiesOnly = (taskQueue: string, count: number): Promise<Worker> =>
    Worker.create({ ...shared, taskQueue, maxConcurrentActivityTaskExecutions: count });
  return [
    await Worker.create({
      ...shared,
      ...workflows,
      taskQueue: queues.contracts,
      maxConcurrentActivityTaskExecutions: slots.commands,
      activities: limitLocalActivities(shared.activities ?? {}, slots.steps),
      maxConcurrentLocalActivityExecutions: LOCAL_ACTIVITIES_MAX,
    }),
    await activitiesOnly(queues.settling, slots.settling),
    await activitiesOnly(queues.batches, slots.batches),
    await activitiesOnly(queues.steps, slots.steps),
    await activitiesOnly(queues.billing, slots.sweep),
    ...(await Promise.all(queues.billingSources.map((queue) => activitiesOnly(queue, slots.billing)))),
    await activitiesOnly(queues.webhooks, slots.webhooks),
    await activitiesOnly(queues.webhooksFailing, slots.webhooks),
    await activitiesOnly(queues.mailPlanning, PLANNING_SLOTS),
    await activitiesOnly(queues.mail, slots.mail),
    await activitiesOnly(queues.sweep, slots.sweep),
    await activitiesOnly(queues.generation, slots.fill),
    await activitiesOnly(queues.clocks, slots.clocks),
  ];
}
