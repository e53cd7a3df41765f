/** The time that a contract uses: that of its test clock if it has one, else the real time. */
import type { Instant } from '../../domain/base/instant';
import type { Fragment, Sql } from '../base/database';

/**
 * Locks the test clock of a contract until the transaction ends, so that it does not move, and returns its time; null without one.
 *
 * Callers exclude each other although they only read: Postgres grants a shared lock even while a step of the clock waits for an
 * exclusive one, so a steady stream of events would keep the clock from moving.
 */
export async function lockTestClockTime(tx: Sql, contract_id: string): Promise<Instant | null> {
  const [row] = await tx<{ now: Instant }[]>`
    SELECT k.now FROM contracts c JOIN test_clocks k ON k.id = c.test_clock_id WHERE c.id = ${contract_id}
    FOR NO KEY UPDATE OF k`;
  return row?.now ?? null;
}

/** The time of a contract's test clock, or null when the contract uses the real time. */
export async function findTestClockTime(sql: Sql, contract_id: string): Promise<Instant | null> {
  const [row] = await sql<{ now: Instant | null }[]>`SELECT ${testClockTime(sql, sql`${contract_id}`)} AS now`;
  return row?.now ?? null;
}

/** An expression for the time of a contract's test clock; null without one. */
export function testClockTime(sql: Sql, contract_id: Fragment): Fragment {
  return sql`(SELECT k.now FROM contracts c JOIN test_clocks k ON k.id = c.test_clock_id WHERE c.id = ${contract_id})`;
}

/**
 * An expression for the instant at which the contract is next woken by time (`wakeInstant` of domain/contract/copies.ts). The index
 * `contracts_by_wake` has the same expression.
 */
export function wakeInstant(sql: Sql): Fragment {
  return sql`coalesce(wake_at, next_boundary_at)`;
}

/** An expression for the instant at which the contract `c` next reaches a boundary or has to be verified. */
export function dueAt(sql: Sql): Fragment {
  return sql`least(c.next_boundary_at, c.verify_at)`;
}
