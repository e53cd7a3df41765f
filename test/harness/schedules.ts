/** Creates schedules with the product's own functions, without the API, and reads what became of their runs. */
import type { Database } from '../../db/base/database';
import type { ShownSchedule } from '../../db/schedule/schedule';
import type { Instant } from '../../domain/base/instant';
import { isRefusal } from '../../domain/base/refusal';
import { createSchedule } from '../../transactions/schedule/schedule';
import type { ScheduleInput } from '../../transactions/schedule/schedule';
import { TEST_ACTOR } from './contract-facts';

/** Ten licenses on the first of each month, unless given. `now` is the real time of its creation. */
export async function buildSchedule(
  db: Database,
  contract_id: string,
  { now = new Date().toISOString(), ...input }: Partial<ScheduleInput> & { now?: Instant } = {},
): Promise<ShownSchedule> {
  const act = { id: contract_id, actor: TEST_ACTOR, now, request_id: null };
  const terms = {
    count: 10,
    every: 'P1M',
    on_day: 1,
    at: '00:00',
    from: '2020-01-01',
    until: null,
    ...DEFAULTS,
    ...input,
  };
  const created = await db.begin((tx) => createSchedule(tx, act, terms));
  if (isRefusal(created)) throw new Error(created.detail);
  return created.schedule;
}

const DEFAULTS = { assign_to: null, enabled: true };

/** The runs of all schedules of a contract in order: when due, outcome, licenses, code. */
export async function runsOf(db: Database, contract_id: string): Promise<[Instant, string, number, string | null][]> {
  const rows = await db<{ due_at: Instant; outcome: string; licenses: number; code: string | null }[]>`
    SELECT due_at, outcome, licenses, code FROM schedule_runs WHERE contract_id = ${contract_id} ORDER BY due_at, schedule_id`;
  return rows.map(({ due_at, outcome, licenses, code }) => [due_at, outcome, licenses, code]);
}
