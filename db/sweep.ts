/** What the sweep looks for: rows that are due or whose workflow lives on a Temporal server that is no more. */
import type { Instant } from '../domain/instant';
import type { Fragment, Sql } from './index';
import { dueAt } from './test-clock';

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

/** States in which a contract has a live workflow; the words of the index `contracts_open`. */
export function openStates(sql: Sql): Fragment {
  return sql`('SCHEDULED', 'ACTIVE', 'PAST_DUE', 'EXPIRY_GRACE', 'PAUSED', 'SUSPENDED')`;
}

/**
 * Contracts that are overdue with a boundary or with having their invoices looked at, and open ones not yet started on this
 * server. Those of a test clock are judged by its time, which has no lateness: whoever stands still with something due was
 * not told. While the clock advances, that is the business of its workflow.
 */
export async function contractsToWake(sql: Sql, { epoch, now, limit }: SweepQuestion): Promise<string[]> {
  const late = sql`${now}::timestamptz - ${LATE_AFTER}::interval`;
  const rows = await sql<{ id: string }[]>`
    (SELECT id FROM contracts WHERE next_boundary_at <= ${late} AND test_clock_id IS NULL ORDER BY next_boundary_at LIMIT ${limit})
    UNION
    (SELECT id FROM contracts WHERE verify_at <= ${late} AND test_clock_id IS NULL ORDER BY verify_at LIMIT ${limit})
    UNION
    (SELECT c.id FROM test_clocks k JOIN contracts c ON c.test_clock_id = k.id
     WHERE k.status <> 'advancing' AND c.deleted_at IS NULL AND ${dueAt(sql)} <= k.now LIMIT ${limit})
    UNION
    (SELECT id FROM contracts WHERE state IN ${openStates(sql)} AND workflow_epoch IS DISTINCT FROM ${epoch} LIMIT ${limit})`;
  return rows.map((row) => row.id);
}

/** Test clocks that are on their way, whose workflows may have been lost. */
export async function testClocksToAdvance(sql: Sql, limit: number): Promise<string[]> {
  const rows = await sql<
    { id: string }[]
  >`SELECT id FROM test_clocks WHERE status = 'advancing' ORDER BY id LIMIT ${limit}`;
  return rows.map((row) => row.id);
}

/**
 * When the job `g` of the contract `c` last showed a sign of life. On a test clock its rows hold the clock's time; there the
 * ids of its audit rows tell when they were written, so that a long job is looked at once a minute while it is at work.
 */
export function lastSignOfLife(sql: Sql): Fragment {
  return sql`
    CASE WHEN c.test_clock_id IS NULL
      THEN coalesce((SELECT max(s.created_at) FROM generation_chunks s WHERE s.job_id = g.id), g.started_at, g.created_at)
      ELSE (SELECT uuid_extract_timestamp(a.id) FROM audit_events a WHERE a.subject_id = g.id::text ORDER BY a.id DESC LIMIT 1)
    END`;
}

/** Unfinished jobs not yet started on this server, those that went silent, and paused ones whose contract is open again or terminated. */
export async function jobsToWake(sql: Sql, { epoch, now, limit }: SweepQuestion): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    SELECT g.id FROM generation_jobs g JOIN contracts c ON c.id = g.contract_id
    WHERE g.state IN ('QUEUED', 'RUNNING', 'PAUSED', 'CANCELLING')
      AND (g.workflow_epoch IS DISTINCT FROM ${epoch}
        OR (g.state = 'PAUSED' AND (c.may_generate OR c.state = 'TERMINATED'))
        OR (g.state <> 'PAUSED' AND ${lastSignOfLife(sql)} < ${now}::timestamptz - ${SILENT_AFTER}::interval))
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
