/** The time by which a contract lives: that of its test clock, else the real one. */
import type { Instant } from '../../domain/base/instant';
import type { Fragment, Sql } from '../base/database';

/**
 * The time of a contract's test clock, which stands still until the transaction ends; null for a contract without one.
 *
 * Callers exclude each other, though they only read: a lock that they share is granted past a step that waits for its own,
 * and a stream of events would keep the clock from moving.
 */
export async function lockClockNow(tx: Sql, contract_id: string): Promise<Instant | null> {
  const [row] = await tx<{ now: Instant }[]>`
    SELECT k.now FROM contracts c JOIN test_clocks k ON k.id = c.test_clock_id WHERE c.id = ${contract_id}
    FOR NO KEY UPDATE OF k`;
  return row?.now ?? null;
}

/** The time of a contract's test clock, or null for a contract that lives by the world's. */
export async function findClockNow(sql: Sql, contract_id: string): Promise<Instant | null> {
  const [row] = await sql<{ now: Instant | null }[]>`SELECT ${clockTime(sql, sql`${contract_id}`)} AS now`;
  return row?.now ?? null;
}

/** An expression for the time of the test clock of the contract with this id; null without one. */
export function clockTime(sql: Sql, contract_id: Fragment): Fragment {
  return sql`(SELECT k.now FROM contracts c JOIN test_clocks k ON k.id = c.test_clock_id WHERE c.id = ${contract_id})`;
}

/** When the contract `c` next has something to cross or to verify. */
export function dueAt(sql: Sql): Fragment {
  return sql`least(c.next_boundary_at, c.verify_at)`;
}
