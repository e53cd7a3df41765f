/**
 * Shared parts of the scenarios: their context, their report, and how they observe jobs and workflows.
 *
 * A scenario uses only HTTP, like a user. Each step reports what the API answers and throws ScenarioError when the
 * answer is wrong. An interrupted scenario continues where it stopped.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { DevFile } from '../dev/dev-file';
import { ScenarioError, type ScenarioClient } from './client';
import { startProgress, type ScenarioOutput } from './progress';
import { waitFor } from '../dev/waiting';

/** The stack that a scenario runs on. */
export interface ScenarioContext {
  dataDir: string;
  describe(): Pick<
    DevFile,
    'api_url' | 'temporal_ui_url' | 'super_admin_key' | 'billing_secret' | 'pids' | 'mail_url' | 'receiver_url'
  >;
  /** Default: `default`. */
  temporalNamespace?: string | undefined;
}

/** A scenario. Its result identifies what it created. */
export interface Scenario<Result extends object = object> {
  /**
   * This file in the data directory marks a completed scenario. It keeps its name, because existing data directories
   * contain it.
   */
  file: string;
  run: (context: ScenarioContext, out: ScenarioOutput) => Promise<Result>;
}

/** Reports the steps of a scenario. */
export interface ScenarioReporter {
  step: (title: string) => void;
  /** Counts a step that an earlier start completed. */
  skipStep: () => void;
  report: (sentence: string) => void;
}

/** A message of a job's progress stream. */
export type JobProgress = z.infer<typeof JobProgress>;
const JobProgress = z.object({ state: z.string(), completed: z.int(), licenses_per_second: z.number().nullable() });

const Workflow = z.object({
  workflowExecutionInfo: z.object({ status: z.string(), execution: z.object({ runId: z.string() }) }),
});

/** A workflow ends shortly after its job or contract. */
const UI_TIMEOUT_MS = 10_000;

/** Runs a scenario unless it is completed in this data directory. */
export async function runScenarioOnce(
  { file, run }: Scenario,
  context: ScenarioContext,
  out: ScenarioOutput,
): Promise<void> {
  const path = join(context.dataDir, file);
  if (existsSync(path)) return;
  const result = await run(context, out);
  writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`);
}

/** Starts the report of a scenario. */
export function startReport(out: ScenarioOutput, title: string): ScenarioReporter {
  let steps = 0;
  out.write(`${title}\n`);
  return {
    step: (step) => void out.write(`\n${++steps}. ${step}\n`),
    skipStep: () => void (steps += 1),
    report: (sentence) => void out.write(`   ${sentence}\n`),
  };
}

/**
 * Shows the progress of a job of `total` licenses until `until` returns true, and returns the last message. Throws
 * ScenarioError when the stream ends earlier.
 */
export async function watchJob(
  api: ScenarioClient,
  { job_id, total }: { job_id: string; total: number },
  out: ScenarioOutput,
  until: (job: JobProgress, ended: boolean) => boolean,
): Promise<JobProgress> {
  const display = startProgress(out, total);
  try {
    for await (const { event, data } of api.follow(`/api/v1/jobs/${job_id}/progress`)) {
      const job = JobProgress.parse(JSON.parse(data));
      display.show(job.completed);
      if (until(job, event === 'end')) return job;
    }
  } finally {
    display.end();
  }
  throw new ScenarioError(`The progress stream of the job ${job_id} closed too soon.`);
}

/**
 * Waits until the Temporal UI shows a workflow in this status, and returns the address of its page. Does not wait for
 * an external UI.
 */
export async function findInTemporalUi(
  context: ScenarioContext,
  workflow_id: string,
  status: 'RUNNING' | 'COMPLETED',
): Promise<string> {
  const { temporal_ui_url, pids } = context.describe();
  const path = `/namespaces/${context.temporalNamespace ?? 'default'}/workflows/${encodeURIComponent(workflow_id)}`;
  if (pids.temporal === null) return `${temporal_ui_url}${path}`;
  return await waitFor(
    async () => {
      const response = await fetch(`${temporal_ui_url}/api/v1${path}`, { signal: AbortSignal.timeout(UI_TIMEOUT_MS) });
      const { execution, status: shown } = Workflow.parse(await response.json()).workflowExecutionInfo;
      if (shown !== `WORKFLOW_EXECUTION_STATUS_${status}`) return undefined;
      return `${temporal_ui_url}${path}/${execution.runId}/history`;
    },
    { timeout_ms: UI_TIMEOUT_MS, what: `the Temporal UI to show ${workflow_id} as ${status}` },
  );
}

/** Throws ScenarioError with both values unless the fields have these values. */
export function assertFields(found: object, wanted: object, what: string): void {
  const same = Object.entries(wanted).every(([name, value]) => (found as Record<string, unknown>)[name] === value);
  assertThat(same, `${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`);
}

/** Throws ScenarioError with the message unless the condition is true. */
export function assertThat(condition: boolean, message: string): void {
  if (!condition) throw new ScenarioError(message);
}

/** Formats a count with thousands separators: 2,000. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}
