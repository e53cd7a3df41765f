/** Schedules in Postgres. A transaction that has locked the contract writes them, so its lock is enough for all of them. */
import { storedActor } from '../../domain/base/actor';
import type { Actor } from '../../domain/base/actor';
import type { Instant, LocalDate } from '../../domain/base/instant';
import type { Environment } from '../../domain/base/environment';
import type { Run } from '../../domain/schedule/calendar';
import type { ScheduleEndReason, SchedulePosition, ScheduleTerms } from '../../domain/schedule/schedule';
import { columnNames } from '../base/columns';
import type { Fragment, Sql } from '../base/database';

export interface ScheduleRow extends ScheduleTerms, SchedulePosition {
  id: string;
  contract_id: string;
  /** The instant of the next run by `time_zone_rules`. */
  next_run_at: Instant | null;
  time_zone_rules: string | null;
  end_reason: ScheduleEndReason | null;
  revision: number;
  created_at: Instant;
  updated_at: Instant;
}

/** A schedule with what is shown of its contract, its customer and its last run. */
export interface ShownSchedule extends ScheduleRow {
  timezone: string;
  environment: Environment;
  test_clock_id: string | null;
  /** The address of its customer. */
  customer_email: string | null;
  /** Whether its customer was erased. */
  customer_erased: boolean;
  /** Licenses that remain of the quota of its contract. */
  quota_remaining: number;
  created_by: Actor;
  last_run: { at: Instant; outcome: string; code: string | null; job_id: string | null } | null;
}

type StoredSchedule = Omit<ScheduleRow, 'from' | 'until'>;

const SCHEDULE_COLUMNS = columnNames<StoredSchedule>({
  id: true,
  contract_id: true,
  count: true,
  every: true,
  on_day: true,
  at: true,
  customer_id: true,
  enabled: true,
  next_date: true,
  next_run_at: true,
  time_zone_rules: true,
  last_date: true,
  ended_at: true,
  end_reason: true,
  revision: true,
  created_at: true,
  updated_at: true,
});

/** The columns of the schedule `s` under the names of its fields. */
function columnsOf(sql: Sql): Fragment {
  return sql`${sql(SCHEDULE_COLUMNS.map((name) => `s.${name}`))}, s.from_date AS from, s.until_date AS until`;
}

function selectShown(sql: Sql): Fragment {
  return sql`
    SELECT ${columnsOf(sql)}, c.timezone, c.environment, c.test_clock_id, u.email AS customer_email, u.erased_at IS NOT NULL AS customer_erased,
           q.total - q.claimed AS quota_remaining, shown_actor(s.actor) AS created_by,
           (SELECT jsonb_build_object('at', to_char(r.due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'outcome', r.outcome,
                                      'code', r.code, 'job_id', r.job_id)
            FROM schedule_runs r WHERE r.schedule_id = s.id ORDER BY r.run_date DESC LIMIT 1) AS last_run
    FROM generation_schedules s JOIN contracts c ON c.id = s.contract_id JOIN contract_quotas q ON q.contract_id = c.id
    LEFT JOIN customers u ON u.id = s.customer_id`;
}

/** A schedule of a contract; undefined when the contract has no such schedule. */
export async function findSchedule(sql: Sql, contract_id: string, id: string): Promise<ShownSchedule | undefined> {
  const [row] = await sql<ShownSchedule[]>`${selectShown(sql)} WHERE s.id = ${id} AND s.contract_id = ${contract_id}`;
  return row;
}

/** One page of the schedules of a contract, newest first; `before` is the id of the last one shown. */
export async function listSchedules(
  sql: Sql,
  contract_id: string,
  before: string | null,
  limit: number,
): Promise<ShownSchedule[]> {
  return sql<ShownSchedule[]>`
    ${selectShown(sql)} WHERE s.contract_id = ${contract_id} ${before === null ? sql`` : sql`AND s.id < ${before}`}
    ORDER BY s.id DESC LIMIT ${limit}`;
}

/** The schedules of a contract that have a next run, in the order of their ids. */
export async function listRunningSchedules(sql: Sql, contract_id: string): Promise<ScheduleRow[]> {
  return sql<ScheduleRow[]>`
    SELECT ${columnsOf(sql)} FROM generation_schedules s WHERE contract_id = ${contract_id} AND next_date IS NOT NULL ORDER BY id`;
}

/** How many schedules of a contract are active or paused. */
export async function countLiveSchedules(sql: Sql, contract_id: string): Promise<number> {
  const [{ count }] = await sql<[{ count: number }]>`
    SELECT count(*)::int FROM generation_schedules
    WHERE contract_id = ${contract_id} AND ended_at IS NULL AND (next_date IS NOT NULL OR NOT enabled)`;
  return count;
}

/** The contract of a schedule; undefined when there is no such schedule. */
export async function findContractOfSchedule(sql: Sql, id: string): Promise<string | undefined> {
  const [row] = await sql<{ contract_id: string }[]>`SELECT contract_id FROM generation_schedules WHERE id = ${id}`;
  return row?.contract_id;
}

/** A next run with the time zone rules by which its instant was computed. */
export type ComputedRun = Run & { time_zone_rules: string };

function termsOf({ count, every, on_day, at, from, until, customer_id, enabled }: ScheduleTerms) {
  return { count, every, on_day, at, from_date: from, until_date: until, customer_id, enabled };
}

function positionOf(next: ComputedRun | null) {
  return {
    next_date: next?.date ?? null,
    next_run_at: next?.at ?? null,
    time_zone_rules: next?.time_zone_rules ?? null,
  };
}

export interface NewSchedule {
  id: string;
  contract_id: string;
  terms: ScheduleTerms;
  next: ComputedRun | null;
  actor: Actor;
  now: Instant;
}

export async function insertSchedule(tx: Sql, schedule: NewSchedule): Promise<void> {
  const { id, contract_id, terms, next, actor, now } = schedule;
  const row = { id, contract_id, ...termsOf(terms), ...positionOf(next), created_at: now, updated_at: now };
  await tx`INSERT INTO generation_schedules ${tx({ ...row, actor: tx.json(storedActor(actor)) } as never)}`;
}

/** Stores an edit of a schedule. */
export async function updateSchedule(
  tx: Sql,
  id: string,
  { terms, next, now }: Pick<NewSchedule, 'terms' | 'next' | 'now'>,
): Promise<void> {
  await tx`
    UPDATE generation_schedules SET ${tx({ ...termsOf(terms), ...positionOf(next), updated_at: now } as never)}, ${changed(tx)} WHERE id = ${id}`;
}

/** Moves a schedule to its next run. `last_date` is the day of the run that is over, if one is. */
export async function moveSchedule(
  tx: Sql,
  id: string,
  { last_date, next }: { last_date?: LocalDate; next: ComputedRun | null },
): Promise<void> {
  const position = { ...positionOf(next), ...(last_date === undefined ? {} : { last_date }) };
  await tx`UPDATE generation_schedules SET ${tx(position as never)}, ${changed(tx)} WHERE id = ${id}`;
}

/** Ends one schedule. */
export async function endSchedule(tx: Sql, id: string, now: Instant): Promise<void> {
  await tx`UPDATE generation_schedules SET ${ending(tx, 'DELETED', now)} WHERE id = ${id} AND ended_at IS NULL`;
}

/** Ends all schedules of a contract. Returns those that ended now. */
export async function endSchedulesOf(
  tx: Sql,
  contract_id: string,
  reason: ScheduleEndReason,
  now: Instant,
): Promise<string[]> {
  const rows = await tx<{ id: string }[]>`
    UPDATE generation_schedules SET ${ending(tx, reason, now)} WHERE contract_id = ${contract_id} AND ended_at IS NULL RETURNING id`;
  return rows.map(({ id }) => id);
}

/**
 * Marks the instants of the next runs of a contract as to be computed again, and returns the schedules. Until then the runs count as due,
 * so that no test clock passes one that is earlier now.
 */
export async function outdateRuns(tx: Sql, contract_id: string, now: Instant): Promise<string[]> {
  const rows = await tx<{ id: string }[]>`
    UPDATE generation_schedules SET next_run_at = least(next_run_at, ${now}), time_zone_rules = NULL, ${changed(tx)}
    WHERE contract_id = ${contract_id} AND next_date IS NOT NULL RETURNING id`;
  return rows.map(({ id }) => id);
}

function ending(sql: Sql, reason: ScheduleEndReason, now: Instant): Fragment {
  return sql`ended_at = ${now}, end_reason = ${reason}, next_date = NULL, next_run_at = NULL, time_zone_rules = NULL, updated_at = ${now}, ${changed(sql)}`;
}

/** What every change of a schedule sets: its Temporal Schedule has to follow. */
function changed(sql: Sql): Fragment {
  return sql`revision = revision + 1, changed_at = clock_timestamp()`;
}

/** What the Temporal Schedule of a schedule is made from. */
export interface PlacedSchedule extends ScheduleRow {
  timezone: string;
  test_clock_id: string | null;
  contract_name: string;
}

export async function findScheduleToPlace(sql: Sql, id: string): Promise<PlacedSchedule | undefined> {
  const [row] = await sql<PlacedSchedule[]>`
    SELECT ${columnsOf(sql)}, c.timezone, c.test_clock_id, c.name AS contract_name
    FROM generation_schedules s JOIN contracts c ON c.id = s.contract_id WHERE s.id = ${id}`;
  return row;
}

/**
 * Records that the Temporal Schedule has the runs of a revision, also when that is not the newest one: then a slower writer has replaced
 * newer runs, and the sweep lets them be placed again. The epoch is written only if it is missing, like that of other rows (`recordStart`).
 */
export async function recordPlacement(
  sql: Sql,
  id: string,
  { revision, epoch }: { revision: number; epoch: string | undefined },
): Promise<void> {
  await sql`
    UPDATE generation_schedules SET placed_revision = ${revision}, workflow_epoch = coalesce(workflow_epoch, ${epoch ?? null})
    WHERE id = ${id}`;
}
