/**
 * Turns of the transactions that lock rows: how many of them use connections of one pool at the same time.
 *
 * A transaction that waits for a row holds its connection for as long as it waits. Without a bound, the requests for rows that
 * another process holds take every connection of the pool, and requests for other rows wait with them. So
 *
 * - a transaction waits for its turn in memory, where it holds no connection, as long as transactions of this pool use a row
 *   that it is going to lock (one at a time, or four that only share the row), or transactions that lock rows use all connections
 *   but those that are left for statements which lock nothing;
 * - when its turn has come it waits for a row only shortly. A row that stays locked for longer is suspect: the transaction, which
 *   is rolled back, gives its connection back, keeps its turn for the row, and is tried again until its time is over;
 * - transactions of suspect rows use few connections in all, one after another. So however many rows are held, other rows are
 *   locked without waiting for these.
 *
 * Turns are given in the order of arrival. Both the time of a wait and the number of those that wait are bounded. A turn ends with
 * its transaction, which is bounded by the limits of its session (`session.ts`). Do not take a turn inside a turn.
 */
import { RowsBusy, isLockTimeout } from './errors';
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
/** How long an attempt waits for a row. Transactions take milliseconds each; the first attempts at rows that are held delay others. */
export const ATTEMPT_WAIT_MS = 250;
/** The part of the turns that transactions of suspect rows have. */
const CONTENDED_SHARE = 1 / 3;
/** Suspect rows that are remembered. A row that is forgotten becomes suspect again by its next attempt. */
const CONTENDED_ROWS_MAX = 10_000;

export interface LockTurnLimits {
  /** Transactions that run at the same time. */
  running_max: number;
  /** Those of them whose rows are suspect. */
  contended_max: number;
  waiting_max: number;
  waiting_per_row_max: number;
  /** The longest wait, for a turn and for the rows together. */
  wait_ms: number;
  /** How long one attempt waits for a row, in Postgres. The caller of `run` sets it (`beginLocked`). */
  attempt_ms: number;
}

export interface LockTurns {
  readonly limits: LockTurnLimits;
  /**
   * Runs work that locks these rows when it is its turn; at once, and in the same tick, when nothing is in its way. Without rows
   * it only counts among all. Work that fails by a lock time-out (55P03) has done nothing, and is run again until `wait_ms` is over.
   * @throws RowsBusy when its turn does not come in time or too many wait, and in place of 55P03 when a row stayed locked
   */
  run<T>(rows: readonly LockedRow[], work: () => Promise<T>, wait_ms?: number): Promise<T>;
  /** Whether this pool does nothing with a row, and it did not stay locked when a transaction of this pool last wanted it. */
  isFree(row: LockedRow): boolean;
  /** How many run now, and how many wait. */
  counts(): { running: number; waiting: number };
}

/** The limits of a pool with so many connections. */
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

/** Work from its arrival to its end. */
interface Turn {
  rows: readonly LockedRow[];
  /** When its time is over, by the monotonic clock. */
  ends_ms: number;
  /** Whether it has its rows: from its first attempt on, also between two attempts. */
  has_rows: boolean;
  /** The lock time-out of its last attempt. */
  timed_out: unknown;
  /** Whether its present attempt counts among those of suspect rows. */
  counts_as_contended: boolean;
}

export function createLockTurns(limits: LockTurnLimits): LockTurns {
  const sharing_max = Math.min(SHARING_MAX, limits.running_max);
  /** By row; an entry exists while there is any. */
  const running = new Map<string, number>();
  const waiting = new Map<string, number>();
  /** With what begins them, in the order of arrival; what is tried again comes last. */
  const waiters = new Map<Turn, () => void>();
  /** Rows that stayed locked for an attempt, until work on them ends in another way. */
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

  /** Ends an attempt; the turn keeps its rows until `leave`. */
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

  /** Waits until a turn may run; undefined when it has begun already. */
  function wait(turn: Turn): Promise<void> | undefined {
    if (mayRun(turn)) return void begin(turn);
    // What is tried again has been let in.
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

  /** Runs the work of a turn that has begun, once; false when it has to be tried again. */
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

  /** Remembers or forgets the rows of a turn as suspect, by how its attempt ended. */
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

/** The error for work whose rows stayed locked. */
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
