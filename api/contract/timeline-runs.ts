/** The runs of schedules in the timeline of a contract. */
import type { Instant } from '../../domain/base/instant';
import type { ContractState } from '../../domain/contract/facts';
import { mayGenerateIn } from '../../domain/contract/operations';
import { FORECAST_ENTRIES_MAX } from '../../domain/contract/timeline';
import { runsOn } from '../../domain/schedule/calendar';
import type { ScheduleRunRow } from '../../db/schedule/run';
import { listRunningSchedules } from '../../db/schedule/schedule';
import type { Sql } from '../../db/base/database';

export const SCHEDULED_RUN = 'scheduled_run';

interface RunEntry {
  at: Instant;
  kind: typeof SCHEDULED_RUN;
  action: string;
  state: ContractState;
  past: boolean;
  reason: string | null;
  assumes: typeof ENOUGH_QUOTA | null;
  schedule_id: string;
  licenses: number;
}

/** What the forecast of a run assumes. */
export const ENOUGH_QUOTA = 'the quota is enough';

/** A run to come: when, of which schedule, and how many licenses. */
interface RunAhead {
  at: Instant;
  schedule_id: string;
  count: number;
}

export function pastRun(run: ScheduleRunRow): RunEntry {
  const { due_at, outcome, code, contract_state: state, schedule_id, licenses } = run;
  const action = `schedule.run_${outcome}`;
  const entry = { at: due_at, kind: SCHEDULED_RUN, action, state, past: true, reason: code, assumes: null } as const;
  return { ...entry, schedule_id, licenses };
}

/** A run to come, in a contract with this state. The forecast does not count the quota. */
function futureRun({ at, schedule_id, count }: RunAhead, state: ContractState): RunEntry {
  const entry = { at, kind: SCHEDULED_RUN, state, past: false, reason: null, schedule_id } as const;
  return mayGenerateIn(state, { grace_allows_generation: false })
    ? { ...entry, action: 'schedule.run_generated', assumes: ENOUGH_QUOTA, licenses: count }
    : { ...entry, action: 'schedule.run_skipped', assumes: null, licenses: 0 };
}

/** The runs of a contract after one instant and up to another, at most so many as a forecast has entries. */
export async function listRunsAhead(
  sql: Sql,
  { id, timezone, after, until }: { id: string; timezone: string; after: Instant; until: Instant },
): Promise<{ runs: RunAhead[]; cut: boolean }> {
  const schedules = await listRunningSchedules(sql, id);
  const most = FORECAST_ENTRIES_MAX + 1;
  const runs = schedules
    .flatMap((schedule) => {
      const { id: schedule_id, count } = schedule;
      const ahead = runsOn(schedule, timezone, schedule.next_date as string, { most, until });
      return ahead.map(({ at }) => ({ at, schedule_id, count }));
    })
    .filter(({ at }) => at > after)
    .sort(byInstant);
  return { runs: runs.slice(0, FORECAST_ENTRIES_MAX), cut: runs.length > FORECAST_ENTRIES_MAX };
}

/** The entries in order of time. A run comes after the boundaries of its instant. */
export function mergeRuns<Entry extends { at: Instant }>(boundaries: readonly Entry[], runs: readonly RunEntry[]) {
  return [...boundaries, ...runs].sort(byInstant);
}

const byInstant = (a: { at: Instant }, b: { at: Instant }): number => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0);

/** Gives runs to come the state that the boundaries before them leave; `before` is the state now. */
export function futureRuns(
  runs: readonly RunAhead[],
  boundaries: readonly { at: Instant; state: ContractState }[],
  before: ContractState,
): RunEntry[] {
  let state = before;
  let next = 0;
  return runs.map((run) => {
    for (
      let boundary = boundaries[next];
      boundary !== undefined && boundary.at <= run.at;
      boundary = boundaries[++next]
    )
      ({ state } = boundary);
    return futureRun(run, state);
  });
}
