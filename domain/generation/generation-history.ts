/**
 * How the generation history shows a job: the method by which its licenses were asked for and made, and its status.
 *
 * Channel and execution are separate facts of a job (decisions 47). The history of the source has one column for both, in which
 * "Background Job" hides who asked. So a method is a name for a combination of both, and every job has exactly one.
 */
import type { Channel, JobExecution } from '../base/channel';
import type { JobState } from './generation-job';

export const GENERATION_METHODS = ['manual', 'api', 'background_job', 'schedule', 'replenishment', 'import'] as const;

export type GenerationMethod = (typeof GENERATION_METHODS)[number];

/** The method of a job. What a person or a program requests is a background job from 100 licenses on, for every caller. */
export function methodOf(channel: Channel, execution: JobExecution): GenerationMethod {
  if (execution === 'import') return 'import';
  switch (channel) {
    case 'schedule':
      return 'schedule';
    case 'replenish':
      return 'replenishment';
    case 'ui':
      return execution === 'background' ? 'background_job' : 'manual';
    case 'api':
      return execution === 'background' ? 'background_job' : 'api';
  }
}

export const JOB_STATUSES = [
  'queued',
  'running',
  'paused',
  'cancelling',
  'completed',
  'completed_with_errors',
  'failed',
  'cancelled',
] as const;

export type JobStatus = (typeof JOB_STATUSES)[number];

const STATUS_BY_STATE: Record<JobState, JobStatus> = {
  QUEUED: 'queued',
  RUNNING: 'running',
  PAUSED: 'paused',
  CANCELLING: 'cancelling',
  SUCCEEDED: 'completed',
  PARTIAL: 'completed_with_errors',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
};

/** The status that people read (domain.md 5.3): a job that made a part of its licenses is completed with errors. */
export function jobStatus(state: JobState): JobStatus {
  return STATUS_BY_STATE[state];
}
