/** Schedules of reports in Postgres. A transaction that has locked the contract, or the row when its report is due, writes them. */
import { storedActor } from '../../domain/base/actor';
import type { Actor } from '../../domain/base/actor';
import type { Environment } from '../../domain/base/environment';
import type { Instant, LocalDate } from '../../domain/base/instant';
import type { ReportTerms } from '../../domain/notification/report-schedule';
import type { Run } from '../../domain/schedule/calendar';
import type { Fragment, Sql } from '../base/database';

export interface ReportScheduleRow extends ReportTerms {
  id: string;
  contract_id: string;
  /** The local day of the next report; null while it is paused. */
  next_date: LocalDate | null;
  /** The instant of the next report, as it was last computed. */
  next_due_at: Instant | null;
  /** The local day and the instant of the last report. */
  last_date: LocalDate | null;
  last_due_at: Instant | null;
  created_at: Instant;
  created_by: Actor;
  updated_at: Instant;
}

/** A schedule with the zone of its contract. */
export interface ShownReportSchedule extends ReportScheduleRow {
  timezone: string;
}

/** A schedule whose report may be due, with what the decision needs of its contract. */
export interface DueReportSchedule extends ShownReportSchedule {
  environment: Environment;
  /** The time of the test clock of the contract; null without one. */
  clock_now: Instant | null;
  /** Whether the contract is terminated or deleted. */
  is_over: boolean;
}

function columns(sql: Sql): Fragment {
  return sql`
    s.id, s.contract_id, s.frequency, s.on_day, s.at, s.enabled, s.next_date, s.next_due_at, s.last_date, s.last_due_at,
    s.created_at, shown_actor(s.actor) AS created_by, s.updated_at, c.timezone`;
}

/** A schedule of a contract; undefined when the contract has no such schedule. */
export async function findReportSchedule(
  sql: Sql,
  contract_id: string,
  id: string,
): Promise<ShownReportSchedule | undefined> {
  const [row] = await sql<ShownReportSchedule[]>`
    SELECT ${columns(sql)} FROM report_schedules s JOIN contracts c ON c.id = s.contract_id
    WHERE s.id = ${id} AND s.contract_id = ${contract_id}`;
  return row;
}

/** The same, locked until the transaction ends: its report may be due at the same time. */
export async function lockReportSchedule(
  tx: Sql,
  contract_id: string,
  id: string,
): Promise<ShownReportSchedule | undefined> {
  const [row] = await tx<ShownReportSchedule[]>`
    SELECT ${columns(tx)} FROM report_schedules s JOIN contracts c ON c.id = s.contract_id
    WHERE s.id = ${id} AND s.contract_id = ${contract_id} FOR NO KEY UPDATE OF s`;
  return row;
}

/** The contract of a schedule; undefined when there is no such schedule. */
export async function findContractOfReport(sql: Sql, id: string): Promise<string | undefined> {
  const [row] = await sql<{ contract_id: string }[]>`SELECT contract_id FROM report_schedules WHERE id = ${id}`;
  return row?.contract_id;
}

/** One page of the schedules of a contract, newest first; `before` is the id of the last one shown. */
export async function listReportSchedules(
  sql: Sql,
  contract_id: string,
  before: string | null,
  limit: number,
): Promise<ShownReportSchedule[]> {
  return sql<ShownReportSchedule[]>`
    SELECT ${columns(sql)} FROM report_schedules s JOIN contracts c ON c.id = s.contract_id
    WHERE s.contract_id = ${contract_id} ${before === null ? sql`` : sql`AND s.id < ${before}`}
    ORDER BY s.id DESC LIMIT ${limit}`;
}

/** Another schedule of a contract with the same days and time; undefined without one. */
export async function findSameSchedule(
  sql: Sql,
  contract_id: string,
  { frequency, on_day, at }: ReportTerms,
  id: string | null,
): Promise<string | undefined> {
  const [row] = await sql<{ id: string }[]>`
    SELECT id FROM report_schedules
    WHERE contract_id = ${contract_id} AND frequency = ${frequency} AND on_day = ${on_day} AND at = ${at} AND id IS DISTINCT FROM ${id}
    LIMIT 1`;
  return row?.id;
}

export async function countReportSchedules(sql: Sql, contract_id: string): Promise<number> {
  const [{ count }] = await sql<[{ count: number }]>`
    SELECT count(*)::int FROM report_schedules WHERE contract_id = ${contract_id}`;
  return count;
}

export interface NewReportSchedule {
  id: string;
  contract_id: string;
  terms: ReportTerms;
  next: Run | null;
  actor: Actor;
  now: Instant;
}

export async function insertReportSchedule(
  tx: Sql,
  { id, contract_id, terms, next, actor, now }: NewReportSchedule,
): Promise<void> {
  const row = { id, contract_id, ...storedTerms(terms), ...position(next), created_at: now, updated_at: now };
  await tx`INSERT INTO report_schedules ${tx({ ...row, actor: tx.json(storedActor(actor)) } as never)}`;
}

/** Stores an edit of a schedule. */
export async function updateReportSchedule(
  tx: Sql,
  id: string,
  { terms, next, now }: Pick<NewReportSchedule, 'terms' | 'next' | 'now'>,
): Promise<void> {
  await tx`UPDATE report_schedules SET ${tx({ ...storedTerms(terms), ...position(next), updated_at: now } as never)} WHERE id = ${id}`;
}

export async function deleteReportSchedule(tx: Sql, id: string): Promise<void> {
  await tx`DELETE FROM report_schedules WHERE id = ${id}`;
}

/** Deletes the schedules of a contract that is deleted. */
export async function deleteReportSchedulesOf(tx: Sql, contract_id: string): Promise<void> {
  await tx`DELETE FROM report_schedules WHERE contract_id = ${contract_id}`;
}

/** Lets the next reports of a contract be computed again, because its time zone was changed. */
export async function outdateReports(tx: Sql, contract_id: string, now: Instant): Promise<void> {
  await tx`UPDATE report_schedules SET next_due_at = least(next_due_at, ${now}) WHERE contract_id = ${contract_id} AND next_due_at IS NOT NULL`;
}

/** Locks a schedule whose report may be due; undefined when another transaction has it, or when there is none. */
export async function lockDueReport(tx: Sql, id: string): Promise<DueReportSchedule | undefined> {
  const [row] = await tx<DueReportSchedule[]>`
    SELECT ${columns(tx)}, c.environment, k.now AS clock_now, c.state IN ('TERMINATED', 'DELETED') AS is_over
    FROM report_schedules s JOIN contracts c ON c.id = s.contract_id LEFT JOIN test_clocks k ON k.id = c.test_clock_id
    WHERE s.id = ${id} FOR NO KEY UPDATE OF s SKIP LOCKED`;
  return row;
}

/** Moves a schedule to its next report. `sent` is the report that was due, if its event was written. */
export async function moveReportSchedule(
  tx: Sql,
  id: string,
  { sent, next }: { sent: Run | null; next: Run | null },
): Promise<void> {
  const last = sent === null ? {} : { last_date: sent.date, last_due_at: sent.at };
  await tx`UPDATE report_schedules SET ${tx({ ...position(next), ...last } as never)} WHERE id = ${id}`;
}

function storedTerms({ frequency, on_day, at, enabled }: ReportTerms): ReportTerms {
  return { frequency, on_day, at, enabled };
}

function position(next: Run | null) {
  return { next_date: next?.date ?? null, next_due_at: next?.at ?? null };
}

/** Selects schedules whose report is due, with the time since when. */
export function reportsDue(sql: Sql, now: Instant): Fragment {
  return sql`
    SELECT s.id, s.next_due_at AS since FROM report_schedules s JOIN contracts c ON c.id = s.contract_id
    WHERE s.next_due_at <= ${now} AND c.test_clock_id IS NULL
    UNION ALL
    SELECT s.id, s.next_due_at FROM test_clocks k JOIN contracts c ON c.test_clock_id = k.id JOIN report_schedules s ON s.contract_id = c.id
    WHERE s.next_due_at <= k.now`;
}
