/** The interface of a job queue that is compared with the product. */
import type { BareJob } from './bare-loop';

/** A running queue. */
export interface PeerQueue {
  /** Enqueues all chunks of the job and resolves when the last one is inserted. */
  run(job: BareJob): Promise<void>;
  end(): Promise<void>;
}
