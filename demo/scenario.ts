/**
 * What stories share: where they are played, how they are told, and how they look at jobs and workflows.
 *
 * A story is told through HTTP alone as a user would live it. Each step says what it shows and throws StoryError when
 * the API shows something else. Interrupted, a story goes on where it was.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { DevFile } from '../dev/dev-file';
import { ScenarioError, type ScenarioClient } from './client';
import { startProgress, type ScenarioOutput } from './progress';
import { waitFor } from '../dev/waiting';

/** Where a story is played. */
export interface ScenarioContext {
  dataDir: string;
  describe(): Pick<DevFile, 'api_url' | 'temporal_ui_url' | 'super_admin_key' | 'billing_secret' | 'pids'>;
  /** `default` unless given. */
  temporalNamespace?: string | undefined;
}

/** A story: what it leaves behind lets whoever wants look again. */
export interface Scenario<Played extends object = object> {
  /** Its presence in the data directory says that the story was told to its end. */
  file: string;
  run: (stage: ScenarioContext, out: ScenarioOutput) => Promise<Played>;
}

/** Tells a story, step by step. */
export interface ScenarioReporter {
  step: (title: string) => void;
  /** Counts a step that an earlier start has told. */
  skipStep: () => void;
  report: (sentence: string) => void;
}

/** A job as its progress stream shows it. */
export type JobProgress = z.infer<typeof WatchedJob>;
const WatchedJob = z.object({ state: z.string(), completed: z.int(), licenses_per_second: z.number().nullable() });

const Workflow = z.object({
  workflowExecutionInfo: z.object({ status: z.string(), execution: z.object({ runId: z.string() }) }),
});

/** A workflow ends a moment after what it kept. */
const UI_TIMEOUT_MS = 10_000;

/** Plays a story unless this data directory has seen it to its end. */
export async function runScenarioOnce(
  { file, run: play }: Scenario,
  stage: ScenarioContext,
  out: ScenarioOutput,
): Promise<void> {
  const path = join(stage.dataDir, file);
  if (existsSync(path)) return;
  const played = await play(stage, out);
  writeFileSync(path, `${JSON.stringify(played, null, 2)}\n`);
}

/** Begins to tell a story. */
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
 * Shows the progress of a job of `total` licenses until `enough` says so, and answers how the job was then. Throws
 * StoryError when its stream ends before.
 */
export async function watchJob(
  api: ScenarioClient,
  { job_id, total }: { job_id: string; total: number },
  out: ScenarioOutput,
  enough: (job: JobProgress, ended: boolean) => boolean,
): Promise<JobProgress> {
  const display = startProgress(out, total);
  try {
    for await (const { event, data } of api.follow(`/api/v1/jobs/${job_id}/progress`)) {
      const job = WatchedJob.parse(JSON.parse(data));
      display.show(job.completed);
      if (enough(job, event === 'end')) return job;
    }
  } finally {
    display.end();
  }
  throw new ScenarioError(`The progress stream of the job ${job_id} closed too soon.`);
}

/** The address of a workflow's page, once the UI shows it in this status. A UI that runs elsewhere is not asked. */
export async function findInTemporalUi(
  stage: ScenarioContext,
  workflow_id: string,
  status: 'RUNNING' | 'COMPLETED',
): Promise<string> {
  const { temporal_ui_url, pids } = stage.describe();
  const path = `/namespaces/${stage.temporalNamespace ?? 'default'}/workflows/${encodeURIComponent(workflow_id)}`;
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

/** Demands these values of these fields. Throws StoryError, which says what is so and what was to be. */
export function assertFields(found: object, wanted: object, what: string): void {
  const same = Object.entries(wanted).every(([name, value]) => (found as Record<string, unknown>)[name] === value);
  assertThat(same, `${what}: ${JSON.stringify(found)} in place of ${JSON.stringify(wanted)}`);
}

/** Throws StoryError with the sentence unless `holds`. */
export function assertThat(holds: boolean, otherwise: string): void {
  if (!holds) throw new ScenarioError(otherwise);
}

/** A count for people: 2,000. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}
