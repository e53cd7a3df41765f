/**
 * Test clocks in Postgres: made, advanced a step at a time, and asked for the time.
 *
 * The clock of a contract is read wherever the contract is settled, so moving the row is all that passes time; what must
 * be crossed at each step is asked of the contracts themselves.
 */
import type { Instant } from '../../domain/base/instant';
import { UNFINISHED_JOB_STATES } from '../../domain/generation/generation-job';
import { awaitedAt, clockMove, stopsOf } from '../../domain/system/test-clock';
import type {
  ContractCoupling,
  ContractOnClock,
  TestClockFacts,
  TestClockStatus,
} from '../../domain/system/test-clock';
import { columnNames, ofAlias } from '../base/columns';
import { auditAct } from '../base/audit';
import type { Act } from '../../domain/base/edit';
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

/** Where an advance stands after a step. */
export interface ClockStep {
  status: TestClockStatus;
  now: Instant;
  /** Contracts that must settle before the clock goes on. */
  due: number;
}

export async function findTestClock(sql: Sql, id: string): Promise<TestClockRow | undefined> {
  const [row] = await sql<TestClockRow[]>`${selectTestClocks(sql)} WHERE k.id = ${id}`;
  return row;
}

/** A clock that nobody else advances or moves until the transaction ends. */
export async function lockTestClock(tx: Sql, id: string): Promise<TestClockRow | undefined> {
  const locked = await tx`SELECT FROM test_clocks WHERE id = ${id} FOR NO KEY UPDATE`;
  return locked.count === 1 ? findTestClock(tx, id) : undefined;
}

/** One page of clocks, newest first; `before` is the id of the last one shown. */
export async function listTestClocks(sql: Sql, before: string | null, limit: number): Promise<TestClockRow[]> {
  return sql<TestClockRow[]>`
    ${selectTestClocks(sql)} ${before === null ? sql`` : sql`WHERE k.id < ${before}`} ORDER BY k.id DESC LIMIT ${limit}`;
}

/** Makes a clock that stands at an instant, with its audit row; call it inside a transaction. */
export async function insertTestClock(
  tx: Sql,
  { name, now }: { name: string; now: Instant },
  act: Act,
): Promise<TestClockRow> {
  const [row] = await tx<[TestClockRow]>`
    INSERT INTO test_clocks ${tx({ name, now, status: 'ready', created_at: act.now, created_by: act.actor.id })}
    RETURNING ${tx(TEST_CLOCK_COLUMNS)}, 0 AS contracts, 0 AS pending_events`;
  await auditAct(tx, act, { ...subjectOf(row.id), action: 'clock.created', before: null, after: { name, now } });
  return row;
}

/** Sends a locked clock on its way, with its audit row. The steps are `stepTestClock`'s. */
export async function beginAdvance(tx: Sql, clock: TestClockRow, to: Instant, act: Act): Promise<TestClockRow> {
  await tx`UPDATE test_clocks SET status = 'advancing', advancing_to = ${to}, error = NULL WHERE id = ${clock.id}`;
  await auditAct(tx, act, {
    ...subjectOf(clock.id),
    action: 'clock.advanced',
    before: { now: clock.now },
    after: { to },
  });
  return { ...clock, status: 'advancing', advancing_to: to, error: null };
}

/**
 * Moves an advancing clock to where it next has to wait for a contract (`clockMove`), and not past it. With nothing to wait
 * for at its target the clock arrives and is ready. A clock that is not advancing stays as it is. Safe to run twice;
 * undefined for no clock. Call it inside a transaction.
 *
 * Billing events take the same lock when they come in (`lockClockNowOf`): what was accepted before the clock moves is seen
 * here and holds it.
 */
export async function nextStep(tx: Sql, id: string): Promise<ClockStep | undefined> {
  const clock = await lockTestClock(tx, id);
  if (!clock) return undefined;
  const { status, advancing_to } = clock;
  if (status !== 'advancing' || advancing_to === null) return { status, now: clock.now, due: 0 };
  const { now, awaited } = clockMove({ now: clock.now, advancing_to }, await contractsOnClock(tx, id));
  const arrived = awaited.length === 0 && now === advancing_to;
  await tx`
    UPDATE test_clocks SET now = ${now}, status = ${arrived ? 'ready' : status}, advancing_to = ${arrived ? null : advancing_to}
    WHERE id = ${id}`;
  return { status: arrived ? 'ready' : status, now, due: awaited.length };
}

/** The contracts that an advancing clock waits for where it stands, in the order of their ids; none for one at rest. */
export async function listAwaitedContracts(sql: Sql, clock_id: string): Promise<ContractOnClock[]> {
  const clock = await findTestClock(sql, clock_id);
  if (!clock || clock.advancing_to === null) return [];
  const { now, advancing_to } = clock;
  return awaitedAt({ now, advancing_to }, now, await contractsOnClock(sql, clock_id));
}

/** The contracts of a clock to which something happens by time, or which have billing events to apply. */
async function contractsOnClock(sql: Sql, clock_id: string): Promise<ContractOnClock[]> {
  const contracts = await sql<(ContractCoupling & Omit<ContractOnClock, 'stops_at'>)[]>`
    SELECT c.id, c.settled_until, ${dueAt(sql)} AS due_at, c.verify_at, e.pending AS pending_events, e.postponed AS postponed_events,
           c.timezone, c.dunning, c.dunning_exempt, c.renewal, c.cotermed_with,
           (SELECT placed_at FROM contract_holds WHERE contract_id = c.id AND source = 'billing' AND lifted_at IS NULL) AS suspended_at,
           (SELECT coalesce(jsonb_agg(jsonb_build_object('status', status, 'due_date', due_date, 'disputed_on', disputed_on)), '[]')
            FROM invoice_facts WHERE contract_id = c.id) AS invoices,
           ARRAY(SELECT changes -> 'renewal' ->> 'coterm_with' FROM contract_amendments
                 WHERE contract_id = c.id AND status = 'pending' AND changes -> 'renewal' ->> 'coterm_with' IS NOT NULL) AS amended_coterms,
           EXISTS (SELECT FROM generation_jobs WHERE contract_id = c.id AND state = ANY(${[...UNFINISHED_JOB_STATES]})) AS has_open_jobs
    FROM contracts c
    CROSS JOIN LATERAL (
      SELECT count(*)::int AS pending, (count(*) FILTER (WHERE tries > 0))::int AS postponed
      FROM billing_inbox WHERE contract_id = c.id AND outcome = 'PENDING'
    ) e
    WHERE c.test_clock_id = ${clock_id} AND c.deleted_at IS NULL AND (${dueAt(sql)} IS NOT NULL OR e.pending > 0)
    ORDER BY c.id`;
  return stopsOf(contracts);
}

/** Ends an advance that cannot go on, with the reason; false when the clock was not advancing. */
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

/** A clock's own audit rows hold by the world's time: they tell when somebody moved it. */
function subjectOf(id: string) {
  return { subject_type: 'test_clock' as const, subject_id: id };
}
