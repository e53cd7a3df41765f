/** The names of schedules outside of Postgres. */

/** The id of the Schedule in Temporal that starts the runs of a schedule. */
export function scheduleName(schedule_id: string): string {
  return `generation-schedule:${schedule_id}`;
}
