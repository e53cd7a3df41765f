/** What `covenant doctor` reads from Postgres: whether the server is suitable, and whether work is overdue. */
import type { Instant } from '../../domain/base/instant';
import { parkedForADayQuery } from '../billing/billing-event';
import type { Sql } from '../base/database';
import { lastActivityAt, openStates } from './sweep';
import { dueAt, wakeInstant } from '../contract/clock';

/** The oldest major version that Covenant runs on: the schema uses its `uuidv7()`. */
export const POSTGRES_VERSION_MIN = 18;

/** A boundary or a job that is due for longer is overdue: the sweep runs each minute. */
export const OVERDUE_AFTER = '3 minutes';

/** An advance of a test clock that takes longer is reported: it has thousands of contracts, or one contract blocks it. */
export const SLOW_ADVANCE_AFTER = '10 minutes';

/** The server, its load and its clock. */
export interface DatabaseHealth {
  /** The major version. */
  version: number;
  now: Instant;
  size_bytes: number;
  connections: number;
  connections_max: number;
}

/** Overdue work, as numbers of rows. */
export interface OverdueWork {
  /** Contracts with an overdue boundary, each by its own clock. */
  overdue_contracts: number;
  /** Jobs that should run and have generated nothing for long. */
  silent_jobs: number;
  /** Open contracts that were last started on a Temporal server other than that of the epoch. */
  unstarted_contracts: number;
  /** Test clocks whose last advance failed or takes longer than {@link SLOW_ADVANCE_AFTER}. */
  stuck_test_clocks: number;
  /** Billing events that should have been applied. */
  overdue_billing_events: number;
  /** Billing events whose contract or invoice has been unknown for more than a day. */
  parked_billing_events: number;
  /** Active super admins with an accepted API key. */
  super_admins_with_key: number;
}

export async function findDatabaseHealth(sql: Sql): Promise<DatabaseHealth> {
  const [row] = await sql<[Omit<DatabaseHealth, 'size_bytes'> & { size_bytes: string }]>`
    SELECT current_setting('server_version_num')::int / 10000 AS version, clock_timestamp() AS now,
           pg_database_size(current_database()) AS size_bytes,
           (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
           current_setting('max_connections')::int AS connections_max`;
  return { ...row, size_bytes: Number(row.size_bytes) };
}

/** Whether Postgres answers. */
export function isReachable(sql: Sql): Promise<boolean> {
  return sql`SELECT`.then(
    () => true,
    () => false,
  );
}

/** Counts the work that is overdue at an instant. `epoch` is that of the Temporal server, null while it is unknown. */
export async function findOverdueWork(sql: Sql, now: Instant, epoch: string | null): Promise<OverdueWork> {
  const overdue = sql`${now}::timestamptz - ${OVERDUE_AFTER}::interval`;
  const [row] = await sql<[OverdueWork]>`
    SELECT
      (SELECT count(*)::int FROM contracts c
       WHERE c.test_clock_id IS NULL
         AND (${wakeInstant(sql)} <= ${overdue} OR c.verify_at <= ${overdue}))
      + (SELECT count(*)::int FROM test_clocks k JOIN contracts c ON c.test_clock_id = k.id
         WHERE k.status <> 'advancing' AND c.deleted_at IS NULL
           AND ${dueAt(sql)} <= k.now - ${OVERDUE_AFTER}::interval) AS overdue_contracts,
      (SELECT count(*)::int FROM generation_jobs g JOIN contracts c ON c.id = g.contract_id
       WHERE g.state IN ('QUEUED', 'RUNNING', 'CANCELLING') AND ${lastActivityAt(sql)} < ${overdue}) AS silent_jobs,
      (SELECT count(*)::int FROM test_clocks k
       WHERE k.status = 'failed' OR (k.status = 'advancing' AND ${now}::timestamptz - ${SLOW_ADVANCE_AFTER}::interval > (
               SELECT max(a.at) FROM audit_events a
               WHERE a.subject_id = k.id::text AND a.action = 'clock.advanced'))) AS stuck_test_clocks,
      (SELECT count(*)::int FROM contracts
       WHERE state IN ${openStates(sql)}
         AND ${epoch}::text IS NOT NULL AND workflow_epoch IS DISTINCT FROM ${epoch}
         -- With a test clock, created_at is a time of that clock; the id contains the real time.
         AND CASE WHEN test_clock_id IS NULL THEN created_at ELSE uuid_extract_timestamp(id) END < ${overdue}) AS unstarted_contracts,
      (SELECT count(*)::int FROM billing_inbox WHERE outcome = 'PENDING' AND try_at < ${overdue}) AS overdue_billing_events,
      (${parkedForADayQuery(sql, now)}) AS parked_billing_events,
      (SELECT count(DISTINCT a.id)::int FROM admins a JOIN admin_api_keys k ON k.admin_id = a.id
       WHERE a.role = 'super_admin' AND a.status = 'active' AND k.revoked_at IS NULL) AS super_admins_with_key`;
  return row;
}
