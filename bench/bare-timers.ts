/**
 * Temporal alone: one timer for each contract, all in the same second, and after each timer one activity that does
 * nothing, on a worker with as many slots as the product's.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import pMap from 'p-map';
import { waitFor } from '../dev/waiting';
import { instantFromMillis } from '../domain/base/instant';
import { bareTimer } from './bare-timer-workflow';
import type { BareTimerActivities } from './bare-timer-workflow';
import { waitingForQuery } from './contracts';
import type { LeadTime } from './lead-time';
import type { MeasuredStack } from './measured-stack';
import { showProgress } from './progress';
import { count } from './report';
import type { Report } from './report';

const STARTED_AT_ONCE = 20;
const SLOTS = 8;
/** The average time limit for each workflow. The measurement fails when it is exceeded. */
const WORKFLOW_MS_MAX = 1_000;

export interface BareTimers {
  /**
   * Starts `count` timers that end at one instant, and returns how long after that instant the last activity completed, in ms. If the
   * instant comes before all timers have started, it is repeated with more time.
   */
  run(count: number): Promise<number>;
  end(): Promise<void>;
}

export interface BareTimersOptions {
  lead: LeadTime;
  report: Report;
}

/** Starts the worker of the bare timers on its own task queue. */
export async function startBareTimers(
  { temporal, temporal_address }: MeasuredStack,
  { lead, report }: BareTimersOptions,
): Promise<BareTimers> {
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

  /** Returns undefined when the instant came too early. */
  async function runOnce(timers: number): Promise<number | undefined> {
    const workflow_ids = Array.from({ length: timers }, () => `bench-timer:${randomUUID()}`);
    const begun_ms = Date.now();
    const lead_ms = lead.of(timers);
    const boundary_ms = begun_ms + lead_ms;
    const boundary = instantFromMillis(boundary_ms);
    passed = 0;
    let started = 0;
    const showStarted = showProgress(report, `timers of ${count(timers)} are started`);
    await pMap(
      workflow_ids,
      async (workflowId) => {
        await temporal.workflow.start(bareTimer, { workflowId, taskQueue, args: [{ boundary_ms }] });
        showStarted((started += 1));
      },
      { concurrency: STARTED_AT_ONCE },
    );
    const all_wait = await waitFor(
      async () => {
        if (Date.now() >= boundary_ms) return 'no';
        const waiting = await temporal.workflow.count(`WorkflowType = 'bareTimer' AND ${waitingForQuery(boundary)}`);
        return waiting.count === timers && 'yes';
      },
      { timeout_ms: lead_ms + WORKFLOW_MS_MAX, what: 'every timer to run' },
    );
    if (all_wait === 'yes') lead.measured(timers, Date.now() - begun_ms);
    else lead.tooShort();
    await sleep(Math.max(0, boundary_ms - Date.now()));
    const showPassed = showProgress(report, `timers of ${count(timers)} have passed`);
    await waitFor(
      () => {
        showPassed(passed);
        return passed === timers;
      },
      {
        timeout_ms: timers * WORKFLOW_MS_MAX,
        interval_ms: 10,
        what: 'every timer to end',
      },
    );
    return all_wait === 'yes' ? Date.now() - boundary_ms : undefined;
  }

  return {
    async run(timers) {
      for (;;) {
        const elapsed_ms = await runOnce(timers);
        if (elapsed_ms !== undefined) return elapsed_ms;
        report.progress('  The instant came before every timer had started; the next one is further ahead.');
      }
    },
    async end() {
      worker.shutdown();
      await running;
      await connection.close();
    },
  };
}
