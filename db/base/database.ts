/**
 * The connection to Postgres: one pool per process, with the types and limits of Covenant.
 *
 * Instants and dates arrive as text in the form of `domain/base/instant.ts`. 64-bit integers stay text, because ids of licenses are
 * larger than JavaScript's safe integers. A single statement runs alone and its `.count` tells whether it had an effect; statements
 * that belong together run in `sql.begin` (decisions 7).
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import postgres from 'postgres';
import { driverAddress } from './address';
import { isTransactionToRepeat } from './errors';
import type { LockedRow } from './errors';
import { createLockTurns, lockTurnLimits } from './lock-turns';
import type { LockTurnLimits, LockTurns } from './lock-turns';
import { NO_LIMITS, answerTimeoutS, limitLockWait, sessionSettings } from './session';
import type { SessionLimits } from './session';

/** A pool of connections, or one transaction of it: queries work with either. */
export type Sql = postgres.ISql<{}>;

/** A part of a statement, to be inserted into another statement. */
export type Fragment = postgres.PendingQuery<postgres.Row[]>;

/** The pool, which can begin transactions, listen and be closed. */
export type Database = postgres.Sql<{}> & {
  /** Turns of its transactions that lock rows, see `beginLocked`. */
  readonly lockTurns: LockTurns;
  /** A connection of its own for readiness checks, which must not wait behind the work of the process. It connects when it is first used. */
  readonly probe: Sql;
};

/** How long Postgres may take to answer a new connection. */
const CONNECT_TIMEOUT_S = 5;

/** After this many seconds without traffic, TCP checks whether a connection is alive; the peer has ten seconds to answer. */
const KEEPALIVE_S = 10;

/** After this many seconds without a readiness check, its connection is closed. */
const PROBE_IDLE_S = 60;

/** The longest pause before a lost connection is replaced. The driver's own pause grows to 20 s, because it counts losses per pool. */
const RECONNECT_PAUSE_S_MAX = 1;

export interface DatabaseOptions {
  /** Connections at most. */
  max: number;
  /** Shown in `pg_stat_activity`. */
  application_name: string;
  /** The time limits of its sessions; none unless given. */
  limits?: SessionLimits;
  /** Replaces limits of lock turns that would follow from the size of the pool. */
  lockTurnLimits?: Partial<LockTurnLimits> | undefined;
}

/**
 * Opens a pool. It connects when a connection is first needed. Its transactions may run twice, see `repeatTransactions`. The address may
 * name a Unix socket (`driverAddress`).
 */
export function openDatabase(databaseUrl: string, options: DatabaseOptions): Database {
  const limits = options.limits ?? NO_LIMITS;
  const { url, ...socket } = driverAddress(databaseUrl);
  const settings = {
    ...socket,
    max: options.max,
    connect_timeout: CONNECT_TIMEOUT_S,
    keep_alive: KEEPALIVE_S,
    backoff: reconnectPauseS,
    /** An option of the project's patch of the driver, in seconds. */
    answer_timeout: answerTimeoutS(limits.statement_ms),
    onnotice: () => undefined,
    connection: sessionSettings(options.application_name, limits),
    types: {
      date: { to: 1082, from: [1082], serialize: (text: string) => text, parse: (text: string) => text },
      instant: {
        to: 1184,
        from: [1184],
        serialize: (text: string) => text,
        parse: (text: string) => new Date(text).toISOString(),
      },
    },
  };
  const pool = postgres(url, settings) as postgres.Sql<{}>;
  repeatTransactions(pool);
  const turns = { ...lockTurnLimits(options.max, limits.lock_ms), ...options.lockTurnLimits };
  const probe = postgres(url, { ...settings, max: 1, idle_timeout: PROBE_IDLE_S }) as postgres.Sql<{}>;
  const endPool = pool.end.bind(pool);
  const end: Database['end'] = async (how) => void (await Promise.all([endPool(how), probe.end(how)]));
  return Object.assign(pool, { end, probe, lockTurns: createLockTurns(turns) });
}

/**
 * Begins a transaction that locks these rows, when its turn comes (`lock-turns.ts`). While another transaction keeps a row locked, this
 * one is rolled back and run again, for `wait_ms` in all (default: the limit of the pool).
 * @throws RowsBusy when its turn does not come in time, or one of the rows stays locked
 */
export function beginLocked<T>(
  db: Database,
  rows: readonly LockedRow[],
  run: (tx: postgres.TransactionSql<{}>) => Promise<T>,
  wait_ms?: number,
): Promise<T> {
  const { attempt_ms } = db.lockTurns.limits;
  const attempt = (): Promise<unknown> =>
    db.begin(async (tx) => {
      // Sent together, so that the limit costs no round trip.
      const [, result] = await Promise.all([limitLockWait(tx, attempt_ms), run(tx)]);
      return result;
    });
  return db.lockTurns.run(rows, attempt, wait_ms) as Promise<T>;
}

/**
 * Keeps the driver from sending other statements behind this one on its connection: while this one waits for a row, they would wait
 * too. When no connection is idle, the driver pipelines further statements on connections that run a single statement.
 */
export function withoutPipelining<Rows extends readonly postgres.MaybeRow[]>(
  query: postgres.PendingQuery<Rows>,
): postgres.PendingQuery<Rows> {
  // The driver calls this after it has sent a statement, to learn whether the connection takes another one.
  const { options } = query as unknown as { options: { onexecute?: () => boolean } };
  options.onexecute = () => false;
  return query;
}

/** The pause before a new connection, in seconds: short at first, and random so that a whole pool does not reconnect at once. */
function reconnectPauseS(losses: number): number {
  return (0.5 + Math.random() / 2) * Math.min(2 ** losses / 100, RECONNECT_PAUSE_S_MAX);
}

/**
 * Runs a transaction that failed for a transient reason again as a whole, once (decisions 34, `isTransactionToRepeat`). So the function
 * given to `begin` may run twice: it must have no effect outside its transaction.
 */
function repeatTransactions(pool: postgres.Sql<{}>): void {
  const begin = pool.begin.bind(pool) as (...args: unknown[]) => Promise<unknown>;
  const beginOrRepeat = async (...args: unknown[]): Promise<unknown> => {
    try {
      return await begin(...args);
    } catch (error) {
      if (!isTransactionToRepeat(error)) throw error;
      return begin(...args);
    }
  };
  pool.begin = beginOrRepeat as postgres.Sql<{}>['begin'];
}

/** Where the driver is loaded from. */
const DRIVER = dirname(require.resolve('postgres'));

/** The changes that the patch must have made to the driver: the file, its mark in the text, and the effect of its absence. */
const PATCH_PARTS: readonly { file: string; mark: RegExp; without: string }[] = [
  {
    file: 'connection.js',
    mark: /function ErrorResponse\(x\) \{\s*rows = 0/,
    without: 'a SELECT that fails after streaming rows leaves holes in the next result of its connection',
  },
  {
    file: 'index.js',
    mark: /if \(lost\)/,
    without: 'statements of a lost transaction run and commit on the connection that follows',
  },
  {
    file: 'connection.js',
    mark: /outdated && !query\.retried && mayRepeat\(x\)/,
    without: 'a statement is repeated inside a transaction that has failed, and its connection hangs for good',
  },
  {
    file: 'index.js',
    mark: /if \(command !== done\)/,
    without: 'a COMMIT that Postgres answered with ROLLBACK counts as done',
  },
  {
    file: 'connection.js',
    mark: /heard === last && !held\s*\? silent\(\)/,
    without: 'a statement on a connection that gives no answer never ends',
  },
];

/**
 * Throws unless the driver contains the whole patch (`patches/`; `test/base/db.driver.test.ts` shows the reason of each part). `npm ci`
 * applies it. An install with `--ignore-scripts` does not, nor does a pull that changed the patch.
 */
export function assertDriverPatched(directory: string = DRIVER): void {
  const missing = PATCH_PARTS.find(({ file, mark }) => !mark.test(readFileSync(join(directory, file), 'utf8')));
  if (!missing) return;
  throw new Error(
    `The Postgres driver is not patched: ${missing.without}. Run \`npx patch-package\` (npm runs it after every install unless scripts are off).`,
  );
}
