/**
 * The schedule of the sweep, and what it remembers: the epoch, and where the search attributes were when it began.
 *
 * A new epoch makes the sweep wake every open contract and job once. There is one when the schedule is created, because a
 * server without it has lost its workflows, and one when values of search attributes may have been lost.
 */
import { randomUUID } from 'node:crypto';
import { ScheduleAlreadyRunning, ScheduleNotFoundError, ScheduleOverlapPolicy } from '@temporalio/client';
import type { Client, ScheduleDescription } from '@temporalio/client';
import { sweep } from '../workflows/sweep';
import { SWEEP_SCHEDULE_ID } from './ids';
import type { TaskQueues } from './task-queues';

const SWEEP_INTERVAL = '1 minute';
/** Sweeps missed during an outage are not made up for: one sees everything. */
const SWEEP_CATCHUP_WINDOW = '1 minute';
/** In the memo of each sweep. */
const ATTRIBUTES_MEMO = 'search_attributes';

export interface SweepSchedule {
  /** Rows that were last started under another epoch are started again; null when the schedule is not of our making. */
  epoch: string | null;
  /** What `recordOf` (setup.ts) said of the search attributes; undefined when nothing was recorded. */
  search_attributes: string | undefined;
}

/** The schedule, or undefined when the server has none. Throws when the server is out of reach. */
export async function findSweepSchedule(client: Client): Promise<SweepSchedule | undefined> {
  try {
    return readSweepSchedule(await client.schedule.getHandle(SWEEP_SCHEDULE_ID).describe());
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined;
    throw error;
  }
}

/** What a description of the schedule says. Schedules of older versions have the epoch in their own memo alone. */
export function readSweepSchedule({ action, memo }: Pick<ScheduleDescription, 'action' | 'memo'>): SweepSchedule {
  const [input] = (action.args ?? []) as Partial<{ epoch: unknown } | null>[];
  const epoch = textOf(input?.epoch) ?? textOf(memo?.['epoch']) ?? null;
  return { epoch, search_attributes: textOf(action.memo?.[ATTRIBUTES_MEMO]) };
}

/** Creates the schedule with a fresh epoch; false when another process was faster. */
export async function createSweepSchedule(
  client: Client,
  taskQueues: TaskQueues,
  search_attributes: string | undefined,
): Promise<boolean> {
  try {
    await client.schedule.create({
      scheduleId: SWEEP_SCHEDULE_ID,
      ...definition(taskQueues, { epoch: randomUUID(), search_attributes }),
      // The first sweep at once: a server that is new may have everything to catch up on.
      state: { triggerImmediately: true },
    });
    return true;
  } catch (error) {
    if (error instanceof ScheduleAlreadyRunning) return false;
    throw error;
  }
}

/** Records where the search attributes are now; with `newEpoch`, every open contract and job is woken by the next sweeps. */
export async function updateSweepSchedule(
  client: Client,
  taskQueues: TaskQueues,
  search_attributes: string,
  { newEpoch }: { newEpoch: boolean },
): Promise<void> {
  await client.schedule.getHandle(SWEEP_SCHEDULE_ID).update((current) => {
    const epoch = newEpoch ? null : readSweepSchedule(current).epoch;
    // An operator's pause stays.
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
      staticSummary: 'Wakes what is due and has no live workflow',
      memo: search_attributes === undefined ? {} : { [ATTRIBUTES_MEMO]: search_attributes },
    },
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
