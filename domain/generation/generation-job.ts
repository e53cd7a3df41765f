/**
 * A generation job: one request for licenses, its states, and the arithmetic of its chunks (domain.md 5.3).
 *
 * A job of `requested` licenses is cut into chunks; chunk `n` (from 0) holds the ordinals
 * `n × chunk_size + 1 … (n + 1) × chunk_size`, the last one what is left. A chunk exists or it does not: that is what
 * makes a repeated, crashed or doubled activity harmless, and a resumed job fill exactly what is missing.
 */
import { refuse } from '../base/refusal';
import type { Refusal } from '../base/refusal';

export const JOB_STATES = [
  'QUEUED',
  'RUNNING',
  'PAUSED',
  'CANCELLING',
  'SUCCEEDED',
  'PARTIAL',
  'FAILED',
  'CANCELLED',
] as const;
export type JobState = (typeof JOB_STATES)[number];

/** States in which a job still holds its reservation. */
export const UNFINISHED_JOB_STATES: readonly JobState[] = ['QUEUED', 'RUNNING', 'PAUSED', 'CANCELLING'];

/** From this count a request is a background job (domain.md 5.3: exactly 100 is queued). */
export const BACKGROUND_FROM_LICENSES = 100;

/** The largest single request: ordinals fill the lower 24 bits of a license's id. */
export const REQUEST_LICENSES_MAX = 10_000_000;

/** Test licenses a draft may give in all, and how long they live (C3). */
export const TEST_LICENSES_MAX = 5;
export const TEST_LICENSE_PERIOD = 'P7D';

/** Rows of one insert statement. From 500 to 5,000 Postgres does not mind; larger chunks cost the orchestrator less. */
export const CHUNK_LICENSES_MAX = 5_000;
export const CHUNK_LICENSES_MIN = 100;
/** A job has at least this many chunks where it can, so that progress shows and a pause takes effect soon. */
const CHUNKS_AIMED_AT = 20;

/** The chunk size for a request. */
export function chunkSizeFor(requested: number): number {
  return Math.min(CHUNK_LICENSES_MAX, Math.max(CHUNK_LICENSES_MIN, Math.ceil(requested / CHUNKS_AIMED_AT)));
}

/** How many chunks a job has. */
export function chunkCount(requested: number, chunk_size: number): number {
  return Math.ceil(requested / chunk_size);
}

/** Errors kept with a job, at most (domain.md 5.3). */
export const JOB_ERRORS_MAX = 100;

/** The first ordinal and the size of one chunk. */
export function chunkSpan(
  requested: number,
  chunk_size: number,
  chunk_no: number,
): { from_ordinal: number; licenses: number } {
  const before = chunk_no * chunk_size;
  return { from_ordinal: before + 1, licenses: Math.min(chunk_size, requested - before) };
}

/** Whole percent done, never rounded up to 100 before the end. */
export function percentOf(completed: number, requested: number): number {
  return Math.floor((100 * completed) / requested);
}

export function isUnfinished(state: JobState): boolean {
  return UNFINISHED_JOB_STATES.includes(state);
}

/** How a job ends that has nothing more to try. */
export function finalState(state: JobState, completed: number, requested: number): JobState {
  if (state === 'CANCELLING') return 'CANCELLED';
  if (completed === requested) return 'SUCCEEDED';
  return completed > 0 ? 'PARTIAL' : 'FAILED';
}

/** Cancelling leaves what was made; a finished job has nothing to cancel. `unchanged` when it is already under way. */
export function cancelDecision(state: JobState): 'CANCELLING' | 'unchanged' | Refusal {
  if (state === 'CANCELLING') return 'unchanged';
  return isUnfinished(state) ? 'CANCELLING' : refuse('JOB_ALREADY_FINISHED', { state });
}

/** Resuming fills the missing ordinals of a job that ended short; the caller must claim quota for them again. */
export function resumeDecision(state: JobState): 'QUEUED' | Refusal {
  if (state === 'PARTIAL' || state === 'FAILED') return 'QUEUED';
  const remedies: Partial<Record<JobState, string>> = {
    PAUSED: 'It continues by itself when its contract is active again.',
    CANCELLED: 'Ask for new licenses instead.',
    SUCCEEDED: 'All its licenses exist.',
  };
  return refuse('JOB_NOT_RESUMABLE', { state, remedy: remedies[state] ?? 'It is still at work.' });
}

/** What a contract says about its jobs: they generate, they wait, or the contract is over. */
export type GenerationOutlook = 'generate' | 'wait' | 'over';

const OPENED = { generate: 'RUNNING', wait: 'PAUSED', over: 'CANCELLING' } as const;

/** The state of a job by what its contract says; `unchanged` for one that has ended or is being cancelled. */
export function openDecision(state: JobState, outlook: GenerationOutlook): JobState | 'unchanged' {
  return isUnfinished(state) && state !== 'CANCELLING' ? OPENED[outlook] : 'unchanged';
}

/** The audit action of a job that goes from one state to another. */
export function jobAction(from: JobState, to: JobState): string {
  switch (to) {
    case 'RUNNING':
      return from === 'PAUSED' ? 'job.continued' : 'job.started';
    case 'PAUSED':
      return 'job.paused';
    case 'CANCELLING':
      return 'job.cancel_requested';
    case 'QUEUED':
      return 'job.resumed';
    default:
      return 'job.finished';
  }
}
