/**
 * Makes the licenses of one generation job, chunk by chunk: every chunk exactly once.
 *
 * Postgres knows which chunks exist. The workflow runs activities that make the missing ones, waits while the contract is paused,
 * and closes the job when there is nothing left to try.
 */
import {
  condition,
  continueAsNew,
  defineSignal,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { FilledRange, GenerationJobActivities, OpenedJob } from '../activities/generation/generation-job';
import { isUnfinished } from '../domain/generation/generation-job';
import type { JobState } from '../domain/generation/generation-job';
import { instantFromMillis } from '../domain/base/instant';
import { contractNameAttribute, trackSearchAttributes } from './search-attribute-tracker';
import type { SearchAttributeTracker, WantedAttribute } from './search-attribute-tracker';
import type { WakeRequest } from '../activities/ports';
import { CONTRACT_ID, JOB_PROGRESS } from './search-attributes';
import { shortActivities } from './short-activity';

export interface GenerateLicensesInput {
  job_id: string;
  /** The Temporal server on which the workflow was started, as far as the starter knew; recorded with the job's row. */
  epoch?: string | undefined;
  /** The first chunk that the earlier runs of this workflow did not try. */
  from_chunk?: number;
  /** The numbers of the chunks that earlier runs gave up. */
  given_up?: number[];
}

export interface GenerateLicensesResult {
  state: JobState;
  completed: number;
  requested: number;
}

/** The job or its contract was changed by another process: read the job again. */
export const wakeJobSignal = defineSignal<[request?: WakeRequest]>('wake');

/** Ranges that activities fill at the same time. */
const RANGES_IN_FLIGHT_MAX = 2;
/** One activity makes a range of chunks: one activity for each chunk cost three times the insert itself (bench/). */
const RANGE_CHUNKS_MAX = 20;

/** A range of twenty chunks takes about a second, with a heartbeat after every chunk. */
const RANGE_TIMEOUT = '10m';
/** After this long another worker gets the range of a worker that died. Longer than a chunk may wait for a lock (5 s). */
const RANGE_HEARTBEAT_TIMEOUT = '8s';
/**
 * After this many failures for unknown reasons the chunks of a range are given up. Transient errors (`isTransient` in
 * db/base/errors.ts) and workers that died do not count.
 */
const RANGE_ATTEMPTS_MAX = 20;

const runShort = shortActivities<GenerationJobActivities>();

export async function generateLicenses(input: GenerateLicensesInput): Promise<GenerateLicensesResult> {
  const { job_id, epoch } = input;
  const given_up = new Set(input.given_up ?? []);
  let from_chunk = input.from_chunk ?? 0;
  const attributes = trackSearchAttributes();
  let woken = false;
  setHandler(
    wakeJobSignal,
    (request) => {
      woken = true;
      attributes.refreshIfRequested(request);
    },
    { description: 'Read the job and its contract again' },
  );
  const continueInNewRun = () =>
    continueAsNew<typeof generateLicenses>({ job_id, from_chunk, given_up: [...given_up] });

  for (;;) {
    woken = false;
    const job = await runShort('openJob', 'open the job', { job_id, now: now(), epoch });
    showToOperators(job, attributes);
    switch (job.state) {
      case 'RUNNING': {
        const filled = await fillChunks(job, attributes, from_chunk, given_up);
        from_chunk = filled.stopped ? 0 : filled.next_chunk;
        // After a stop the job tries every missing chunk again, also those that were given up.
        if (filled.stopped) given_up.clear();
        else if (from_chunk < job.chunks) await continueInNewRun();
        if (filled.stopped) continue;
        break;
      }
      case 'CANCELLING':
        break;
      case 'PAUSED':
        await condition(() => woken || workflowInfo().continueAsNewSuggested);
        if (workflowInfo().continueAsNewSuggested) await continueInNewRun();
        continue;
      default:
        return { state: job.state, completed: job.completed, requested: job.requested };
    }
    const closed = await closeJob(job, attributes, given_up);
    if (!isUnfinished(closed.state)) return closed;
    // An admin resumed the job just before it was closed.
    from_chunk = 0;
    given_up.clear();
  }
}

/**
 * Fills ranges of chunks from `from_chunk` on. Ends when every chunk was tried; when Temporal suggests to continue in a new run
 * (`next_chunk` is then the first chunk that was not tried); or when the job or its contract stopped generation (`stopped`).
 */
async function fillChunks(
  job: OpenedJob,
  attributes: SearchAttributeTracker,
  from_chunk: number,
  given_up: Set<number>,
): Promise<{ stopped: boolean; next_chunk: number }> {
  const activities = proxyActivities<GenerationJobActivities>({
    taskQueue: job.task_queue,
    startToCloseTimeout: RANGE_TIMEOUT,
    heartbeatTimeout: RANGE_HEARTBEAT_TIMEOUT,
    retry: { initialInterval: '500ms', maximumInterval: '10s' },
  });
  const size = Math.min(RANGE_CHUNKS_MAX, Math.max(1, Math.ceil(job.chunks / RANGES_IN_FLIGHT_MAX)));
  const in_flight = new Set<Promise<void>>();
  let stopped = false;
  let tried = from_chunk;
  const mayStart = (from: number): boolean => from < job.chunks && !stopped && !workflowInfo().continueAsNewSuggested;

  let from = from_chunk;
  for (; mayStart(from); from += size) {
    const range = {
      job_id: job.job_id,
      from_chunk: from,
      to_chunk: Math.min(from + size, job.chunks),
      now: now(),
      attempts_max: RANGE_ATTEMPTS_MAX,
    };
    const summary = `make chunks ${range.from_chunk} to ${range.to_chunk - 1} of ${job.chunks}`;
    const filling: Promise<void> = activities.fillChunks
      .executeWithOptions({ summary }, [range])
      .then((filled: FilledRange) => {
        stopped ||= filled.stopped;
        filled.given_up.forEach((chunk) => given_up.add(chunk));
        tried += range.to_chunk - range.from_chunk;
        if (tried < job.chunks) showProgress(job, attributes, tried);
      })
      .finally(() => in_flight.delete(filling));
    in_flight.add(filling);
    if (in_flight.size >= RANGES_IN_FLIGHT_MAX) await Promise.race(in_flight);
  }
  await Promise.all(in_flight);
  return { stopped, next_chunk: Math.min(from, job.chunks) };
}

async function closeJob(
  job: OpenedJob,
  attributes: SearchAttributeTracker,
  given_up: Set<number>,
): Promise<GenerateLicensesResult> {
  const closed = await runShort('closeJob', 'close the job', {
    job_id: job.job_id,
    contract_id: job.contract_id,
    now: now(),
    given_up: [...given_up],
  });
  setCurrentDetails(`**${closed.state}**: ${closed.completed} of ${job.requested} licenses`);
  attributes.set([
    ...attributes.findOutdated(contractAttributes(job)),
    progressAttribute(closed.completed, job.requested),
  ]);
  return { state: closed.state, completed: closed.completed, requested: job.requested };
}

function showToOperators(job: OpenedJob, attributes: SearchAttributeTracker): void {
  setCurrentDetails(`**${job.state}**: ${job.completed} of ${job.requested} licenses`);
  // Progress is set while chunks are made. Here it is set only when the server may have lost it.
  const may_be_lost = attributes.isUnknown(JOB_PROGRESS) && job.completed > 0;
  const progress = may_be_lost ? [progressAttribute(job.completed, job.requested)] : [];
  attributes.set([...attributes.findOutdated(contractAttributes(job)), ...progress]);
}

function showProgress(job: OpenedJob, attributes: SearchAttributeTracker, tried: number): void {
  setCurrentDetails(`**RUNNING**: ${tried} of ${job.chunks} chunks`);
  attributes.set([...attributes.findOutdated(contractAttributes(job)), progressAttribute(tried, job.chunks)]);
}

function contractAttributes(job: OpenedJob): WantedAttribute[] {
  return [{ key: CONTRACT_ID, value: job.contract_id }, ...contractNameAttribute(job.contract_name)];
}

/** Percent, rounded down. */
function progressAttribute(done: number, of: number): WantedAttribute {
  return { key: JOB_PROGRESS, value: Math.floor((100 * done) / of) };
}

/** The workflow's own time: it follows skipped time, and a replay repeats it. */
function now(): string {
  return instantFromMillis(Date.now());
}
