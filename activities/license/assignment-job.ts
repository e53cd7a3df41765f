/** The activities of `assignLicenses`: they open a job, assign its licenses in batches, and close the job. */
import { Context } from '@temporalio/activity';
import type { Database } from '../../db/base/database';
import type { Instant } from '../../domain/base/instant';
import type { AssignmentState } from '../../domain/license/assignment-job';
import { assignBatch } from '../../transactions/license/assign-batch';
import { closeAssignment, openAssignment } from '../../transactions/license/change-assignment';
import { beginWithShortWaits } from '../base/short-wait';

/** What the workflow knows about its job. */
export interface OpenedAssignment {
  job_id: string;
  state: AssignmentState;
  requested: number;
  assigned: number;
  /** The task queue of `assignBatches`. */
  task_queue: string;
}

export interface AssignmentInput {
  job_id: string;
  now: Instant;
}

export interface OpenAssignmentInput extends AssignmentInput {
  /** The epoch of the server on which the workflow was started, to be recorded. */
  epoch?: string | undefined;
}

/** Batches of one activity: about ten seconds of work, so that operators see the progress. */
const ROUND_BATCHES_MAX = 100;

export type AssignmentActivities = ReturnType<typeof createAssignmentActivities>;

export function createAssignmentActivities({ db, batchTaskQueue }: { db: Database; batchTaskQueue: string }) {
  return {
    /** Sets a queued job running. Safe to run twice. */
    async openAssignment({ job_id, now, epoch }: OpenAssignmentInput): Promise<OpenedAssignment> {
      const job = await beginWithShortWaits(db, (tx) => openAssignment(tx, { job_id, now, epoch }));
      const { state, requested, assigned } = job;
      return { job_id, state, requested, assigned, task_queue: batchTaskQueue };
    },

    /**
     * Runs batches until the job has nothing left to do, is cancelled, or {@link ROUND_BATCHES_MAX} have run. Safe to run twice, also at
     * the same time: each batch begins where the last one that was committed ended.
     */
    async assignBatches({ job_id, now }: AssignmentInput): Promise<{ done: boolean }> {
      const context = Context.current();
      for (let batch = 0; batch < ROUND_BATCHES_MAX; batch++) {
        context.cancellationSignal.throwIfAborted();
        const { done } = await beginWithShortWaits(db, (tx) => assignBatch(tx, job_id, now));
        context.heartbeat();
        if (done) return { done };
      }
      return { done: false };
    },

    /** Ends a job that has nothing left to do. Safe to run twice. */
    async closeAssignment({ job_id, now }: AssignmentInput): Promise<AssignmentState> {
      return beginWithShortWaits(db, (tx) => closeAssignment(tx, job_id, now));
    },
  };
}
