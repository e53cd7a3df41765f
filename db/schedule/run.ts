/** The runs of schedules that are over: made, shortened or skipped. Rows are only inserted. */
import type { Instant, LocalDate } from '../../domain/base/instant';
import type { ContractState } from '../../domain/contract/facts';
import type { RunOutcome } from '../../domain/schedule/run';
import { columnNames } from '../base/columns';
import type { Sql } from '../base/database';

export interface ScheduleRunRow {
  schedule_id: string;
  contract_id: string;
  /** The local day. */
  run_date: LocalDate;
  due_at: Instant;
  executed_at: Instant;
  outcome: RunOutcome;
  /** Why it was shortened or skipped, or why its licenses were not assigned. */
  code: string | null;
  /** Licenses of each run, as the schedule said then. */
  requested: number;
  /** Licenses that were requested by the run. */
  licenses: number;
  job_id: string | null;
  /** The customer who gets the licenses. */
  customer_id: string | null;
  /** The state of the contract when the run was decided. */
  contract_state: ContractState;
}

const RUN_COLUMNS = columnNames<ScheduleRunRow>({
  schedule_id: true,
  contract_id: true,
  run_date: true,
  due_at: true,
  executed_at: true,
  outcome: true,
  code: true,
  requested: true,
  licenses: true,
  job_id: true,
  customer_id: true,
  contract_state: true,
});

/** Inserts a run. Throws 23505 on `schedule_runs_pkey` when the schedule has run on that day. */
export async function insertRun(tx: Sql, run: ScheduleRunRow): Promise<void> {
  await tx`INSERT INTO schedule_runs ${tx(run as never)}`;
}

/** One page of the runs of a schedule, newest first; `before` is the day of the last one shown. */
export async function listRuns(
  sql: Sql,
  schedule_id: string,
  before: LocalDate | null,
  limit: number,
): Promise<ScheduleRunRow[]> {
  return sql<ScheduleRunRow[]>`
    SELECT ${sql(RUN_COLUMNS)} FROM schedule_runs
    WHERE schedule_id = ${schedule_id} ${before === null ? sql`` : sql`AND run_date < ${before}`}
    ORDER BY run_date DESC LIMIT ${limit}`;
}

/** The newest `limit` runs of all schedules of a contract, oldest first. */
export async function listRunsOfContract(sql: Sql, contract_id: string, limit: number): Promise<ScheduleRunRow[]> {
  const rows = await sql<ScheduleRunRow[]>`
    SELECT ${sql(RUN_COLUMNS)} FROM schedule_runs WHERE contract_id = ${contract_id}
    ORDER BY due_at DESC, schedule_id DESC LIMIT ${limit}`;
  return [...rows].reverse();
}

/** The customer to whom the licenses of a job of a schedule are assigned, or null. */
export async function findRecipientOfJob(sql: Sql, job_id: string): Promise<string | null> {
  const [row] = await sql<{ customer_id: string | null }[]>`
    SELECT customer_id FROM schedule_runs WHERE job_id = ${job_id}`;
  return row?.customer_id ?? null;
}
