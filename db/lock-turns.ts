/**
 * Turns of the transactions that lock rows: how many of them use connections of one pool at the same time.
 *
 * A transaction that waits for a row holds its connection for as long as it waits. Without a bound, the requests for one row that
 * another process holds take every connection of the pool, and requests that lock nothing wait with them. So a transaction
 * waits for its turn in memory, where it holds no connection, as long as
 *
 * - transactions of this pool use a row that it is going to lock: one at a time, or four that only share the row, or
 * - transactions that lock rows use all connections but those that are left for statements which lock nothing.
 *
 * Turns are given in the order of arrival. Both the time of a wait and the number of those that wait are bounded. A turn ends with
 * its transaction, which is bounded by the limits of its session (`session.ts`). Do not take a turn inside a turn.
 */
import { RowsBusy, rowsBusyIfLocked } from './errors';
import type { LockedRow } from './errors';
import { LOCK_TIMEOUT_MS } from './session';

/** Connections of a pool that transactions which lock rows leave to other statements, at most half of the pool. */
export const UNLOCKED_CONNECTIONS = 3;
/** Transactions that only share a row, such as a product of which contracts are made, at the same time. */
export const SHARING_MAX = 4;
/** Transactions that wait for one row. */
export const WAITING_PER_ROW_MAX = 100;
/** Transactions that wait in one process. */
export const WAITING_MAX = 1_000;

export interface LockTurnLimits {
  /** Transactions that run at the same time. */
  running_max: number;
  waiting_max: number;
  waiting_per_row_max: number;
  /** The longest wait for a turn. */
  wait_ms: number;
}

export interface LockTurns {
  readonly limits: LockTurnLimits;
  /**
   * Runs work that locks these rows when it is its turn; at once, and in the same tick, when nothing is in its way. Without rows
   * it only counts among all.
   * @throws RowsBusy when its turn does not come in time or too many wait, and in place of 55P03 when a row stayed locked
   */
  run<T>(rows: readonly LockedRow[], work: () => Promise<T>): Promise<T>;
  /** How many have a turn now, and how many wait for one. */
  counts(): { running: number; waiting: number };
}

/** The limits of a pool with so many connections. */
export function lockTurnLimits(pool_size: number, wait_ms = LOCK_TIMEOUT_MS): LockTurnLimits {
  const unlocked = Math.min(UNLOCKED_CONNECTIONS, Math.floor(pool_size / 2));
  return {
    running_max: pool_size - unlocked,
    waiting_max: WAITING_MAX,
    waiting_per_row_max: WAITING_PER_ROW_MAX,
    wait_ms,
  };
}

interface Waiter {
  rows: readonly LockedRow[];
  begin: () => void;
}

export function createLockTurns(limits: LockTurnLimits): LockTurns {
  const sharing_max = Math.min(SHARING_MAX, limits.running_max);
  /** By row; an entry exists while there is any. */
  const running = new Map<string, number>();
  const waiting = new Map<string, number>();
  /** In the order of arrival. */
  const waiters = new Set<Waiter>();
  let running_total = 0;

  const hasRoom = (row: LockedRow): boolean => (running.get(keyOf(row)) ?? 0) < (row.shared === true ? sharing_max : 1);
  const mayBegin = (rows: readonly LockedRow[]): boolean => running_total < limits.running_max && rows.every(hasRoom);

  function begin(rows: readonly LockedRow[]): void {
    running_total += 1;
    for (const row of rows) add(running, keyOf(row), 1);
  }

  function end(rows: readonly LockedRow[]): void {
    running_total -= 1;
    for (const row of rows) add(running, keyOf(row), -1);
    for (const waiter of waiters) {
      if (running_total >= limits.running_max) return;
      if (mayBegin(waiter.rows)) waiter.begin();
    }
  }

  /** Waits for a turn; undefined when it has begun already. */
  function turn(rows: readonly LockedRow[]): Promise<void> | undefined {
    if (mayBegin(rows)) return void begin(rows);
    const crowded = rows.find((row) => (waiting.get(keyOf(row)) ?? 0) >= limits.waiting_per_row_max);
    if (crowded !== undefined || waiters.size >= limits.waiting_max) throw new RowsBusy(crowded ?? null);
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        clearTimeout(too_long);
        waiters.delete(waiter);
        for (const row of rows) add(waiting, keyOf(row), -1);
      };
      const waiter: Waiter = {
        rows,
        begin: () => {
          leave();
          begin(rows);
          resolve();
        },
      };
      const too_long = setTimeout(() => {
        leave();
        reject(new RowsBusy(rows.find((row) => !hasRoom(row)) ?? null));
      }, limits.wait_ms).unref();
      waiters.add(waiter);
      for (const row of rows) add(waiting, keyOf(row), 1);
    });
  }

  return {
    limits,
    async run(rows, work) {
      const wait = turn(rows);
      if (wait !== undefined) await wait;
      try {
        return await work();
      } catch (error) {
        throw rowsBusyIfLocked(error, rows[0] ?? null);
      } finally {
        end(rows);
      }
    },
    counts: () => ({ running: running_total, waiting: waiters.size }),
  };
}

function keyOf({ table, id, shared }: LockedRow): string {
  return shared === true ? `${table} ${id} shared` : `${table} ${id}`;
}

function add(counts: Map<string, number>, key: string, change: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + change;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
