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
  assumes: null;
}

export function pastRun({ due_at, outcome, code, contract_state: state }: ScheduleRunRow): RunEntry {
  const action = `schedule.run_${outcome}`;
  return { at: due_at, kind: SCHEDULED_RUN, action, state, past: true, reason: code, assumes: null };
}

/** A run to come, in a contract with this state. The forecast does not count the quota. */
function futureRun(at: Instant, state: ContractState): RunEntry {
  const is_open = mayGenerateIn(state, { grace_allows_generation: false });
  const action = is_open ? 'schedule.run_generated' : 'schedule.run_skipped';
  return { at, kind: SCHEDULED_RUN, action, state, past: false, reason: null, assumes: null };
}

/** The instants of the runs of a contract after one instant and up to another, at most so many as a forecast has entries. */
export async function listRunsAhead(
  sql: Sql,
  { id, timezone, after, until }: { id: string; timezone: string; after: Instant; until: Instant },
): Promise<{ runs: Instant[]; cut: boolean }> {
  const schedules = await listRunningSchedules(sql, id);
  const most = FORECAST_ENTRIES_MAX + 1;
  const runs = schedules
    .flatMap((schedule) => runsOn(schedule, timezone, schedule.next_date as string, { most, until }))
    .map(({ at }) => at)
    .filter((at) => at > after)
    .sort();
  return { runs: runs.slice(0, FORECAST_ENTRIES_MAX), cut: runs.length > FORECAST_ENTRIES_MAX };
}

/** The entries in order of time. A run comes after the boundaries of its instant. */
export function mergeRuns<Entry extends { at: Instant }>(boundaries: readonly Entry[], runs: readonly RunEntry[]) {
  return [...boundaries, ...runs].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

/** Gives runs to come the state that the boundaries before them leave; `before` is the state now. */
export function futureRuns(
  runs: readonly Instant[],
  boundaries: readonly { at: Instant; state: ContractState }[],
  before: ContractState,
): RunEntry[] {
  let state = before;
  let next = 0;
  return runs.map((at) => {
    for (let boundary = boundaries[next]; boundary !== undefined && boundary.at <= at; boundary = boundaries[++next])
      ({ state } = boundary);
    return futureRun(at, state);
  });
}
