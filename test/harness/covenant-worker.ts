/**
 * Runs the worker on task queues of its own, with activities that a test can replace.
 */
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import type { BillingPorts } from '../../activities/billing/billing-event';
import { createActivities } from '../../activities/index';
import type { SendingDependencies } from '../../activities/notification/sending';
import type { DeliveryDependencies } from '../../activities/webhook/delivery';
import type { Database } from '../../db/base/database';
import { createTitleReader } from '../../db/system/operator-title';
import type { CommandOutcome, ContractCommand } from '../../domain/contract/command';
import { createCommandSender } from '../../temporal/command';
import { createStartDescriber } from '../../temporal/describe-start';
import { createScheduleKeeper } from '../../temporal/generation-schedule';
import { createNudger } from '../../temporal/nudge';
import type { Nudger, ClockNotifier } from '../../activities/ports';
import type { KnownEpoch } from '../../temporal/start';
import { taskQueues } from '../../temporal/task-queues';
import type { TaskQueues } from '../../temporal/task-queues';
import { createClockNotifier } from '../../temporal/test-clock';
import { createWorkers } from '../../worker-slots';
import type { WorkerSlots } from '../../worker-slots';
import { TEST_ACTOR } from './contract-facts';
import { testMails } from './notifications';
import { uniqueTaskQueue, workflowBundle } from './temporal';
import { testDeliveries } from './webhooks';

/** Longer than the API waits: the tests run on a busy machine, and no command may expire. */
const COMMAND_TIMEOUT_MS = 25_000;

/** The origin in the links of workflows in tests. */
export const TEST_PUBLIC_URL = 'https://covenant.example';

/** The SDK's defaults, so that no test waits for a slot. */
const MANY_SLOTS: WorkerSlots = {
  commands: 100,
  settling: 100,
  batches: 100,
  billing: 100,
  sweep: 100,
  fill: 100,
  clocks: 100,
  steps: 100,
  webhooks: 100,
  mail: 100,
};

export type Activities = ReturnType<typeof createActivities>;

/** Returns replacements for some activities. Receives the real activities. */
export type ActivityOverrides = (real: Activities) => Partial<Activities>;

export interface CovenantWorkerOptions {
  db: Database;
  client: Client;
  nativeConnection: NativeConnection;
  /** Default: new task queues. */
  queues?: TaskQueues;
  /** Wraps the real activities, for example with a fault, a repetition or a gate. */
  wrap?: (activities: Activities) => Activities;
  /** The billing systems from which invoices can be fetched. Default: none. */
  billingPorts?: BillingPorts;
  /** How webhooks are delivered. Default: to receivers on this machine. */
  webhooks?: Partial<DeliveryDependencies>;
  /** How mails are sent. Default: not at all. */
  mail?: Partial<SendingDependencies>;
  /** The worker slots. Default: those of the SDK. */
  slots?: WorkerSlots;
  /** The epoch of the Temporal server. Default: unknown. */
  epoch?: KnownEpoch;
  /** Whether Temporal shows names. Default: true. */
  showNames?: boolean;
  /** The number of cached workflows. With 0 every workflow task replays the whole history. */
  maxCachedWorkflows?: number;
  /** Whether it runs no code that a patch guards, like a worker of the version before all patches. Default: false. */
  isOlderVersion?: boolean;
}

export interface CovenantWorker {
  queues: TaskQueues;
  nudger: Nudger;
  clocks: ClockNotifier;
  activities: Activities;
  /** Sends a command as the API does. Default `command_id`: a new one. */
  send(contract_id: string, command: ContractCommand, command_id?: string): Promise<CommandOutcome>;
  stop(): Promise<void>;
}

/** A `wrap` function: each activity call uses the overrides that `current` returns at that moment. */
export function withOverrides(current: () => ActivityOverrides): (real: Activities) => Activities {
  return (real) => {
    const calls = (Object.keys(real) as (keyof Activities)[]).map((name) => [
      name,
      (input: never) => (current()(real)[name] ?? real[name])(input),
    ]);
    return Object.fromEntries(calls) as Activities;
  };
}

/** Starts the workers. `stop` throws when a nudge failed. */
export async function startCovenantWorker(options: CovenantWorkerOptions): Promise<CovenantWorker> {
  const { db, client, nativeConnection, epoch } = options;
  const { showNames = true } = options;
  const queues = options.queues ?? taskQueues(uniqueTaskQueue());
  const describe = createStartDescriber({
    publicUrl: TEST_PUBLIC_URL,
    titles: showNames ? createTitleReader(db) : undefined,
  });
  const failed_nudges: unknown[] = [];
  const nudger = createNudger({
    client,
    taskQueues: queues,
    epoch,
    describe,
    // A server that many test files share, or that has just started, can be slow.
    timeout_ms: 20_000,
    onFailure: (error) => failed_nudges.push(error),
  });
  const clocks = createClockNotifier(client, queues, epoch, describe);
  const real = createActivities({
    db,
    nudger,
    clocks,
    schedules: createScheduleKeeper(client, queues),
    billingPorts: options.billingPorts ?? new Map(),
    webhooks: { ...testDeliveries(db), ...options.webhooks },
    taskQueues: queues,
    webhookRetentionDays: 30,
    mailRetentionDays: 90,
    mail: { ...testMails(db), ...options.mail },
    showNames,
    // Tests skip time and use their own instants.
    limitNow: (now) => Promise.resolve(now),
  });
  const activities = options.wrap?.(real) ?? real;
  const version = options.isOlderVersion ? { patchActivationCallback: () => false } : {};
  const shared = { connection: nativeConnection, namespace: client.options.namespace, activities, ...version };
  const cached = options.maxCachedWorkflows === undefined ? {} : { maxCachedWorkflows: options.maxCachedWorkflows };
  const workflows = { ...cached, workflowBundle: { codePath: workflowBundle() } };
  const workers = await createWorkers(shared, workflows, queues, options.slots ?? MANY_SLOTS);
  const running = Promise.all(workers.map((worker) => worker.run()));
  const clock = async (): Promise<string> => new Date().toISOString();
  const sendCommand = createCommandSender({
    client,
    taskQueues: queues,
    epoch,
    describe,
    clock,
    timeout_ms: COMMAND_TIMEOUT_MS,
  });

  return {
    queues,
    nudger,
    clocks,
    activities,
    send: (contract_id, command, command_id = randomUUID()) =>
      sendCommand(contract_id, {
        command,
        command_id,
        fingerprint: JSON.stringify(command),
        actor_id: TEST_ACTOR.id,
        request_id: `request-${command.name}`,
      }),
    async stop() {
      for (const worker of workers) worker.shutdown();
      await running;
      if (failed_nudges.length > 0)
        throw new Error(`${failed_nudges.length} nudges failed`, { cause: failed_nudges[0] });
    },
  };
}
