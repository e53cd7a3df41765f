/**
 * How many tasks of each kind a worker runs at a time, and the connections to Postgres that they need.
 *
 * An activity may hold a connection for as long as it waits for a row. So there is one connection for each slot: no command
 * waits for a connection because others hold all of them.
 */
import { Worker } from '@temporalio/worker';
import type { WorkerOptions } from '@temporalio/worker';
import type { Config } from './config';
import { BILLING_SOURCES } from './domain/billing/billing-event';
import type { TaskQueues } from './temporal/task-queues';

/** Tasks of each kind that run at a time. */
export interface WorkerSlots {
  /** Commands. */
  commands: number;
  /** Due boundaries, and billing events that need no question. */
  settling: number;
  /** Questions to each billing system, with what follows from their answers. */
  billing: number;
  /** Sweeps, and as many of the questions that they have asked beside them. */
  sweep: number;
  /** Ranges of chunks. */
  fill: number;
  /** Test clocks whose contracts settle. */
  clocks: number;
  /** Short steps of jobs and test clocks beside their workflows, and as many apart from them. */
  steps: number;
}

/** Each test clock has many of its contracts settle at once. */
const CLOCK_SLOTS = 4;
/** A sweep, and one that Temporal has given up and that has not ended. */
const SWEEP_SLOTS = 2;
/** The readiness check. */
const OTHER_CONNECTIONS = 1;

type SlotSettings = Pick<
  Config,
  'workerCommandSlots' | 'workerSettlingSlots' | 'workerStepSlots' | 'workerBillingSlots' | 'workerFillSlots'
>;

export function workerSlots(config: SlotSettings): WorkerSlots {
  return {
    commands: config.workerCommandSlots,
    settling: config.workerSettlingSlots,
    billing: config.workerBillingSlots,
    sweep: SWEEP_SLOTS,
    fill: config.workerFillSlots,
    clocks: CLOCK_SLOTS,
    steps: config.workerStepSlots,
  };
}

/**
 * The size of the worker's pool: as given, else one connection for each slot.
 * @throws Error with every number in its sentence when the size that was given is too small
 */
export function workerPoolSize(slots: WorkerSlots, given: number | undefined): number {
  const { commands, settling, billing, sweep, fill, clocks, steps } = slots;
  const asking = billing * BILLING_SOURCES.length;
  const needed = commands + settling + asking + 2 * sweep + fill + clocks + 2 * steps + OTHER_CONNECTIONS;
  if (given === undefined || given >= needed) return given ?? needed;
  throw new Error(
    `DATABASE_POOL_SIZE is ${given}, but the slots of this worker need ${needed} connections: ` +
      `${commands} for commands (WORKER_COMMAND_SLOTS), ${settling} for boundaries (WORKER_SETTLING_SLOTS), ` +
      `${2 * steps} for short steps (WORKER_STEP_SLOTS, beside their workflows and apart), ` +
      `${asking} for ${BILLING_SOURCES.length} billing systems (WORKER_BILLING_SLOTS), ${fill} for filling (WORKER_FILL_SLOTS), ` +
      `${2 * sweep} for the sweep, ${clocks} for test clocks and ${OTHER_CONNECTIONS} for readiness. Raise DATABASE_POOL_SIZE, leave it unset, or lower the slots.`,
  );
}

/**
 * One Temporal worker for each task queue, so that what hangs on one takes no slot of another. Every activity is registered
 * with each: a run that began with an earlier version has its activities on the queue of that version.
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
      maxConcurrentLocalActivityExecutions: slots.steps,
    }),
    await activitiesOnly(queues.settling, slots.settling),
    await activitiesOnly(queues.steps, slots.steps),
    await activitiesOnly(queues.billing, slots.sweep),
    ...(await Promise.all(queues.billingSources.map((queue) => activitiesOnly(queue, slots.billing)))),
    await activitiesOnly(queues.sweep, slots.sweep),
    await activitiesOnly(queues.generation, slots.fill),
    await activitiesOnly(queues.clocks, slots.clocks),
  ];
}
