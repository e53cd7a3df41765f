/**
 * A generation job: one request for licenses, its states, and the arithmetic of its chunks (domain.md 5.3).
 *
 * A job of `requested` licenses is divided into chunks. Chunk `n` (from 0) has the ordinals `n × chunk_size + 1 … (n + 1) ×
 * chunk_size`; the last chunk has the rest. A chunk exists completely or not at all. So an activity that crashes or runs twice
 * does no harm, and a resumed job generates exactly the missing licenses.
 */
import type { JobExecution } from '../base/channel';
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

/** Requests from this size on are background jobs (domain.md 5.3: exactly 100 is queued). */
export const BACKGROUND_FROM_LICENSES = 100;

/** The largest single request: ordinals fill the lower 24 bits of a license's id. */
export const REQUEST_LICENSES_MAX = 10_000_000;

/** The number of test licenses of a draft, and their lifetime (C3). */
export const TEST_LICENSES_MAX = 5;
export const TEST_LICENSE_PERIOD = 'P7D';

/**
 * Rows of one insert statement. From 500 to 5,000 rows Postgres takes the same time for each row; larger chunks need fewer
 * workflow steps.
 */
export const CHUNK_LICENSES_MAX = 5_000;
export const CHUNK_LICENSES_MIN = 100;
/** The intended least number of chunks of a job, so that progress is visible and a pause takes effect soon. */
const CHUNKS_INTENDED_MIN = 20;

/** The chunk size for a request. */
export function chunkSizeFor(requested: number): number {
  return Math.min(CHUNK_LICENSES_MAX, Math.max(CHUNK_LICENSES_MIN, Math.ceil(requested / CHUNKS_INTENDED_MIN)));
}

/** The number of chunks of a job. */
export function chunkCount(requested: number, chunk_size: number): number {
  return Math.ceil(requested / chunk_size);
}

/** The most errors that are stored with a job (domain.md 5.3). */
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

/** The final state of a job that has nothing left to generate. */
export function finalState(state: JobState, completed: number, requested: number) {
  if (state === 'CANCELLING') return 'CANCELLED';
  if (completed === requested) return 'SUCCEEDED';
  return completed > 0 ? 'PARTIAL' : 'FAILED';
}

/** Cancels a job; its licenses stay. `unchanged` when it is already being cancelled; a finished job is refused. */
export function cancelDecision(state: JobState): 'CANCELLING' | 'unchanged' | Refusal {
  if (state === 'CANCELLING') return 'unchanged';
  return isUnfinished(state) ? 'CANCELLING' : refuse('JOB_ALREADY_FINISHED', { state });
}

/** Resumes an incomplete job, which generates the missing ordinals. The caller must claim quota for them again. */
export function resumeDecision(state: JobState, execution: JobExecution = 'background'): 'QUEUED' | Refusal {
  if (execution === 'import')
    return refuse('JOB_NOT_RESUMABLE', {
      state,
      remedy: 'It is an import: use POST /api/v1/contracts/{id}/licenses/import/{import_id}/resume.',
    });
  if (state === 'PARTIAL' || state === 'FAILED') return 'QUEUED';
  const remedies: Partial<Record<JobState, string>> = {
    PAUSED: 'It continues automatically when its contract is active again.',
    CANCELLED: 'Request new licenses instead.',
    SUCCEEDED: 'All its licenses exist.',
  };
  return refuse('JOB_NOT_RESUMABLE', { state, remedy: remedies[state] ?? 'It is still running.' });
}

/** What the jobs of a contract must do: generate, wait, or end because the contract is over. */
export type GenerationOutlook = 'generate' | 'wait' | 'over';

const STATE_BY_OUTLOOK = { generate: 'RUNNING', wait: 'PAUSED', over: 'CANCELLING' } as const;

/** The state of a job according to its contract; `unchanged` for a job that has ended or is being cancelled. */
export function openDecision(state: JobState, outlook: GenerationOutlook): JobState | 'unchanged' {
  return isUnfinished(state) && state !== 'CANCELLING' ? STATE_BY_OUTLOOK[outlook] : 'unchanged';
}

/** The audit action of a change of a job's state. */
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
