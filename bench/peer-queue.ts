/** What a queue that is measured beside the product offers. */
import type { BareJob } from './bare-loop';

/** A queue that runs and waits for a job's chunks. */
export interface PeerQueue {
  /** Queues all chunks of the job and resolves when the last one is inserted. */
  run(job: BareJob): Promise<void>;
  end(): Promise<void>;
}
