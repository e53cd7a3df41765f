/** The rows that the sweep wakes: rows that are due, and rows whose workflow was started on another Temporal server. */
import type { Instant } from '../../domain/base/instant';
import { SWEEP_AHEAD_MS } from '../../domain/contract/nudge';
import type { TimeZoneRules } from '../../domain/contract/time-zone-rules';
import { overdueBillingContracts } from '../billing/billing-event';
import type { Fragment, Sql } from '../base/database';
import { dueAt, wakeInstant } from '../contract/clock';
import { limitsToJudge, markJudgedOn } from '../notification/limit-episode';
import { reportsDue } from '../notification/report-schedule';
import { poolsToReplenish } from '../pool/replenishment';
import { markPlacedOn, schedulesToPlace, schedulesToRun } from '../schedule/due-schedule';
import { markSendingOn, notificationsOfOtherServers, notificationsToSend } from '../notification/attempt';
import { digestsToCompose, noticesToPlan } from '../notification/notice-queue';
import { endpointsOfOtherServers, endpointsToDeliver, markDeliveringOn } from '../webhook/queue';
import { computedByOlderRules } from '../contract/time-zone-rules';

/**
 * The workflow that a sweep wakes for a row: that of a contract, a job, an operation on licenses, a pool, a schedule, a limit of a contract,
 * an endpoint of webhooks, a mail or a test clock. Rows of the planning of mails share one workflow.
 */
export type SweepSubject =
  | 'contract'
  | 'job'
  | 'operation'
  | 'pool'
  | 'schedule'
  | 'limit'
  | 'endpoint'
  | 'notification'
  | 'planning'
  | 'test_clock';

/** The subjects whose rows say on which server their workflow was started. */
type StartedSubject = Exclude<
  SweepSubject,
  'pool' | 'schedule' | 'limit' | 'endpoint' | 'notification' | 'planning' | 'test_clock'
>;

/** The kinds of rows that the sweep wakes or settles itself, each with its subject. Each kind has its own share of a sweep, so that none delays another. */
export const SWEEP_KINDS = {
  /** Contracts with an overdue boundary. */
  boundary: 'contract',
  /** Contracts whose workflow waits for a later instant than a near boundary, or has not looked at a change for which it was woken. */
  late_timer: 'contract',
  /** Contracts with an overdue verification of unpaid invoices. */
  verification: 'contract',
  /** Contracts whose test clock has passed their next boundary or verification. */
  behind_test_clock: 'contract',
  /** Contracts with an overdue billing event. */
  billing_events: 'contract',
  /** Open contracts that were not started on this Temporal server. */
  contract_workflow: 'contract',
  /** Open contracts whose next boundary was computed by older time zone rules. */
  time_zone_rules: 'contract',
  /** Running jobs that have generated nothing for a minute. */
  silent_job: 'job',
  /** Paused jobs whose contract allows generation again or is terminated. */
  paused_job: 'job',
  /** Unfinished jobs that were not started on this Temporal server. */
  job_workflow: 'job',
  /** Unfinished operations on licenses that have done nothing for a minute. */
  silent_operation: 'operation',
  /** Unfinished operations on licenses that were not started on this Temporal server. */
  operation_workflow: 'operation',
  /** Contracts whose pool is to be replenished. */
  low_pool: 'pool',
  /** Schedules with an overdue run. */
  schedule_run: 'schedule',
  /** Schedules that Temporal does not have as they are: they were changed, or placed on another server or by older time zone rules. */
  schedule_workflow: 'schedule',
  /** Contracts whose limits are to be looked at. */
  exceeded_limit: 'limit',
  /** Endpoints of webhooks that are owed something which has been due for a minute, while their workflow has not looked. */
  owed_delivery: 'endpoint',
  /** Endpoints of webhooks that are owed something and whose workflow was started on another Temporal server. */
  endpoint_workflow: 'endpoint',
  /** Events whose mails have been due to be planned for a minute. */
  owed_notice: 'planning',
  /** Recipients whose digest has been due for a minute. */
  due_digest: 'planning',
  /** Mails whose attempt has been due for a minute. */
  owed_notification: 'notification',
  /** Mails that are owed and whose workflow was started on another Temporal server. */
  notification_workflow: 'notification',
  /** Test clocks that are advancing. */
  test_clock: 'test_clock',
  /** Holds of pools that are over. */
  overdue_hold: 'hold',
  /** Schedules of reports with a report that is due. */
  due_report: 'report',
} as const satisfies Record<string, SweepSubject | 'hold' | 'report'>;

export type SweepKind = keyof typeof SWEEP_KINDS;

export interface SweepQuery {
  /** The epoch of the Temporal server that runs the sweep. */
  epoch: string;
  now: Instant;
  limit: number;
  /** The time zone rules of the process that runs the sweep. */
  time_zone_rules: TimeZoneRules;
}

/**
 * The sweep handles a boundary, a verification, a billing event or a start only when it is this late. Before, the workflow's timer, a
 * signal or the start may still arrive: under load they take seconds, and unnecessary wake-ups would add to the load.
 */
export const LATE_AFTER_MS = 60_000;
/** A job that generated nothing for so long is woken. */
const SILENT_AFTER = '1 minute';

/** Subtracted from future instants so that they sort before all past ones. */
const LONG_BEFORE = '1000 years';

/** States in which a contract has a running workflow. The index `contracts_open` has the same condition. */
export function openStates(sql: Sql): Fragment {
  return sql`('SCHEDULED', 'ACTIVE', 'PAST_DUE', 'EXPIRY_GRACE', 'PAUSED', 'SUSPENDED')`;
}

/** States in which a job has a running workflow. */
function unfinishedStates(sql: Sql): Fragment {
  return sql`('QUEUED', 'RUNNING', 'PAUSED', 'CANCELLING')`;
}

/** States in which an operation on licenses has a running workflow. The index `license_operations_unfinished` has the same condition. */
function unfinishedOperations(sql: Sql): Fragment {
  return sql`('QUEUED', 'RUNNING', 'CANCELLING')`;
}

/** The table whose rows are these subjects, and the states in which they have a running workflow. */
function rowsOf(sql: Sql, subject: StartedSubject): { table: Fragment; live: Fragment } {
  switch (subject) {
    case 'contract':
      return { table: sql`contracts`, live: openStates(sql) };
    case 'job':
      return { table: sql`generation_jobs`, live: unfinishedStates(sql) };
    case 'operation':
      return { table: sql`license_operations`, live: unfinishedOperations(sql) };
  }
}

/**
 * The rows of a kind that are due and whose next try has come. Rows that have been ready for longest come first. A row that was tried
 * becomes ready again at its next try, behind the rows that became due before, so no row waits forever.
 */
export async function listRowsToWake(sql: Sql, kind: SweepKind, query: SweepQuery): Promise<string[]> {
  const { epoch, now, limit } = query;
  const rows = await sql<{ id: string }[]>`
    SELECT due.id FROM (${dueRows(sql, kind, query)}) due
    LEFT JOIN sweep_attempts a ON a.kind = ${kind} AND a.subject_id = due.id AND a.epoch = ${epoch}
    WHERE a.next_try_at IS NULL OR a.next_try_at <= ${now}
    ORDER BY coalesce(a.next_try_at, due.since), due.id LIMIT ${limit}`;
  return rows.map((row) => row.id);
}

/** How many open contracts have a next boundary that was computed by older time zone rules than these. */
export async function countComputedByOlderRules(sql: Sql, rules: TimeZoneRules): Promise<number> {
  const [{ count }] = await sql<[{ count: number }]>`
    SELECT count(*)::int FROM contracts WHERE state IN ${openStates(sql)} AND ${computedByOlderRules(sql, rules)}`;
  return count;
}

/**
 * Removes at most `limit` records of attempts at rows of a kind that are no longer due. `NOT IN` makes Postgres compute the due rows once
 * and hash them: with outdated statistics, a join became a nested loop and took 38 s for 5,000 rows.
 */
export async function dropSettledAttempts(sql: Sql, kind: SweepKind, query: SweepQuery): Promise<void> {
  await sql`
    DELETE FROM sweep_attempts WHERE kind = ${kind} AND subject_id IN (
      SELECT subject_id FROM sweep_attempts
      WHERE kind = ${kind} AND subject_id NOT IN (
        SELECT due.id FROM (${dueRows(sql, kind, query)}) due WHERE due.id IS NOT NULL)
      LIMIT ${query.limit})`;
}

/**
 * The rows of a kind that are due, with the real time since when. Contracts on a test clock are compared with the clock's time, without
 * the minute of {@link LATE_AFTER_MS}: if something is due while the clock does not move, its contract was not notified. While the clock
 * advances, its workflow notifies the contracts.
 */
function dueRows(sql: Sql, kind: SweepKind, { epoch, now, time_zone_rules }: Omit<SweepQuery, 'limit'>): Fragment {
  const late = sql`${now}::timestamptz - ${LATE_AFTER_MS} * interval '1 ms'`;
  const silent = sql`${now}::timestamptz - ${SILENT_AFTER}::interval`;
  switch (kind) {
    case 'boundary':
      return sql`
        SELECT id, ${wakeInstant(sql)} AS since FROM contracts WHERE ${wakeInstant(sql)} <= ${late} AND test_clock_id IS NULL`;
    case 'late_timer':
      return sql`
        SELECT id, min(since) AS since FROM (
          SELECT id, ${wakeInstant(sql)} - ${SWEEP_AHEAD_MS} * interval '1 ms' AS since FROM contracts
          WHERE ${wakeInstant(sql)} <= ${now}::timestamptz + ${SWEEP_AHEAD_MS} * interval '1 ms'
            AND timer_at > ${wakeInstant(sql)} AND test_clock_id IS NULL
          UNION ALL SELECT id, unwoken_since FROM contracts WHERE unwoken_since <= ${late} AND deleted_at IS NULL
        ) late GROUP BY id`;
    case 'verification':
      return sql`SELECT id, verify_at AS since FROM contracts WHERE verify_at <= ${late} AND test_clock_id IS NULL`;
    case 'behind_test_clock':
      return sql`
        SELECT c.id, ${createdAt(sql, sql`c.id`)} AS since FROM test_clocks k JOIN contracts c ON c.test_clock_id = k.id
        WHERE k.status <> 'advancing' AND c.deleted_at IS NULL AND ${dueAt(sql)} <= k.now`;
    case 'billing_events':
      return overdueBillingContracts(sql, late);
    case 'contract_workflow':
      return sql`
        SELECT id, ${createdAt(sql, sql`id`)} AS since FROM contracts
        WHERE state IN ${openStates(sql)} AND ${notStartedOn(sql, epoch, late)}`;
    case 'time_zone_rules':
      // Contracts with the earliest boundary come first, and all of them before contracts that were tried already.
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
        SELECT g.id, ${createdAt(sql, sql`g.id`)} AS since FROM generation_jobs g JOIN contracts c ON c.id = g.contract_id
        WHERE g.state = 'PAUSED' AND (c.may_generate OR c.state = 'TERMINATED')`;
    case 'job_workflow':
      return sql`
        SELECT id, ${createdAt(sql, sql`id`)} AS since FROM generation_jobs
        WHERE state IN ${unfinishedStates(sql)} AND ${notStartedOn(sql, epoch, late)}`;
    case 'silent_operation':
      return sql`
        SELECT id, active_at AS since FROM license_operations WHERE state IN ${unfinishedOperations(sql)} AND active_at < ${silent}`;
    case 'operation_workflow':
      return sql`
        SELECT id, ${createdAt(sql, sql`id`)} AS since FROM license_operations
        WHERE state IN ${unfinishedOperations(sql)} AND ${notStartedOn(sql, epoch, late)}`;
    case 'low_pool':
      return poolsToReplenish(sql, createdAt(sql, sql`c.id`));
    case 'schedule_run':
      return schedulesToRun(sql, late);
    case 'schedule_workflow':
      return schedulesToPlace(sql, { epoch, late, time_zone_rules });
    case 'exceeded_limit':
      return limitsToJudge(sql, { epoch, late });
    case 'owed_delivery':
      return endpointsToDeliver(sql, late);
    case 'endpoint_workflow':
      return endpointsOfOtherServers(sql, epoch);
    case 'owed_notice':
      return noticesToPlan(sql, late);
    case 'due_digest':
      return digestsToCompose(sql, late);
    case 'owed_notification':
      return notificationsToSend(sql, late);
    case 'notification_workflow':
      return notificationsOfOtherServers(sql, epoch);
    case 'test_clock':
      return sql`SELECT id, ${createdAt(sql, sql`id`)} AS since FROM test_clocks WHERE status = 'advancing'`;
    case 'due_report':
      return reportsDue(sql, now);
    case 'overdue_hold':
      return sql`
        SELECT h.id, h.held_until AS since FROM pool_holds h JOIN contracts c ON c.id = h.contract_id LEFT JOIN test_clocks k ON k.id = c.test_clock_id
        WHERE h.state = 'held' AND h.held_until <= coalesce(k.now, ${now})`;
  }
}

/**
 * The condition that a row was started on another server, or was created before `late` and not started. With a test clock in the past,
 * `created_at` makes a row look older than it is; this costs at most one wake-up.
 */
function notStartedOn(sql: Sql, epoch: string, late: Fragment): Fragment {
  return sql`(workflow_epoch <> ${epoch} OR workflow_epoch IS NULL AND least(${createdAt(sql, sql`id`)}, created_at) <= ${late})`;
}

/** The real time at which a row was created, taken from its id. Other columns may hold times of a test clock. */
function createdAt(sql: Sql, id: Fragment): Fragment {
  return sql`coalesce(uuid_extract_timestamp(${id}), '-infinity')`;
}

/**
 * The real time of the last activity of the job `g` of the contract `c`. With a test clock, the rows of a job hold times of that clock, so
 * the time is taken from the id of its newest audit row; a long job on a test clock is therefore woken once a minute while it runs.
 */
export function lastActivityAt(sql: Sql): Fragment {
  return sql`
    CASE WHEN c.test_clock_id IS NULL
      THEN coalesce((SELECT max(s.created_at) FROM generation_chunks s WHERE s.job_id = g.id), g.started_at, g.created_at)
      ELSE (SELECT uuid_extract_timestamp(a.id) FROM audit_events a WHERE a.subject_id = g.id::text ORDER BY a.id DESC LIMIT 1)
    END`;
}

/**
 * Records on which server the workflow of a row was started, as far as its starter knew. Call it in a transaction that has locked the row.
 * It writes only a missing epoch; the sweep writes every later one. A starter may know an outdated epoch, and a workflow that kept
 * writing it would be woken again and again. An outdated first epoch costs one wake-up.
 */
export async function recordStart(
  tx: Sql,
  subject: StartedSubject,
  id: string,
  epoch: string | undefined,
): Promise<void> {
  if (epoch === undefined) return;
  const { table, live } = rowsOf(tx, subject);
  await tx`UPDATE ${table} SET workflow_epoch = ${epoch} WHERE id = ${id} AND workflow_epoch IS NULL AND state IN ${live}`;
}

/** Records on which server the workflows of rows were started. Rows that are locked are left to the next sweep. */
export async function markStarted(
  sql: Sql,
  subject: SweepSubject,
  ids: readonly string[],
  epoch: string,
): Promise<void> {
  if (ids.length === 0 || subject === 'pool' || subject === 'planning' || subject === 'test_clock') return;
  if (subject === 'schedule') return markPlacedOn(sql, ids, epoch);
  if (subject === 'limit') return markJudgedOn(sql, ids, epoch);
  if (subject === 'endpoint') return markDeliveringOn(sql, ids, epoch);
  if (subject === 'notification') return markSendingOn(sql, ids, epoch);
  const { table } = rowsOf(sql, subject);
  await sql`
    UPDATE ${table} SET workflow_epoch = ${epoch} WHERE id IN (
      SELECT id FROM ${table} WHERE id = ANY(${[...ids]}::uuid[]) AND workflow_epoch IS DISTINCT FROM ${epoch}
      FOR NO KEY UPDATE SKIP LOCKED)`;
}
