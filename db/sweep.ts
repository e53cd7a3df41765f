/** What the sweep looks for: rows that are due or whose workflow lives on a Temporal server that is no more. */
import type { Instant } from '../domain/instant';
import type { Sql } from './index';

export interface SweepQuestion {
  /** Which Temporal server asks. */
  epoch: string;
  now: Instant;
  limit: number;
}

/** A boundary this late is the sweep's: before that the workflow's own timer may still be on its way. */
const LATE_AFTER = '10 seconds';
/** A job that made nothing for so long is looked at again. */
const SILENT_AFTER = '1 minute';

/** Contracts with a boundary that is overdue, and open ones not yet started on this server. */
export async function contractsToWake(sql: Sql, { epoch, now, limit }: SweepQuestion): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    (SELECT id FROM contracts WHERE next_boundary_at <= ${now}::timestamptz - ${LATE_AFTER}::interval ORDER BY next_boundary_at LIMIT ${limit})
    UNION
    (SELECT id FROM contracts
     WHERE state IN ('SCHEDULED', 'ACTIVE', 'EXPIRY_GRACE', 'PAUSED') AND workflow_epoch IS DISTINCT FROM ${epoch} LIMIT ${limit})`;
  return rows.map((row) => row.id);
}

/** Unfinished jobs not yet started on this server, those that went silent, and paused ones whose contract is open again. */
export async function jobsToWake(sql: Sql, { epoch, now, limit }: SweepQuestion): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    SELECT g.id FROM generation_jobs g JOIN contracts c ON c.id = g.contract_id
    WHERE g.state IN ('QUEUED', 'RUNNING', 'PAUSED', 'CANCELLING')
      AND (g.workflow_epoch IS DISTINCT FROM ${epoch}
        OR (g.state = 'PAUSED' AND c.may_generate)
        OR (g.state <> 'PAUSED' AND coalesce(
              (SELECT max(k.created_at) FROM generation_chunks k WHERE k.job_id = g.id), g.started_at, g.created_at
            ) < ${now}::timestamptz - ${SILENT_AFTER}::interval))
    ORDER BY g.created_at LIMIT ${limit}`;
  return rows.map((row) => row.id);
}

/** Remembers on which server the workflows were started. */
export async function markContractsStarted(sql: Sql, ids: string[], epoch: string): Promise<void> {
  if (ids.length > 0)
    await sql`UPDATE contracts SET workflow_epoch = ${epoch} WHERE id = ANY(${ids}) AND workflow_epoch IS DISTINCT FROM ${epoch}`;
}

export async function markJobsStarted(sql: Sql, ids: string[], epoch: string): Promise<void> {
  if (ids.length > 0)
    await sql`UPDATE generation_jobs SET workflow_epoch = ${epoch} WHERE id = ANY(${ids}) AND workflow_epoch IS DISTINCT FROM ${epoch}`;
}
