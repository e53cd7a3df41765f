/**
 * Limits how many transactions that lock rows use connections of one pool at the same time. A *turn* is the permission to run one.
 *
 * A transaction that waits for a row holds its connection while it waits. Without a limit, requests for rows that another process has
 * locked would take every connection of the pool, and requests for other rows would wait too. Therefore:
 *
 * - A transaction waits for its turn in memory, without a connection, while transactions of this pool use one of its rows (one at a
 *   time, or four that share the row), or while such transactions use all connections except a few that are kept for other statements.
 * - When its turn comes, it waits for a row only briefly. A row that stays locked for longer is *contended*: the transaction is rolled
 *   back and frees its connection, keeps its place for the row, and is tried again until its time is over.
 * - Transactions of contended rows share a small number of turns. So other rows are locked without delay, however many are contended.
 *
 * Turns are granted in the order of arrival. The waiting time and the number of waiting transactions are limited. A turn ends with its
 * transaction, which the limits of its session bound (`session.ts`). Do not take a turn inside a turn.
 */
import { RowsBusy, isLockTimeout } from './errors';
import type { LockedRow } from './errors';
import { LOCK_TIMEOUT_MS } from './session';

/** Connections of a pool that stay free for statements that lock no rows; at most half of the pool. */
export const UNLOCKED_CONNECTIONS = 3;
/** Transactions that share a row at the same time, such as the product of contracts that are being created. */
export const SHARING_MAX = 4;
/** Transactions that may wait for one row. */
export const WAITING_PER_ROW_MAX = 100;
/** Transactions that may wait in one process. */
export const WAITING_MAX = 1_000;
/** How long one attempt waits for a row. A transaction takes milliseconds; the first attempts at locked rows delay other transactions. */
export const ATTEMPT_WAIT_MS = 250;
/** The part of the turns that transactions of contended rows may use. */
const CONTENDED_SHARE = 1 / 3;
/** Contended rows that are kept in memory. A row that is dropped becomes contended again by its next attempt. */
const CONTENDED_ROWS_MAX = 10_000;

export interface LockTurnLimits {
  /** Transactions that run at the same time. */
  running_max: number;
  /** Those of them whose rows are contended. */
  contended_max: number;
  waiting_max: number;
  waiting_per_row_max: number;
  /** The longest wait for the turn and the rows together. */
  wait_ms: number;
  /** How long one attempt waits for a row in Postgres. The caller of `run` sets it there (`beginLocked`). */
  attempt_ms: number;
}

export interface LockTurns {
  readonly limits: LockTurnLimits;
  /**
   * Runs work that locks these rows when its turn comes; in the same tick when no limit is reached. Without rows, only the total limit
   * applies. Work that fails by a lock time-out (55P03) had no effect, and is run again until `wait_ms` is over.
   * @throws RowsBusy when its turn does not come in time or too many wait, and in place of 55P03 when a row stayed locked
   */
  run<T>(rows: readonly LockedRow[], work: () => Promise<T>, wait_ms?: number): Promise<T>;
  /** Whether no transaction of this pool uses a row, and the last one that locked it did not time out. */
  isFree(row: LockedRow): boolean;
  /** How many transactions run now, and how many wait. */
  counts(): { running: number; waiting: number };
}

/** The limits of a pool with this number of connections. */
export function lockTurnLimits(pool_size: number, wait_ms = LOCK_TIMEOUT_MS): LockTurnLimits {
  const unlocked = Math.min(UNLOCKED_CONNECTIONS, Math.floor(pool_size / 2));
  const running_max = pool_size - unlocked;
  return {
    running_max,
    contended_max: Math.max(1, Math.floor(running_max * CONTENDED_SHARE)),
    waiting_max: WAITING_MAX,
    waiting_per_row_max: WAITING_PER_ROW_MAX,
    wait_ms,
    attempt_ms: Math.min(ATTEMPT_WAIT_MS, wait_ms),
  };
}

/** One call of `run`, from its arrival to its end. */
interface Turn {
  rows: readonly LockedRow[];
  /** When its time is over, by the monotonic clock. */
  ends_ms: number;
  /** Whether it has its place for its rows: from its first attempt on, also between two attempts. */
  has_rows: boolean;
  /** The lock time-out of its last attempt, or undefined. */
  timed_out: unknown;
  /** Whether its current attempt counts towards `contended_max`. */
  counts_as_contended: boolean;
}

export function createLockTurns(limits: LockTurnLimits): LockTurns {
  const sharing_max = Math.min(SHARING_MAX, limits.running_max);
  /** Numbers of transactions by row; an entry exists while its number is not 0. */
  const running = new Map<string, number>();
  const waiting = new Map<string, number>();
  /** Waiting turns with the functions that begin them, in the order of arrival. A turn that is tried again comes last. */
  const waiters = new Map<Turn, () => void>();
  /** Rows that stayed locked during an attempt, until an attempt ends without a lock time-out. */
  const contended_rows = new Set<string>();
  let running_total = 0;
  let running_contended = 0;

  const isBelowLimit = (row: LockedRow): boolean =>
    (running.get(keyOf(row)) ?? 0) < (row.shared === true ? sharing_max : 1);
  const isContended = ({ rows, timed_out }: Turn): boolean =>
    timed_out !== undefined || rows.some((row) => contended_rows.has(keyOf(row)));
  const mayRun = (turn: Turn): boolean =>
    running_total < limits.running_max &&
    (running_contended < limits.contended_max || !isContended(turn)) &&
    (turn.has_rows || turn.rows.every(isBelowLimit));

  function begin(turn: Turn): void {
    running_total += 1;
    turn.counts_as_contended = isContended(turn);
    if (turn.counts_as_contended) running_contended += 1;
    if (!turn.has_rows) for (const row of turn.rows) add(running, keyOf(row), 1);
    turn.has_rows = true;
  }

  /** Ends an attempt; the turn keeps its place for its rows until `leave`. */
  function pause(turn: Turn): void {
    running_total -= 1;
    if (turn.counts_as_contended) running_contended -= 1;
  }

  function leave(turn: Turn): void {
    for (const row of turn.rows) add(running, keyOf(row), -1);
  }

  function beginWaiters(): void {
    for (const [turn, beginTurn] of waiters) {
      if (running_total >= limits.running_max) return;
      if (mayRun(turn)) beginTurn();
    }
  }

  /** Waits until a turn may run; returns undefined when it has begun at once. */
  function wait(turn: Turn): Promise<void> | undefined {
    if (mayRun(turn)) return void begin(turn);
    // A turn that is tried again was counted before.
    const counted = turn.has_rows ? [] : turn.rows;
    const full_row = counted.find((row) => (waiting.get(keyOf(row)) ?? 0) >= limits.waiting_per_row_max);
    if (full_row !== undefined || (!turn.has_rows && waiters.size >= limits.waiting_max))
      throw new RowsBusy(full_row ?? null);
    return new Promise((resolve, reject) => {
      const stopWaiting = (): void => {
        clearTimeout(too_long);
        waiters.delete(turn);
        for (const row of counted) add(waiting, keyOf(row), -1);
      };
      const too_long = setTimeout(() => {
        stopWaiting();
        const taken = turn.rows.find((row) => !isBelowLimit(row)) ?? null;
        reject(turn.timed_out === undefined ? new RowsBusy(taken) : busyRows(turn));
      }, turn.ends_ms - performance.now()).unref();
      waiters.set(turn, () => {
        stopWaiting();
        begin(turn);
        resolve();
      });
      for (const row of counted) add(waiting, keyOf(row), 1);
    });
  }

  /** Runs the work of a turn once; false when it has to be tried again. */
  async function attempt<T>(turn: Turn, work: () => Promise<T>): Promise<{ result: T } | false> {
    turn.timed_out = undefined;
    try {
      return { result: await work() };
    } catch (error) {
      if (!isLockTimeout(error)) throw error;
      turn.timed_out = error;
      if (performance.now() >= turn.ends_ms) throw busyRows(turn);
      return false;
    } finally {
      pause(turn);
      recordContention(turn);
    }
  }

  /** Marks the rows of a turn as contended or not, by how its attempt ended. */
  function recordContention({ rows, timed_out }: Turn): void {
    if (contended_rows.size >= CONTENDED_ROWS_MAX) contended_rows.clear();
    for (const row of rows) {
      if (timed_out === undefined) contended_rows.delete(keyOf(row));
      else contended_rows.add(keyOf(row));
    }
  }

  return {
    limits,
    async run(rows, work, wait_ms = limits.wait_ms) {
      const ends_ms = performance.now() + wait_ms;
      const turn: Turn = { rows, ends_ms, has_rows: false, timed_out: undefined, counts_as_contended: false };
      const first = wait(turn);
      if (first !== undefined) await first;
      try {
        for (;;) {
          const done = await attempt(turn, work);
          if (done) return done.result;
          beginWaiters();
          const again = wait(turn);
          if (again !== undefined) await again;
        }
      } finally {
        leave(turn);
        beginWaiters();
      }
    },
    isFree: (row) => !running.has(keyOf(row)) && !contended_rows.has(keyOf(row)),
    counts: () => ({ running: running_total, waiting: waiters.size }),
  };
}

/** The error of a turn whose rows stayed locked. */
function busyRows({ rows, timed_out }: Turn): RowsBusy {
  return timed_out instanceof RowsBusy ? timed_out : new RowsBusy(rows[0] ?? null, { cause: timed_out });
}

function keyOf({ table, id, shared }: LockedRow): string {
  return shared === true ? `${table} ${id} shared` : `${table} ${id}`;
}

function add(counts: Map<string, number>, key: string, change: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + change;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
