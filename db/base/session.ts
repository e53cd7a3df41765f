/**
 * The time limits of a session. They also hold for a process that hangs or cannot be reached: no statement or transaction lasts longer
 * than its limit.
 *
 * Postgres enforces the limits (`statement_timeout`, `idle_in_transaction_session_timeout`). The driver also enforces the limit of a
 * statement, `ANSWER_MARGIN_MS` later: it closes and replaces a connection that gives no answer, and the statement fails with
 * `CONNECTION_SILENT`.
 */
import type postgres from 'postgres';

/** How long a statement waits for a row that another transaction has locked. */
export const LOCK_TIMEOUT_MS = 5_000;

/** How much longer than `statement_timeout` the driver waits for the answer to a statement. */
export const ANSWER_MARGIN_MS = 1_000;

/** Limits of one session, in milliseconds; 0 means no limit. */
export interface SessionLimits {
  /** Limit of one statement, including its waits for rows. */
  statement_ms: number;
  /** Limit of the time between two statements of a transaction. After it the session ends and its locks are released. */
  idle_in_transaction_ms: number;
  /** Limit of the wait for a row that another transaction has locked; `LOCK_TIMEOUT_MS` by default. */
  lock_ms?: number;
}

/** Limits of the command line, which may count large tables. Those of the API and the worker are settings (`config.ts`). */
export const CLI_LIMITS: SessionLimits = { statement_ms: 60_000, idle_in_transaction_ms: 10_000 };
/** Limits of migrations, which may rewrite large tables, and of tools and tests. */
export const NO_LIMITS: SessionLimits = { statement_ms: 0, idle_in_transaction_ms: 0 };
/** Limit of one statement that changes a row for each contract of a product or generator. */
export const BULK_STATEMENT_MS = 60_000;

/** How soon Postgres notices that the machine of a client is gone: after 10 s without traffic it sends three probes, 5 s apart. */
const TCP_KEEPALIVE = { tcp_keepalives_idle: 10, tcp_keepalives_interval: 5, tcp_keepalives_count: 3 };

/**
 * The settings that a connection sends in its startup packet. A pooler that does not know one of them refuses the connection and names
 * the setting.
 */
export function sessionSettings(application_name: string, limits: SessionLimits): Record<string, string> {
  const settings = {
    application_name,
    TimeZone: 'UTC',
    lock_timeout: limits.lock_ms ?? LOCK_TIMEOUT_MS,
    statement_timeout: limits.statement_ms,
    idle_in_transaction_session_timeout: limits.idle_in_transaction_ms,
    ...TCP_KEEPALIVE,
  };
  // As text: the driver omits a setting that is 0, and then the default of the database or the role would apply.
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, String(value)]));
}

/** How long the driver waits for the next byte of an answer, in seconds; 0 means no limit. */
export function answerTimeoutS(statement_ms: number): number {
  return statement_ms === 0 ? 0 : (statement_ms + ANSWER_MARGIN_MS) / 1000;
}

/** Makes each later statement of a transaction wait this long for a row, instead of {@link LOCK_TIMEOUT_MS}. */
export async function limitLockWait(tx: postgres.ISql<{}>, lock_ms: number): Promise<void> {
  await tx.unsafe(`SET LOCAL lock_timeout = ${lock_ms}`);
}

/**
 * The same limit for a statement that runs alone: an item of its FROM list, which is computed before the joined row is locked. A
 * transaction would cost two more round trips.
 */
export function limitedLockWait(sql: postgres.ISql<{}>, lock_ms: number): postgres.PendingQuery<postgres.Row[]> {
  return sql`(SELECT set_config('lock_timeout', ${String(lock_ms)}, true)) AS lock_wait`;
}

/** Makes the statements of `run` wait at least this long for a lock; restores the previous limit for later statements. */
export async function allowLockWait(
  tx: postgres.ISql<{}>,
  lock_ms: number,
  run: () => PromiseLike<unknown>,
): Promise<void> {
  const [{ before_ms }] = await tx<[{ before_ms: number }]>`
    SELECT setting::int AS before_ms FROM pg_settings WHERE name = 'lock_timeout'`;
  const is_shorter = before_ms > 0 && before_ms < lock_ms;
  if (is_shorter) await limitLockWait(tx, lock_ms);
  // After a failure the transaction runs no further statement, so the limit need not be restored.
  await run();
  if (is_shorter) await limitLockWait(tx, before_ms);
}

/**
 * Gives each later statement of a transaction this time limit instead of that of its session, in Postgres and in the driver: `SET LOCAL`
 * alone would not change the driver's limit. For the few statements whose work grows with the data.
 */
export async function allowStatementTime(tx: postgres.ISql<{}>, statement_ms: number): Promise<void> {
  await tx.unsafe(`SET LOCAL statement_timeout = ${statement_ms}`);
  (tx as postgres.ISql<{}> & { answer_timeout: (seconds: number) => void }).answer_timeout(
    answerTimeoutS(statement_ms),
  );
}
