/**
 * Temporal alone: one timer for each contract, all in the same second, and after each timer one activity that does
 * nothing, on a worker with as many slots as the product's.
 */
import { randomUUID } from 'node:crypto';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import pMap from 'p-map';
import { waitFor } from '../dev/waiting';
import { instantFromMillis } from '../domain/base/instant';
import { bareTimer } from './bare-timer-workflow';
import type { BareTimerActivities } from './bare-timer-workflow';
import { waitingForQuery } from './contracts';
import type { MeasuredStack } from './measured-stack';

const STARTED_AT_ONCE = 20;
const SLOTS = 8;
/** The average time limit for each workflow. The measurement fails when it is exceeded. */
const WORKFLOW_MS_MAX = 1_000;

export interface BareTimers {
  /**
   * Starts `count` timers that end `ahead_ms` from now. Returns how long after that instant the last activity
   * completed, in ms, or undefined when the instant was reached before all timers had started.
   */
  run(count: number, ahead_ms: number): Promise<number | undefined>;
  end(): Promise<void>;
}

/** Starts the worker of the bare timers on its own task queue. */
export async function startBareTimers({ temporal, temporal_address }: MeasuredStack): Promise<BareTimers> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const connection = await NativeConnection.connect({ address: temporal_address });
  let passed = 0;
  const activities: BareTimerActivities = { passBoundary: async () => void (passed += 1) };
  const worker = await Worker.create({
    connection,
    namespace: temporal.options.namespace,
    taskQueue: `bench-timers-${randomUUID()}`,
    workflowsPath: require.resolve('./bare-timer-workflow'),
    activities,
    maxConcurrentActivityTaskExecutions: SLOTS,
  });
  const running = worker.run();
  const { taskQueue } = worker.options;

  return {
    async run(count, ahead_ms) {
      const workflow_ids = Array.from({ length: count }, () => `bench-timer:${randomUUID()}`);
      const boundary_ms = Date.now() + ahead_ms;
      const boundary = instantFromMillis(boundary_ms);
      passed = 0;
      await pMap(
        workflow_ids,
        (workflowId) => temporal.workflow.start(bareTimer, { workflowId, taskQueue, args: [{ boundary_ms }] }),
        { concurrency: STARTED_AT_ONCE },
      );
      const all_wait = await waitFor(
        async () => {
          if (Date.now() >= boundary_ms) return 'no';
          const waiting = await temporal.workflow.count(`WorkflowType = 'bareTimer' AND ${waitingForQuery(boundary)}`);
          return waiting.count === count && 'yes';
        },
        { timeout_ms: ahead_ms + WORKFLOW_MS_MAX, what: 'every timer to run' },
      );
      await waitFor(() => passed === count, {
        timeout_ms: ahead_ms + count * WORKFLOW_MS_MAX,
        interval_ms: 10,
        what: 'every timer to end',
      });
      return all_wait === 'yes' ? Date.now() - boundary_ms : undefined;
    },
    async end() {
      worker.shutdown();
      await running;
      await connection.close();
    },
  };
}
