/** The activities of operations on licenses: they open a job, change its licenses in batches, and close the job. */
import { Context } from '@temporalio/activity';
import type { Database } from '../../db/base/database';
import { notifyOperationProgress } from '../../db/license/license-operation';
import type { Instant } from '../../domain/base/instant';
import type { LicenseOperationKind, LicenseOperationState } from '../../domain/license/license-operation';
import { closeOperation, openOperation } from '../../transactions/license/change-operation';
import { runBatch } from '../../transactions/license/operation-batch';
import { beginWithShortWaits } from '../base/short-wait';

/** What the workflow knows about its job. */
export interface OpenedOperation {
  job_id: string;
  kind: LicenseOperationKind;
  state: LicenseOperationState;
  requested: number;
  done: number;
  /** The task queue of `runBatches`. */
  task_queue: string;
}

export interface OperationInput {
  job_id: string;
  now: Instant;
}

export interface OpenOperationInput extends OperationInput {
  /** The epoch of the server on which the workflow was started, to be recorded. */
  epoch?: string | undefined;
}

/** Batches of one activity: about ten seconds of work, so that operators see the progress. */
const ROUND_BATCHES_MAX = 100;

/** The interval between two notifications of progress streams. */
const PROGRESS_INTERVAL_MS = 500;

export type LicenseOperationActivities = ReturnType<typeof createLicenseOperationActivities>;

export function createLicenseOperationActivities({ db, batchTaskQueue }: { db: Database; batchTaskQueue: string }) {
  /** Sets a queued job running. Safe to run twice. */
  async function open({ job_id, now, epoch }: OpenOperationInput): Promise<OpenedOperation> {
    const job = await beginWithShortWaits(db, (tx) => openOperation(tx, { job_id, now, epoch }));
    const { kind, state, requested, done } = job;
    return { job_id, kind, state, requested, done, task_queue: batchTaskQueue };
  }

  /**
   * Runs batches until the job has nothing left to do, is cancelled, or {@link ROUND_BATCHES_MAX} have run. Safe to run twice, also at
   * the same time: each batch begins where the last one that was committed ended.
   */
  async function runBatches({ job_id, now }: OperationInput): Promise<{ done: boolean }> {
    const context = Context.current();
    let notified_at_ms = performance.now();
    for (let batch = 0; batch < ROUND_BATCHES_MAX; batch++) {
      context.cancellationSignal.throwIfAborted();
      const { done } = await beginWithShortWaits(db, (tx) => runBatch(tx, job_id, now));
      context.heartbeat();
      if (done) return { done };
      if (performance.now() - notified_at_ms < PROGRESS_INTERVAL_MS) continue;
      notified_at_ms = performance.now();
      await notifyOperationProgress(db, job_id);
    }
    return { done: false };
  }

  /** Ends a job that has nothing left to do. Safe to run twice. */
  async function close({ job_id, now }: OperationInput): Promise<LicenseOperationState> {
    return beginWithShortWaits(db, (tx) => closeOperation(tx, job_id, now));
  }

  return {
    openOperation: open,
    runBatches,
    closeOperation: close,
    // The names under which `assignLicenses` calls them, as its recorded histories show.
    openAssignment: open,
    assignBatches: runBatches,
    closeAssignment: close,
  };
}
