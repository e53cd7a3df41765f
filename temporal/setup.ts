/**
 * What a Temporal server needs before Covenant runs on it: search attributes and the sweep's schedule.
 *
 * Idempotent, and run again whenever readiness is asked and the schedule is missing: a running worker does not notice
 * that its server was replaced by an empty one.
 */
import { randomUUID } from 'node:crypto';
import { ScheduleAlreadyRunning, ScheduleNotFoundError, ScheduleOverlapPolicy } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import { sweep } from '../workflows/sweep';
import { SWEEP_SCHEDULE_ID } from './ids';
import { addSearchAttributes, findSearchAttributes } from './search-attributes';
import type { TaskQueues } from './task-queues';

const SWEEP_INTERVAL = '1 minute';
/** Sweeps missed during an outage are not made up for: one sees everything. */
const SWEEP_CATCHUP_WINDOW = '1 minute';

/** Registers what is missing; answers what it had to add. Throws when an attribute exists with another type. */
export async function setUpTemporal(
  client: Client,
  taskQueues: TaskQueues,
): Promise<{ search_attributes: string[]; schedule: boolean }> {
  const search_attributes = await registerSearchAttributes(client);
  const schedule = await createSweepSchedule(client, taskQueues);
  return { search_attributes, schedule };
}

/** Whether the server is reachable and set up. */
export async function isSetUp(client: Client): Promise<boolean> {
  try {
    await client.schedule.getHandle(SWEEP_SCHEDULE_ID).describe();
    return true;
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return false;
    throw error;
  }
}

/** Adds the search attributes the namespace lacks and checks the types of those it has. */
export async function registerSearchAttributes(client: Client): Promise<string[]> {
  const { namespace } = client.options;
  const attributes = await findSearchAttributes(client);
  // The server takes a changed type without a word, and the workflows that use it then stand still.
  const conflicting = attributes.filter(({ wanted, found }) => found !== undefined && found !== wanted);
  if (conflicting.length > 0) {
    const names = conflicting.map(({ name, wanted, found }) => `${name} (${found}, not ${wanted})`).join(', ');
    throw new Error(
      `Search attributes of the namespace ${namespace} have another type than Covenant needs: ${names}. Remove them or use another namespace.`,
    );
  }
  const missing = attributes.filter(({ found }) => found === undefined);
  if (missing.length > 0) await addSearchAttributes(client, missing);
  return missing.map(({ name }) => name);
}

/** Creates the sweep's schedule with a fresh epoch, unless there is one. */
async function createSweepSchedule(client: Client, taskQueues: TaskQueues): Promise<boolean> {
  if (await isSetUp(client)) return false;
  const epoch = randomUUID();
  try {
    await client.schedule.create({
      scheduleId: SWEEP_SCHEDULE_ID,
      memo: { epoch },
      spec: { intervals: [{ every: SWEEP_INTERVAL }] },
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: SWEEP_CATCHUP_WINDOW },
      action: {
        type: 'startWorkflow',
        workflowType: sweep,
        workflowId: 'sweep',
        taskQueue: taskQueues.contracts,
        args: [{ epoch }],
        staticSummary: 'Wakes what is due and has no live workflow',
      },
      // The first sweep at once: a server that is new may have everything to catch up on.
      state: { triggerImmediately: true },
    });
    return true;
  } catch (error) {
    if (error instanceof ScheduleAlreadyRunning) return false;
    throw error;
  }
}
