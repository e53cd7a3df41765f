/** Assignment jobs in Postgres: each batch of one writes its licenses and its position in one transaction. */
import { storedActor } from '../../domain/base/actor';
import type { Actor } from '../../domain/base/actor';
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import { UNFINISHED_ASSIGNMENT_STATES } from '../../domain/license/assignment-job';
import type { AssignmentProgress, AssignmentState } from '../../domain/license/assignment-job';
import { NAMED_LICENSES_MAX } from '../../domain/license/license-assignment';
import type { AssignmentCounts, AssignmentOutcome, NotAvailableReason } from '../../domain/license/license-assignment';
import { columnNames } from '../base/columns';
import type { Fragment, Sql } from '../base/database';
import { pageByCreation } from '../base/paging';
import type { KeysetPage, Sorted } from '../base/paging';
import type { LicenseFilter } from './license-page';

/** A license that a job did not assign. */
export interface NotAssigned {
  /** As clients see it. */
  license_id: string;
  outcome: AssignmentOutcome;
  reason: NotAvailableReason | null;
  other_customer_id: string | null;
}

export interface AssignmentJobRow extends AssignmentProgress {
  id: string;
  customer_id: string;
  /** The licenses of the job; null: those in `license_ids`. */
  filter: LicenseFilter | null;
  reassign: boolean;
  state: AssignmentState;
  /** The last license that was decided about. */
  last_license_id: string | null;
  /** The first licenses that were not assigned. */
  not_assigned: NotAssigned[];
  actor: Actor;
  created_at: Instant;
  started_at: Instant | null;
  finished_at: Instant | null;
}

const JOB_COLUMNS = columnNames<Omit<AssignmentJobRow, 'actor'>>({
  id: true,
  customer_id: true,
  filter: true,
  reassign: true,
  requested: true,
  exact: true,
  state: true,
  last_license_id: true,
  assigned: true,
  reassigned: true,
  already_assigned_same: true,
  conflict: true,
  not_available: true,
  not_assigned: true,
  created_at: true,
  started_at: true,
  finished_at: true,
});

/** An assignment job to be stored. */
export interface NewAssignmentJob extends Pick<
  AssignmentJobRow,
  'customer_id' | 'filter' | 'reassign' | 'requested' | 'exact' | 'actor'
> {
  /** Stored ids in their order; null: those that match the filter. */
  license_ids: readonly string[] | null;
  now: Instant;
  request_id: string | null;
}

export async function insertAssignmentJob(tx: Sql, job: NewAssignmentJob): Promise<AssignmentJobRow> {
  const { customer_id, filter, license_ids, reassign, requested, exact, actor, now, request_id } = job;
  const ids = license_ids === null ? null : [...license_ids];
  const [row] = await tx<[{ id: string }]>`
    INSERT INTO assignment_jobs (customer_id, filter, license_ids, reassign, requested, exact, state, actor, created_at, active_at, request_id)
    VALUES (${customer_id}, ${filter === null ? null : tx.json(filter as never)}, ${ids}::bigint[], ${reassign}, ${requested}, ${exact},
            'QUEUED', ${tx.json(storedActor(actor))}, ${now}, ${now}, ${request_id})
    RETURNING id`;
  return (await findAssignmentJob(tx, row.id)) as AssignmentJobRow;
}

function selectJobs(sql: Sql, more: Fragment = sql``): Fragment {
  return sql`SELECT ${sql(JOB_COLUMNS)}, shown_actor(actor) AS actor ${more} FROM assignment_jobs`;
}

export async function findAssignmentJob(sql: Sql, id: string): Promise<AssignmentJobRow | undefined> {
  const [row] = await sql<AssignmentJobRow[]>`${selectJobs(sql)} WHERE id = ${id}`;
  return row;
}

/** A job whose row is locked until the transaction ends. */
export async function lockAssignmentJob(tx: Sql, id: string): Promise<AssignmentJobRow | undefined> {
  const [row] = await tx<AssignmentJobRow[]>`${selectJobs(tx)} WHERE id = ${id} FOR NO KEY UPDATE`;
  return row;
}

export interface AssignmentJobFilter {
  customer_id?: string | undefined;
  state?: AssignmentState | undefined;
}

/** One page of jobs, by creation time. */
export async function listAssignmentJobs(
  sql: Sql,
  { customer_id, state }: AssignmentJobFilter,
  page: KeysetPage,
): Promise<Sorted<AssignmentJobRow>[]> {
  const { sort_key, after, order } = pageByCreation(sql, page);
  return sql<Sorted<AssignmentJobRow>[]>`
    ${selectJobs(sql, sql`, ${sort_key} AS sort_key`)} WHERE true
    ${customer_id === undefined ? sql`` : sql`AND customer_id = ${customer_id}`}
    ${state === undefined ? sql`` : sql`AND state = ${state}`}
    AND ${after} ${order}`;
}

/** The next ids of a job that names its licenses. */
export async function listJobLicenseIds(tx: Sql, job_id: string, after: string | null, limit: number): Promise<string[]> {
  const rows = await tx<{ id: string }[]>`
    SELECT named.id FROM assignment_jobs, unnest(license_ids) AS named (id)
    WHERE assignment_jobs.id = ${job_id} AND named.id > ${after ?? '0'}::bigint ORDER BY named.id LIMIT ${limit}`;
  return rows.map(({ id }) => id);
}

/** Sets the state of a locked job. */
export async function setAssignmentState(
  tx: Sql,
  id: string,
  { state, now }: { state: AssignmentState; now: Instant },
): Promise<void> {
  const is_end = !(UNFINISHED_ASSIGNMENT_STATES as readonly string[]).includes(state);
  await tx`
    UPDATE assignment_jobs SET state = ${state}, active_at = ${now}, finished_at = ${is_end ? now : null},
           started_at = ${state === 'RUNNING' ? tx`coalesce(started_at, ${now})` : tx`started_at`}
    WHERE id = ${id}`;
}

/** What a batch did. */
export interface StoredBatch {
  last_license_id: string;
  counts: AssignmentCounts;
  not_assigned: readonly NotAssigned[];
  now: Instant;
}

/** Adds a batch to the counts of a locked job and moves its position. */
export async function storeBatch(tx: Sql, id: string, { last_license_id, counts, not_assigned, now }: StoredBatch): Promise<void> {
  await tx`
    UPDATE assignment_jobs
    SET last_license_id = ${last_license_id}, active_at = ${now},
        assigned = assigned + ${counts.assigned}, reassigned = reassigned + ${counts.reassigned},
        already_assigned_same = already_assigned_same + ${counts.already_assigned_same},
        conflict = conflict + ${counts.conflict}, not_available = not_available + ${counts.not_available},
        not_assigned = not_assigned || ${tx.json(not_assigned as never)}::jsonb
    WHERE id = ${id}`;
}

/** What a job has assigned of one contract. */
export interface AssignedOfContract {
  /** Null: of licenses that were created without a contract. */
  contract_id: string | null;
  environment: Environment;
  assigned: number;
  reassigned: number;
  /** The first licenses, as clients see their ids. */
  license_ids: string[];
}

/** Adds what a batch has assigned of contracts. */
export async function addToContracts(tx: Sql, assignment_id: string, contracts: readonly AssignedOfContract[]): Promise<void> {
  if (contracts.length === 0) return;
  const rows = contracts.map(({ contract_id, environment, assigned, reassigned, license_ids }) => ({
    ...{ contract_id, environment, assigned, reassigned, license_ids },
  }));
  await tx`
    INSERT INTO assignment_job_contracts AS c (assignment_id, contract_id, environment, assigned, reassigned, license_ids)
    SELECT ${assignment_id}, r.contract_id, r.environment, r.assigned, r.reassigned, r.license_ids
    FROM jsonb_to_recordset(${tx.json(rows)})
      AS r (contract_id uuid, environment text, assigned int, reassigned int, license_ids text[])
    ON CONFLICT (assignment_id, contract_id, environment) DO UPDATE
    SET assigned = c.assigned + excluded.assigned, reassigned = c.reassigned + excluded.reassigned,
        license_ids = (c.license_ids || excluded.license_ids)[1:${NAMED_LICENSES_MAX}::int]`;
}

/** Removes and returns what a job has assigned of contracts, in the order of the ids of contracts, with the times of their clocks. */
export async function takeContracts(
  tx: Sql,
  assignment_id: string,
): Promise<(AssignedOfContract & { clock_now: Instant | null })[]> {
  return tx<(AssignedOfContract & { clock_now: Instant | null })[]>`
    WITH taken AS (
      DELETE FROM assignment_job_contracts WHERE assignment_id = ${assignment_id}
      RETURNING contract_id, environment, assigned, reassigned, license_ids
    )
    SELECT t.contract_id, t.environment, t.assigned, t.reassigned, t.license_ids, k.now AS clock_now
    FROM taken t LEFT JOIN contracts c ON c.id = t.contract_id LEFT JOIN test_clocks k ON k.id = c.test_clock_id ORDER BY t.contract_id`;
}
