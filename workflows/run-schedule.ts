/**
 * Makes the runs of one schedule that are due, and lets its Temporal Schedule follow what Postgres says.
 *
 * The Temporal Schedule starts it at the instant of each run; a change of the schedule and the sweep start it too. Postgres decides under
 * the lock of the contract which runs are due, so a second start, a late one or a lost one makes no run twice and loses none.
 */
import { defineSignal, isCancellation, log, setCurrentDetails, setHandler, sleep } from '@temporalio/workflow';
import type { RanSchedule, ScheduleActivities } from '../activities/schedule/schedule';
import { instantFromMillis, millisOf } from '../domain/base/instant';
import { shortActivities } from './short-activity';

export interface RunScheduleInput {
  schedule_id: string;
  /** The epoch of the server on which the workflow was started, to be recorded. Runs of the Temporal Schedule have none. */
  epoch?: string | undefined;
}

/** The schedule was changed, or a run may be due: read it again. */
export const wakeScheduleSignal = defineSignal('wake');

/** Temporal's clock may be ahead of that of Postgres, which decides what is due. A run that is due so soon is awaited. */
const AWAITED_MS_MAX = 10_000;
const CLOCK_BEHIND_WAIT_MS = 250;

/** How long an update of the Temporal Schedule is tried here. The sweep repeats it, and no run that becomes due waits longer for it. */
const PLACEMENT_TIMEOUT_MS = 20_000;

const runShort = shortActivities<ScheduleActivities>();
const placeShort = shortActivities<ScheduleActivities>({ regularTimeoutMs: PLACEMENT_TIMEOUT_MS });

export async function runSchedule({ schedule_id, epoch }: RunScheduleInput): Promise<RanSchedule> {
  let woken: boolean;
  setHandler(wakeScheduleSignal, () => void (woken = true), { description: 'Read the schedule again' });
  for (;;) {
    woken = false;
    const ran = await runShort('runSchedules', 'make the runs that are due', { schedule_id, now: now() });
    setCurrentDetails(details(ran));
    if (ran.has_more) continue;
    await place({ schedule_id, epoch });
    if (woken) continue;
    const wait_ms = ran.next_run_at === null ? Infinity : millisOf(ran.next_run_at) - Date.now();
    if (wait_ms > AWAITED_MS_MAX) return ran;
    await sleep(wait_ms > 0 ? wait_ms : CLOCK_BEHIND_WAIT_MS);
  }
}

/** Updates the Temporal Schedule. A failure ends neither the workflow nor its runs: the sweep starts it again until the update succeeds. */
async function place({ schedule_id, epoch }: RunScheduleInput): Promise<void> {
  try {
    await placeShort('placeSchedule', 'update the Temporal Schedule', { schedule_id, epoch, now: now() });
  } catch (error) {
    if (isCancellation(error)) throw error;
    log.warn('the Temporal Schedule was not updated; the sweep tries it again', { schedule_id, error });
  }
}

function details({ runs, next_run_at }: RanSchedule): string {
  const made = runs.map(({ due_at, outcome, licenses, code }) =>
    outcome === 'skipped' ? `${due_at}: skipped (${code})` : `${due_at}: ${licenses} licenses (${outcome})`,
  );
  const next = next_run_at === null ? 'no next run' : `next run at ${next_run_at}`;
  return [...(made.length === 0 ? ['no run was due'] : made), next].join('; ');
}

/** The workflow's own time: it follows skipped time, and a replay repeats it. */
function now(): string {
  return instantFromMillis(Date.now());
}
