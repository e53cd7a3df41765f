/** The product end to end: from the HTTP request to the end of the job, as a client observes it. */
import type { ApiClient } from './api-client';

/** One generation job as its client observes it. Durations start when the request is sent. */
export interface ProductRun {
  job_id: string;
  accepted_ms: number;
  ended_ms: number;
  /** On the server's clock: from the insert of the job to its first range, and to its end. */
  started_after_ms: number;
  finished_after_ms: number;
}

interface EndedJob {
  state: string;
  completed: number;
  created_at: string;
  started_at: string;
  finished_at: string;
}

/** Generates licenses in the background and waits for the end. Throws unless all licenses were generated. */
export async function runProductJob(api: ApiClient, contract_id: string, count: number): Promise<ProductRun> {
  const sent = performance.now();
  const { job_id } = await api.post<{ job_id: string }>(`/api/v1/contracts/${contract_id}/generate`, { count });
  const accepted_ms = performance.now() - sent;
  const job = await api.awaitServerSent<EndedJob>(`/api/v1/jobs/${job_id}/progress`, 'end');
  const ended_ms = performance.now() - sent;
  if (job.state !== 'SUCCEEDED' || job.completed !== count) {
    throw new Error(`generation job ${job_id} ended ${job.state} with ${job.completed} of ${count} licenses`);
  }
  const created = Date.parse(job.created_at);
  return {
    job_id,
    accepted_ms,
    ended_ms,
    started_after_ms: Date.parse(job.started_at) - created,
    finished_after_ms: Date.parse(job.finished_at) - created,
  };
}
