/**
 * All parts of the worker on task queues of their own, with activities that a test may wrap.
 */
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import type { BillingPorts } from '../../activities/billing/billing-event';
import { createActivities } from '../../activities/index';
import type { Database } from '../../db/base/database';
import { createTitleReader } from '../../db/system/operator-title';
import type { CommandOutcome, ContractCommand } from '../../domain/contract/command';
import { createCommandSender } from '../../temporal/command';
import { createStartDescriber } from '../../temporal/describe-start';
import { createNudger } from '../../temporal/nudge';
import type { Nudger, ClockNotifier } from '../../activities/ports';
import type { KnownEpoch } from '../../temporal/start';
import { taskQueues } from '../../temporal/task-queues';
import type { TaskQueues } from '../../temporal/task-queues';
import { createClockNotifier } from '../../temporal/test-clock';
import { createWorkers } from '../../worker-slots';
import type { WorkerSlots } from '../../worker-slots';
import { TEST_ACTOR } from './contract-facts';
import { uniqueTaskQueue, workflowBundle } from './temporal';

/** Longer than the interface waits: commands of these tests have a busy machine to share, and none may expire. */
const COMMAND_TIMEOUT_MS = 25_000;

/** To which workflows of tests link. */
export const TEST_PUBLIC_URL = 'https://covenant.example';

/** As the SDK has by default: no test waits for another's slots. */
const MANY_SLOTS: WorkerSlots = {
  commands: 100,
  settling: 100,
  billing: 100,
  sweep: 100,
  fill: 100,
  clocks: 100,
  steps: 100,
};

export type Activities = ReturnType<typeof createActivities>;

/** What a test puts in place of some activities; the real ones are given. */
export type ActivityOverrides = (real: Activities) => Partial<Activities>;

export interface CovenantWorkerOptions {
  db: Database;
  client: Client;
  nativeConnection: NativeConnection;
  /** New ones unless given. */
  queues?: TaskQueues;
  /** Puts something around the real activities: a fault, a repetition, a gate. */
  wrap?: (activities: Activities) => Activities;
  /** The billing systems that can be asked; none unless given. */
  billingPorts?: BillingPorts;
  /** As many of each kind as the SDK runs by default, unless given. */
  slots?: WorkerSlots;
  /** The epoch of the Temporal server as the starters know it; unknown unless given. */
  epoch?: KnownEpoch;
  /** Whether names stand in Temporal; they do unless given. */
  showNames?: boolean;
  /** Workflows kept in memory; 0 makes every workflow task a replay from the beginning. */
  maxCachedWorkflows?: number;
}

export interface CovenantWorker {
  queues: TaskQueues;
  nudger: Nudger;
  clocks: ClockNotifier;
  activities: Activities;
  /** Sends a command as the interface does; `command_id` is fresh when left out. */
  send(contract_id: string, command: ContractCommand, command_id?: string): Promise<CommandOutcome>;
  stop(): Promise<void>;
}

/** For `wrap`: each call of an activity goes to what is put around it at that moment. */
export function withOverrides(current: () => ActivityOverrides): (real: Activities) => Activities {
  return (real) => {
    const calls = (Object.keys(real) as (keyof Activities)[]).map((name) => [
      name,
      (input: never) => (current()(real)[name] ?? real[name])(input),
    ]);
    return Object.fromEntries(calls) as Activities;
  };
}

/** Starts the workers; a nudge that does not arrive fails the test when the worker is stopped. */
export async function startCovenantWorker(options: CovenantWorkerOptions): Promise<CovenantWorker> {
  const { db, client, nativeConnection, epoch } = options;
  const { showNames = true } = options;
  const queues = options.queues ?? taskQueues(uniqueTaskQueue());
  const describe = createStartDescriber({
    publicUrl: TEST_PUBLIC_URL,
    titles: showNames ? createTitleReader(db) : undefined,
  });
  const lost_nudges: unknown[] = [];
  const nudger = createNudger({
    client,
    taskQueues: queues,
    epoch,
    describe,
    // A server that many test files share, or one that was just started, may be slow to answer.
    timeout_ms: 20_000,
    onFailure: (error) => lost_nudges.push(error),
  });
  const clocks = createClockNotifier(client, queues, epoch, describe);
  const real = createActivities({
    db,
    nudger,
    clocks,
    billingPorts: options.billingPorts ?? new Map(),
    taskQueues: queues,
    showNames,
    // Tests skip time and pass times of their own.
    bound: (now) => Promise.resolve(now),
  });
  const activities = options.wrap?.(real) ?? real;
  const shared = { connection: nativeConnection, namespace: client.options.namespace, activities };
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
      if (lost_nudges.length > 0)
        throw new Error(`${lost_nudges.length} nudges did not arrive`, { cause: lost_nudges[0] });
    },
  };
}
