/**
 * The schedule of the sweep, and what it stores: the epoch, and where the values of the search attributes were when it was written.
 *
 * A new epoch makes the sweep wake every open contract and job once. The schedule gets a new epoch when it is created, because a server
 * without the schedule has lost its workflows, and when values of search attributes may have been lost.
 */
import { randomUUID } from 'node:crypto';
import { ScheduleAlreadyRunning, ScheduleNotFoundError, ScheduleOverlapPolicy } from '@temporalio/client';
import type { Client, ScheduleDescription } from '@temporalio/client';
import { sweep } from '../workflows/sweep';
import { SWEEP_SCHEDULE_ID } from './ids';
import type { TaskQueues } from './task-queues';

const SWEEP_INTERVAL = '1 minute';
/** Sweeps that were missed during an outage are not repeated: one sweep finds everything. */
const SWEEP_CATCHUP_WINDOW = '1 minute';
/** The key in the memo of each sweep. */
const ATTRIBUTES_MEMO = 'search_attributes';

export interface SweepSchedule {
  /** Rows that were last started under another epoch are started again; null when Covenant did not create the schedule. */
  epoch: string | null;
  /** The record of the search attributes (`recordOf` in setup.ts); undefined when nothing was recorded. */
  search_attributes: string | undefined;
}

/** The schedule; undefined when the server has none. Throws when the server cannot be reached. */
export async function findSweepSchedule(client: Client): Promise<SweepSchedule | undefined> {
  try {
    return readSweepSchedule(await client.schedule.getHandle(SWEEP_SCHEDULE_ID).describe());
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined;
    throw error;
  }
}

/** What a description of the schedule contains. Schedules of older versions have the epoch only in their own memo. */
export function readSweepSchedule({ action, memo }: Pick<ScheduleDescription, 'action' | 'memo'>): SweepSchedule {
  const [input] = (action.args ?? []) as Partial<{ epoch: unknown } | null>[];
  const epoch = textOf(input?.epoch) ?? textOf(memo?.['epoch']) ?? null;
  return { epoch, search_attributes: textOf(action.memo?.[ATTRIBUTES_MEMO]) };
}

/** Creates the schedule with a new epoch; false when another process created it first. */
export async function createSweepSchedule(
  client: Client,
  taskQueues: TaskQueues,
  search_attributes: string | undefined,
): Promise<boolean> {
  try {
    await client.schedule.create({
      scheduleId: SWEEP_SCHEDULE_ID,
      ...definition(taskQueues, { epoch: randomUUID(), search_attributes }),
      // The first sweep runs at once: on a new server every workflow may be missing.
      state: { triggerImmediately: true },
    });
    return true;
  } catch (error) {
    if (error instanceof ScheduleAlreadyRunning) return false;
    throw error;
  }
}

/** Records where the search attributes are now. With `newEpoch` the next sweeps wake every open contract and job. */
export async function updateSweepSchedule(
  client: Client,
  taskQueues: TaskQueues,
  search_attributes: string,
  { newEpoch }: { newEpoch: boolean },
): Promise<void> {
  await client.schedule.getHandle(SWEEP_SCHEDULE_ID).update((current) => {
    const epoch = newEpoch ? null : readSweepSchedule(current).epoch;
    // A schedule that an operator paused stays paused.
    return { ...definition(taskQueues, { epoch: epoch ?? randomUUID(), search_attributes }), state: current.state };
  });
}

function definition({ contracts }: TaskQueues, { epoch, search_attributes }: SweepSchedule & { epoch: string }) {
  return {
    spec: { intervals: [{ every: SWEEP_INTERVAL } as const] },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: SWEEP_CATCHUP_WINDOW } as const,
    action: {
      type: 'startWorkflow' as const,
      workflowType: sweep,
      workflowId: 'sweep',
      taskQueue: contracts,
      args: [{ epoch }] as [{ epoch: string }],
      staticSummary: 'Wakes contracts, jobs and test clocks that are due',
      memo: search_attributes === undefined ? {} : { [ATTRIBUTES_MEMO]: search_attributes },
    },
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
