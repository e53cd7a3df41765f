/**
 * Fills one generation job, chunk by chunk, with none lost and none doubled.
 *
 * Postgres knows which chunks exist; the workflow only sees to it that somebody makes those that are missing, waits while
 * the contract is paused, and closes the job when there is nothing more to try.
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
  /** Which Temporal server this was started on, as far as its starter knew; recorded with the job's row. */
  epoch?: string | undefined;
  /** The first chunk that an earlier run of this workflow did not try. */
  from_chunk?: number;
  /** Chunk numbers given up in an earlier run. */
  given_up?: number[];
}

export interface GenerateLicensesResult {
  state: JobState;
  completed: number;
  requested: number;
}

/** Says that the job or its contract changed: look again. */
export const wakeJobSignal = defineSignal<[request?: WakeRequest]>('wake');

/** Ranges handed out at the same time. */
const RANGES_IN_FLIGHT_MAX = 2;
/** An activity makes a range of chunks: one activity per chunk cost three times the insert itself (bench/). */
const RANGE_CHUNKS_MAX = 20;

/** A range of twenty chunks takes about a second; a heartbeat comes with every chunk. */
const RANGE_TIMEOUT = '10m';
/** What a dead worker had in hand is given to another after this long. Longer than a chunk may wait for a lock (5 s). */
const RANGE_HEARTBEAT_TIMEOUT = '8s';
/** So many failures without an explanation are final. One that passes (db/base/errors.ts) is not counted, nor is a dead worker. */
const RANGE_ATTEMPTS_MAX = 20;

const run = shortActivities<GenerationJobActivities>();

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
    { description: 'Look at the job and its contract again' },
  );
  const goOnAsNew = () => continueAsNew<typeof generateLicenses>({ job_id, from_chunk, given_up: [...given_up] });

  for (;;) {
    woken = false;
    const job = await run('openJob', 'opens the job', { job_id, now: now(), epoch });
    tellOperators(job, attributes);
    switch (job.state) {
      case 'RUNNING': {
        const filled = await fill(job, attributes, from_chunk, given_up);
        from_chunk = filled.stopped ? 0 : filled.next_chunk;
        // Whoever begins again tries all that is missing, and so what was given up.
        if (filled.stopped) given_up.clear();
        else if (from_chunk < job.chunks) await goOnAsNew();
        if (filled.stopped) continue;
        break;
      }
      case 'CANCELLING':
        break;
      case 'PAUSED':
        await condition(() => woken || workflowInfo().continueAsNewSuggested);
        if (workflowInfo().continueAsNewSuggested) await goOnAsNew();
        continue;
      default:
        return { state: job.state, completed: job.completed, requested: job.requested };
    }
    const closed = await close(job, attributes, given_up);
    if (!isUnfinished(closed.state)) return closed;
    // Somebody resumed the job at the moment of its end.
    from_chunk = 0;
    given_up.clear();
  }
}

/**
 * Hands out ranges from a chunk on, until every chunk was tried, the history is long enough (`next_chunk` is then the
 * first that was not tried), or something says to look at the job again (`stopped`).
 */
async function fill(
  job: OpenedJob,
  attributes: SearchAttributeTracker,
  from_chunk: number,
  given_up: Set<number>,
): Promise<{ stopped: boolean; next_chunk: number }> {
  const { fillChunks } = proxyActivities<GenerationJobActivities>({
    taskQueue: job.task_queue,
    startToCloseTimeout: RANGE_TIMEOUT,
    heartbeatTimeout: RANGE_HEARTBEAT_TIMEOUT,
    retry: { initialInterval: '500ms', maximumInterval: '10s' },
  });
  const size = Math.min(RANGE_CHUNKS_MAX, Math.max(1, Math.ceil(job.chunks / RANGES_IN_FLIGHT_MAX)));
  const in_flight = new Set<Promise<void>>();
  let stopped = false;
  let tried = from_chunk;
  const mayHandOut = (from: number): boolean => from < job.chunks && !stopped && !workflowInfo().continueAsNewSuggested;

  let from = from_chunk;
  for (; mayHandOut(from); from += size) {
    const range = {
      job_id: job.job_id,
      from_chunk: from,
      to_chunk: Math.min(from + size, job.chunks),
      now: now(),
      attempts_max: RANGE_ATTEMPTS_MAX,
    };
    const summary = `chunks ${range.from_chunk} to ${range.to_chunk - 1} of ${job.chunks}`;
    const filling: Promise<void> = fillChunks
      .executeWithOptions({ summary }, [range])
      .then((filled: FilledRange) => {
        stopped ||= filled.stopped;
        filled.given_up.forEach((chunk) => given_up.add(chunk));
        tried += range.to_chunk - range.from_chunk;
        if (tried < job.chunks) tellProgress(job, attributes, tried);
      })
      .finally(() => in_flight.delete(filling));
    in_flight.add(filling);
    if (in_flight.size >= RANGES_IN_FLIGHT_MAX) await Promise.race(in_flight);
  }
  await Promise.all(in_flight);
  return { stopped, next_chunk: Math.min(from, job.chunks) };
}

async function close(
  job: OpenedJob,
  attributes: SearchAttributeTracker,
  given_up: Set<number>,
): Promise<GenerateLicensesResult> {
  const closed = await run('closeJob', 'closes the job', {
    job_id: job.job_id,
    contract_id: job.contract_id,
    now: now(),
    given_up: [...given_up],
  });
  setCurrentDetails(`**${closed.state}**: ${closed.completed} of ${job.requested} licenses`);
  attributes.set([...attributes.outdated(contractOf(job)), progress(closed.completed, job.requested)]);
  return { state: closed.state, completed: closed.completed, requested: job.requested };
}

function tellOperators(job: OpenedJob, attributes: SearchAttributeTracker): void {
  setCurrentDetails(`**${job.state}**: ${job.completed} of ${job.requested} licenses`);
  // Progress is set as chunks are made; here it only replaces what a server may have lost.
  const lost = attributes.isUnknown(JOB_PROGRESS) && job.completed > 0 ? [progress(job.completed, job.requested)] : [];
  attributes.set([...attributes.outdated(contractOf(job)), ...lost]);
}

function tellProgress(job: OpenedJob, attributes: SearchAttributeTracker, tried: number): void {
  setCurrentDetails(`**RUNNING**: ${tried} of ${job.chunks} chunks`);
  attributes.set([...attributes.outdated(contractOf(job)), progress(tried, job.chunks)]);
}

function contractOf(job: OpenedJob): WantedAttribute[] {
  return [{ key: CONTRACT_ID, value: job.contract_id }, ...contractNameAttribute(job.contract_name)];
}

/** Percent, rounded down. */
function progress(done: number, of: number): WantedAttribute {
  return { key: JOB_PROGRESS, value: Math.floor((100 * done) / of) };
}

/** The workflow's own clock, so that skipped time and replays tell the same story. */
function now(): string {
  return instantFromMillis(Date.now());
}
