/** The activities of `runSchedule`: they make the runs of schedules that are due, and keep one Temporal Schedule for each schedule. */
import type { Database } from '../../db/base/database';
import { findContractOfSchedule, findScheduleToPlace, recordPlacement } from '../../db/schedule/schedule';
import type { PlacedSchedule } from '../../db/schedule/schedule';
import type { Instant } from '../../domain/base/instant';
import { shownName } from '../../domain/base/operator-text';
import { runsOn } from '../../domain/schedule/calendar';
import { makeNextRun } from '../../transactions/schedule/run-schedules';
import type { MadeRun } from '../../transactions/schedule/run-schedules';
import { beginWithShortWaits } from '../base/short-wait';
import type { Nudger, ScheduleKeeper } from '../ports';

/** Runs that one attempt makes. The workflow asks for the others. */
const RUNS_MAX = 10;
/** Runs that a Temporal Schedule has ahead. Each run adds the next one, so it goes on even if several of these updates are lost. */
const RUNS_AHEAD = 10;
/** The last instant that a Schedule of Temporal can have. The sweep makes later runs. */
const PLACED_UNTIL: Instant = '2100-12-31T23:59:59.999Z';

interface ScheduleInput {
  schedule_id: string;
  now: Instant;
}

export interface RanSchedule {
  /** The runs that were made or skipped, of all schedules of the contract. */
  runs: MadeRun[];
  /** When the next run of the contract is due; null for a contract without one, and on a test clock, whose advance makes the runs. */
  next_run_at: Instant | null;
  /** Whether more runs are due. */
  has_more: boolean;
}

export type ScheduleActivities = ReturnType<typeof createScheduleActivities>;

export function createScheduleActivities({
  db,
  nudger,
  schedules,
  showNames,
}: {
  db: Database;
  nudger: Nudger;
  schedules: ScheduleKeeper;
  /** Whether the name of the contract may be shown in Temporal. */
  showNames: boolean;
}) {
  return {
    /**
     * Makes the runs of the contract of a schedule that are due, in order, and wakes the workflows of their jobs. Safe to run twice: a run
     * that was made is no longer due.
     */
    async runSchedules({ schedule_id, now }: ScheduleInput): Promise<RanSchedule> {
      const contract_id = await findContractOfSchedule(db, schedule_id);
      if (contract_id === undefined) return { runs: [], next_run_at: null, has_more: false };
      return runDueSchedules(db, nudger, { contract_id, now });
    },

    /**
     * Makes the Temporal Schedule of a schedule follow its next runs. Without one, after the years that Temporal knows, and on
     * a test clock, there is none. Safe to run twice; of two attempts at the same time, the sweep repeats the newer one if the older one
     * came last.
     */
    async placeSchedule({ schedule_id, epoch }: ScheduleInput & { epoch?: string | undefined }): Promise<void> {
      const schedule = await findScheduleToPlace(db, schedule_id);
      if (schedule === undefined) return;
      const { next_date, timezone, test_clock_id, contract_id, revision } = schedule;
      const runs =
        next_date === null || test_clock_id !== null
          ? []
          : runsOn(schedule, timezone, next_date, { most: RUNS_AHEAD, until: PLACED_UNTIL });
      if (runs.length === 0) await schedules.remove(schedule_id);
      else {
        const shown = runs.map(({ date, at }) => ({ at, local: `${date} ${schedule.at} ${timezone}` }));
        await schedules.place({ schedule_id, contract_id, runs: shown, note: noteOf(schedule) });
      }
      await recordPlacement(db, schedule_id, { revision, epoch });
    },
  };

  /** What operators read: "100 licenses each P1M at 09:00 Europe/Berlin: Acme". */
  function noteOf({ count, every, at, timezone, contract_id, contract_name }: PlacedSchedule): string {
    const name = showNames ? shownName(contract_name) : `contract ${contract_id}`;
    return `${count} ${count === 1 ? 'license' : 'licenses'} each ${every} at ${at} ${timezone}: ${name}`;
  }
}

/** Makes the runs of a contract that are due, in order, at most so many. Wakes the workflows of their jobs. */
export async function runDueSchedules(
  db: Database,
  nudger: Pick<Nudger, 'wake'>,
  act: { contract_id: string; now: Instant },
): Promise<RanSchedule> {
  const runs: MadeRun[] = [];
  while (runs.length < RUNS_MAX) {
    const { run, next_run_at, nudge } = await makeNextRun(act, (work) => beginWithShortWaits(db, work));
    await nudger.wake(nudge);
    if (run === null) return { runs, next_run_at, has_more: false };
    runs.push(run);
  }
  return { runs, next_run_at: null, has_more: true };
}
