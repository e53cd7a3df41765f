/** What the doctor asks Postgres: whether the server fits, and whether anything is owed for longer than it should be. */
import type { Instant } from '../domain/instant';
import type { Sql } from './index';

/** The oldest major version that Covenant runs on: the schema uses its `uuidv7()`. */
export const POSTGRES_VERSION_MIN = 18;

/** A boundary or a job this old should long have been swept (the sweep comes each minute). */
export const OVERDUE_AFTER = '3 minutes';

/** The server, its load and its clock. */
export interface DatabaseHealth {
  /** The major version. */
  version: number;
  now: Instant;
  size_bytes: number;
  connections: number;
  connections_max: number;
}

/** What is owed, in rows. */
export interface OwedWork {
  /** Contracts with a boundary that should have been crossed long ago. */
  overdue_contracts: number;
  /** Jobs that should go on and have made nothing for long. */
  silent_jobs: number;
  /** Open contracts last started on another Temporal server than that of the epoch. */
  unstarted_contracts: number;
  /** Admins who may do everything and hold a key that works. */
  able_super_admins: number;
}

export async function findDatabaseHealth(sql: Sql): Promise<DatabaseHealth> {
  const [row] = await sql<[Omit<DatabaseHealth, 'size_bytes'> & { size_bytes: string }]>`
    SELECT current_setting('server_version_num')::int / 10000 AS version, clock_timestamp() AS now,
           pg_database_size(current_database()) AS size_bytes,
           (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
           current_setting('max_connections')::int AS connections_max`;
  return { ...row, size_bytes: Number(row.size_bytes) };
}

/** Counts what is owed at an instant; `epoch` is that of the Temporal server, null while it is unknown. */
export async function findOwedWork(sql: Sql, now: Instant, epoch: string | null): Promise<OwedWork> {
  const [row] = await sql<[OwedWork]>`
    SELECT
      (SELECT count(*)::int FROM contracts
       WHERE next_boundary_at <= ${now}::timestamptz - ${OVERDUE_AFTER}::interval) AS overdue_contracts,
      (SELECT count(*)::int FROM generation_jobs g
       WHERE g.state IN ('QUEUED', 'RUNNING', 'CANCELLING') AND coalesce(
               (SELECT max(k.created_at) FROM generation_chunks k WHERE k.job_id = g.id), g.started_at, g.created_at
             ) < ${now}::timestamptz - ${OVERDUE_AFTER}::interval) AS silent_jobs,
      (SELECT count(*)::int FROM contracts
       WHERE state IN ('SCHEDULED', 'ACTIVE', 'EXPIRY_GRACE', 'PAUSED')
         AND ${epoch}::text IS NOT NULL AND workflow_epoch IS DISTINCT FROM ${epoch}
         AND created_at < ${now}::timestamptz - ${OVERDUE_AFTER}::interval) AS unstarted_contracts,
      (SELECT count(DISTINCT a.id)::int FROM admins a JOIN admin_api_keys k ON k.admin_id = a.id
       WHERE a.role = 'super_admin' AND a.status = 'active' AND k.revoked_at IS NULL) AS able_super_admins`;
  return row;
}
