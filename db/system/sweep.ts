/** What the sweep looks for: rows that are due or whose workflow lives on a Temporal server that is no more. */
import type { Instant } from '../../domain/base/instant';
import type { TimeZoneRules } from '../../domain/contract/time-zone-rules';
import { overdueBillingContracts } from '../billing/billing-event';
import type { Fragment, Sql } from '../base/database';
import { dueAt } from '../contract/clock';
import { computedByOlderRules } from '../contract/time-zone-rules';

/** What a kind of row is woken as. */
export type SweepSubject = 'contract' | 'job' | 'test_clock';

/** Everything that is woken, and as what. Each kind has a share of the sweep of its own, so that none starves another. */
export const SWEEP_KINDS = {
  /** Contracts with a boundary that should have been crossed. */
  boundary: 'contract',
  /** Contracts whose unpaid invoices should have been asked for. */
  verification: 'contract',
  /** Contracts on a test clock that stands past their boundary or verification. */
  behind_test_clock: 'contract',
  /** Contracts with a billing event that should have been applied. */
  billing_events: 'contract',
  /** Open contracts that were not started on this Temporal server. */
  contract_workflow: 'contract',
  /** Open contracts whose next boundary was computed by older rules of time zones. */
  time_zone_rules: 'contract',
  /** Jobs under way that have made nothing for a while. */
  silent_job: 'job',
  /** Paused jobs whose contract is open again or terminated. */
  paused_job: 'job',
  /** Unfinished jobs that were not started on this Temporal server. */
  job_workflow: 'job',
  /** Test clocks on their way. */
  test_clock: 'test_clock',
} as const satisfies Record<string, SweepSubject>;

export type SweepKind = keyof typeof SWEEP_KINDS;

export interface SweepQuestion {
  /** Which Temporal server asks. */
  epoch: string;
  now: Instant;
  limit: number;
  /** Those of the process that asks. */
  time_zone_rules: TimeZoneRules;
}

/**
 * What is this late is the sweep's: a boundary, a verification, a billing event, a start. Before that the workflow's timer, a
 * signal or the start may still be on its way. Under load they take seconds, and waking what is about to come adds to the load.
 */
const LATE_AFTER = '1 minute';
/** A job that made nothing for so long is looked at again. */
const SILENT_AFTER = '1 minute';

/** Puts instants that lie ahead before all that lie behind. */
const LONG_BEFORE = '1000 years';

/** States in which a contract has a live workflow; the words of the index `contracts_open`. */
export function openStates(sql: Sql): Fragment {
  return sql`('SCHEDULED', 'ACTIVE', 'PAST_DUE', 'EXPIRY_GRACE', 'PAUSED', 'SUSPENDED')`;
}

/** States in which a job has a live workflow. */
function unfinishedStates(sql: Sql): Fragment {
  return sql`('QUEUED', 'RUNNING', 'PAUSED', 'CANCELLING')`;
}

/**
 * The rows of a kind that are due and whose next try has come, those that are ready for the longest time first. A row that
 * was tried is ready from its next try on: so it waits behind those that became due before, and nothing waits for ever.
 */
export async function listRowsToWake(sql: Sql, kind: SweepKind, question: SweepQuestion): Promise<string[]> {
  const { epoch, now, limit } = question;
  const rows = await sql<{ id: string }[]>`
    SELECT due.id FROM (${dueRows(sql, kind, question)}) due
    LEFT JOIN sweep_attempts a ON a.kind = ${kind} AND a.subject_id = due.id AND a.epoch = ${epoch}
    WHERE a.next_try_at IS NULL OR a.next_try_at <= ${now}
    ORDER BY coalesce(a.next_try_at, due.since), due.id LIMIT ${limit}`;
  return rows.map((row) => row.id);
}

/** How many open contracts were computed by older rules of time zones than these. */
export async function countComputedByOlderRules(sql: Sql, rules: TimeZoneRules): Promise<number> {
  const [{ count }] = await sql<[{ count: number }]>`
    SELECT count(*)::int FROM contracts WHERE state IN ${openStates(sql)} AND ${computedByOlderRules(sql, rules)}`;
  return count;
}

/**
 * Removes the record of attempts at rows of a kind that are due no more, `limit` at most. What is due is computed once and hashed
 * (`NOT IN`): a join was planned row by row, and took 38 s for 5,000 rows, when statistics were from before the rows.
 */
export async function dropSettledAttempts(sql: Sql, kind: SweepKind, question: SweepQuestion): Promise<void> {
  await sql`
    DELETE FROM sweep_attempts WHERE kind = ${kind} AND subject_id IN (
      SELECT subject_id FROM sweep_attempts
      WHERE kind = ${kind} AND subject_id NOT IN (
        SELECT due.id FROM (${dueRows(sql, kind, question)}) due WHERE due.id IS NOT NULL)
      LIMIT ${question.limit})`;
}

/**
 * The rows of a kind that are due, and since when by the world's time. Contracts of a test clock are judged by its time,
 * which has no lateness: one that stands still with something due was not reached. While the clock advances, that is the
 * business of its workflow.
 */
function dueRows(sql: Sql, kind: SweepKind, { epoch, now, time_zone_rules }: Omit<SweepQuestion, 'limit'>): Fragment {
  const late = sql`${now}::timestamptz - ${LATE_AFTER}::interval`;
  const silent = sql`${now}::timestamptz - ${SILENT_AFTER}::interval`;
  switch (kind) {
    case 'boundary':
      return sql`
        SELECT id, next_boundary_at AS since FROM contracts WHERE next_boundary_at <= ${late} AND test_clock_id IS NULL`;
    case 'verification':
      return sql`SELECT id, verify_at AS since FROM contracts WHERE verify_at <= ${late} AND test_clock_id IS NULL`;
    case 'behind_test_clock':
      return sql`
        SELECT c.id, ${madeAt(sql, sql`c.id`)} AS since FROM test_clocks k JOIN contracts c ON c.test_clock_id = k.id
        WHERE k.status <> 'advancing' AND c.deleted_at IS NULL AND ${dueAt(sql)} <= k.now`;
    case 'billing_events':
      return overdueBillingContracts(sql, late);
    case 'contract_workflow':
      return sql`
        SELECT id, ${madeAt(sql, sql`id`)} AS since FROM contracts
        WHERE state IN ${openStates(sql)} AND ${notStartedOn(sql, epoch, late)}`;
    case 'time_zone_rules':
      // What comes next is computed first, and all of it before what was tried.
      return sql`
        SELECT id, next_boundary_at - ${LONG_BEFORE}::interval AS since FROM contracts
        WHERE state IN ${openStates(sql)} AND ${computedByOlderRules(sql, time_zone_rules)}`;
    case 'silent_job':
      return sql`
        SELECT g.id, g.at AS since
        FROM (SELECT g.id, ${lastActivityAt(sql)} AS at FROM generation_jobs g JOIN contracts c ON c.id = g.contract_id
              WHERE g.state IN ('QUEUED', 'RUNNING', 'CANCELLING')) g
        WHERE g.at < ${silent}`;
    case 'paused_job':
      return sql`
        SELECT g.id, ${madeAt(sql, sql`g.id`)} AS since FROM generation_jobs g JOIN contracts c ON c.id = g.contract_id
        WHERE g.state = 'PAUSED' AND (c.may_generate OR c.state = 'TERMINATED')`;
    case 'job_workflow':
      return sql`
        SELECT id, ${madeAt(sql, sql`id`)} AS since FROM generation_jobs
        WHERE state IN ${unfinishedStates(sql)} AND ${notStartedOn(sql, epoch, late)}`;
    case 'test_clock':
      return sql`SELECT id, ${madeAt(sql, sql`id`)} AS since FROM test_clocks WHERE status = 'advancing'`;
  }
}

/**
 * Whether a row was started on another server, or on none though it was made by `late`. On a test clock that stands in the past
 * `created_at` makes a row older than it is, which costs a wake-up at most.
 */
function notStartedOn(sql: Sql, epoch: string, late: Fragment): Fragment {
  return sql`(workflow_epoch <> ${epoch} OR workflow_epoch IS NULL AND least(${madeAt(sql, sql`id`)}, created_at) <= ${late})`;
}

/** When a row was made, by the world's time, which its id holds; other columns may be of a test clock's time. */
function madeAt(sql: Sql, id: Fragment): Fragment {
  return sql`coalesce(uuid_extract_timestamp(${id}), '-infinity')`;
}

/**
 * When the job `g` of the contract `c` last showed a sign of life. On a test clock its rows hold the clock's time; there the
 * ids of its audit rows tell when they were written, so that a long job is looked at once a minute while it is at work.
 */
export function lastActivityAt(sql: Sql): Fragment {
  return sql`
    CASE WHEN c.test_clock_id IS NULL
      THEN coalesce((SELECT max(s.created_at) FROM generation_chunks s WHERE s.job_id = g.id), g.started_at, g.created_at)
      ELSE (SELECT uuid_extract_timestamp(a.id) FROM audit_events a WHERE a.subject_id = g.id::text ORDER BY a.id DESC LIMIT 1)
    END`;
}

/**
 * Records on which server the workflow of a row was started, as far as its starter knew; call it in a transaction that has
 * locked the row. Only what has no record gets one, and later ones are the sweep's: a starter may know an epoch that is out of
 * date, and a workflow that wrote its own again and again would be woken again and again. An older epoch costs one wake-up.
 */
export async function recordStart(
  tx: Sql,
  subject: Exclude<SweepSubject, 'test_clock'>,
  id: string,
  epoch: string | undefined,
): Promise<void> {
  if (epoch === undefined) return;
  const [rows, live] =
    subject === 'contract' ? [tx`contracts`, openStates(tx)] : [tx`generation_jobs`, unfinishedStates(tx)];
  await tx`UPDATE ${rows} SET workflow_epoch = ${epoch} WHERE id = ${id} AND workflow_epoch IS NULL AND state IN ${live}`;
}

/** Remembers on which server the workflows were started; rows that others have locked are left to the next sweep. */
export async function markStarted(
  sql: Sql,
  subject: SweepSubject,
  ids: readonly string[],
  epoch: string,
): Promise<void> {
  if (ids.length === 0 || subject === 'test_clock') return;
  const rows = subject === 'contract' ? sql`contracts` : sql`generation_jobs`;
  await sql`
    UPDATE ${rows} SET workflow_epoch = ${epoch} WHERE id IN (
      SELECT id FROM ${rows} WHERE id = ANY(${[...ids]}::uuid[]) AND workflow_epoch IS DISTINCT FROM ${epoch}
      FOR NO KEY UPDATE SKIP LOCKED)`;
}
