/** Test clocks in Postgres. Settling a contract reads the time of its clock, so an update of the clock's row makes time pass. */
import type { Instant } from '../../domain/base/instant';
import { UNFINISHED_JOB_STATES } from '../../domain/generation/generation-job';
import type { ContractCoupling, ContractOnClock, TestClockFacts } from '../../domain/system/test-clock';
import { columnNames, ofAlias } from '../base/columns';
import type { Fragment, Sql } from '../base/database';
import { dueAt } from '../contract/clock';

export interface TestClockRow extends TestClockFacts {
  id: string;
  name: string;
  /** Why the last advance failed. */
  error: string | null;
  created_at: Instant;
  created_by: string;
  /** Contracts on the clock that are not deleted. */
  contracts: number;
}

const TEST_CLOCK_COLUMNS = columnNames<Omit<TestClockRow, 'contracts' | 'pending_events'>>({
  id: true,
  name: true,
  now: true,
  status: true,
  advancing_to: true,
  error: true,
  created_at: true,
  created_by: true,
});

export async function findTestClock(sql: Sql, id: string): Promise<TestClockRow | undefined> {
  const [row] = await sql<TestClockRow[]>`${selectTestClocks(sql)} WHERE k.id = ${id}`;
  return row;
}

/** A clock, locked so that no other transaction advances or moves it until this one ends; undefined when it does not exist. */
export async function lockTestClock(tx: Sql, id: string): Promise<TestClockRow | undefined> {
  const locked = await tx`SELECT FROM test_clocks WHERE id = ${id} FOR NO KEY UPDATE`;
  return locked.count === 1 ? findTestClock(tx, id) : undefined;
}

/** One page of clocks, newest first; `before` is the id of the last one shown. */
export async function listTestClocks(sql: Sql, before: string | null, limit: number): Promise<TestClockRow[]> {
  return sql<TestClockRow[]>`
    ${selectTestClocks(sql)} ${before === null ? sql`` : sql`WHERE k.id < ${before}`} ORDER BY k.id DESC LIMIT ${limit}`;
}

/** Inserts a clock with the time `now`; `created_at` is the real time. */
export async function insertTestClock(
  tx: Sql,
  clock: Pick<TestClockRow, 'name' | 'now' | 'created_at' | 'created_by'>,
): Promise<TestClockRow> {
  const { name, now, created_at, created_by } = clock;
  const [row] = await tx<[TestClockRow]>`
    INSERT INTO test_clocks ${tx({ name, now, status: 'ready', created_at, created_by })}
    RETURNING ${tx(TEST_CLOCK_COLUMNS)}, 0 AS contracts, 0 AS pending_events`;
  return row;
}

/** Starts an advance of a clock to an instant and clears the error of an earlier advance. */
export async function setAdvancing(tx: Sql, id: string, to: Instant): Promise<void> {
  await tx`UPDATE test_clocks SET status = 'advancing', advancing_to = ${to}, error = NULL WHERE id = ${id}`;
}

/** Sets the time and status of a locked clock. */
export async function setTestClock(
  tx: Sql,
  id: string,
  { now, status, advancing_to }: Pick<TestClockRow, 'now' | 'status' | 'advancing_to'>,
): Promise<void> {
  await tx`UPDATE test_clocks SET now = ${now}, status = ${status}, advancing_to = ${advancing_to} WHERE id = ${id}`;
}

/** A contract on a clock, with the fields that decide when the clock has to wait for it (`withStops`). */
export type ClockContractRow = ContractCoupling & Omit<ContractOnClock, 'stops_at'>;

/** The contracts on a clock that have a next boundary, a verification, a run of a schedule or pending billing events, in the order of their ids. */
export async function listContractsOnClock(sql: Sql, clock_id: string): Promise<ClockContractRow[]> {
  return sql<ClockContractRow[]>`
    SELECT c.id, c.settled_until, ${dueAt(sql)} AS due_at, c.verify_at, e.pending AS pending_events, e.postponed AS postponed_events,
           c.timezone, c.dunning, c.dunning_exempt, c.renewal, c.cotermed_with,
           (SELECT placed_at FROM contract_holds WHERE contract_id = c.id AND source = 'billing' AND lifted_at IS NULL) AS suspended_at,
           (SELECT coalesce(jsonb_agg(jsonb_build_object('status', status, 'due_date', due_date, 'disputed_on', disputed_on)), '[]')
            FROM invoice_facts WHERE contract_id = c.id) AS invoices,
           ARRAY(SELECT changes -> 'renewal' ->> 'coterm_with' FROM contract_amendments
                 WHERE contract_id = c.id AND status = 'pending' AND changes -> 'renewal' ->> 'coterm_with' IS NOT NULL) AS amended_coterms,
           EXISTS (SELECT FROM generation_jobs WHERE contract_id = c.id AND state = ANY(${[...UNFINISHED_JOB_STATES]})) AS has_open_jobs,
           s.run_at
    FROM contracts c
    CROSS JOIN LATERAL (
      SELECT count(*)::int AS pending, (count(*) FILTER (WHERE tries > 0))::int AS postponed
      FROM billing_inbox WHERE contract_id = c.id AND outcome = 'PENDING'
    ) e
    CROSS JOIN LATERAL (SELECT min(next_run_at) AS run_at FROM generation_schedules WHERE contract_id = c.id) s
    WHERE c.test_clock_id = ${clock_id} AND c.deleted_at IS NULL AND (${dueAt(sql)} IS NOT NULL OR e.pending > 0 OR s.run_at IS NOT NULL)
    ORDER BY c.id`;
}

/** Ends an advance with the reason of its failure; false when the clock was not advancing. */
export async function failAdvance(sql: Sql, id: string, error: string): Promise<boolean> {
  const failed =
    await sql`UPDATE test_clocks SET status = 'failed', error = ${error} WHERE id = ${id} AND status = 'advancing'`;
  return failed.count === 1;
}

function selectTestClocks(sql: Sql): Fragment {
  return sql`
    SELECT ${sql(ofAlias('k', TEST_CLOCK_COLUMNS))},
           (SELECT count(*)::int FROM contracts c WHERE c.test_clock_id = k.id AND c.deleted_at IS NULL) AS contracts,
           (SELECT count(*)::int FROM contracts c JOIN billing_inbox b ON b.contract_id = c.id AND b.outcome = 'PENDING'
            WHERE c.test_clock_id = k.id AND c.deleted_at IS NULL) AS pending_events
    FROM test_clocks k`;
}
