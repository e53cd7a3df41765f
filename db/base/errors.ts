/** What Postgres reports, as the rest of the house asks about it. */
import postgres from 'postgres';

/** Whether an error is the violation of one named constraint. */
export function violates(error: unknown, constraint: string): boolean {
  return error instanceof postgres.PostgresError && error.constraint_name === constraint;
}

/** A row that a transaction is going to lock. */
export interface LockedRow {
  /** The table, or the noun of the interface; one row always goes by the same. */
  table: string;
  id: string;
  /** Whether the lock is one that several transactions can hold. */
  shared?: true;
}

/** Work that locks rows was not carried out, because other work has these rows or all places for such work (`lock-turns.ts`). */
export class RowsBusy extends Error {
  /** `row` is the one that is taken; null when no single row stands in the way. */
  constructor(
    readonly row: LockedRow | null,
    options?: ErrorOptions,
  ) {
    super(row === null ? 'too many transactions lock rows' : `${row.table} ${row.id} is locked by others`, options);
  }
}

/** Whether a statement gave up waiting for a row that another transaction holds. */
export function isLockTimeout(error: unknown): boolean {
  const reported = error instanceof RowsBusy ? error.cause : error;
  return reported instanceof postgres.PostgresError && reported.code === '55P03';
}

/**
 * Whether a statement gave up waiting for a transaction that writes the same unique key. Where Postgres reports in another language
 * than English, such a wait counts as one for a row.
 */
export function isKeyTimeout(error: unknown): boolean {
  const reported = error instanceof RowsBusy ? error.cause : error;
  return isLockTimeout(reported) && /inserting index tuple/.test((reported as postgres.PostgresError).where ?? '');
}

/** An error as it is, or `RowsBusy` in place of a lock time-out. */
export function rowsBusyIfLocked(error: unknown, row: LockedRow | null): unknown {
  return !(error instanceof RowsBusy) && isLockTimeout(error) ? new RowsBusy(row, { cause: error }) : error;
}

/** Whether Postgres cancelled a statement, as it does when one takes longer than it may. */
export function isStatementTimeout(error: unknown): boolean {
  return error instanceof postgres.PostgresError && error.code === '57014';
}

/** Driver codes and SQLSTATEs that mean the server cannot be reached, or ended the session: try again later. */
const CONNECTION_CODES = /^(CONNECT|CONNECTION_|ECONN|EPIPE|ENOTFOUND|EHOSTUNREACH|ETIMEDOUT|EAI_|08|25P03|57P0|53)/;

/** Whether the database was out of reach, so that the same call may succeed later. */
export function isDatabaseUnavailable(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && CONNECTION_CODES.test(code);
}

/** Whether the same statement may well succeed in a moment: out of reach, a deadlock, a wait or a statement cut short. */
export function isTransient(error: unknown): boolean {
  if (isDatabaseUnavailable(error) || isTransactionToRepeat(error) || error instanceof RowsBusy) return true;
  return error instanceof postgres.PostgresError && /^(40|55P03|57014|25006)/.test(error.code);
}

/** Whether Postgres refused a statement for a reason that lies in the database: a trigger, a broken rule, a missing right. */
export function isDatabaseRefusal(error: unknown): error is postgres.PostgresError {
  return error instanceof postgres.PostgresError && !isTransient(error);
}

/** Routines of Postgres that report a prepared statement as outdated: its table changed, or the session lost it. */
const OUTDATED_PLAN_ROUTINES = new Set(['RevalidateCachedQuery', 'FetchPreparedStatement', 'transformAssignedExpr']);

/**
 * Whether a transaction failed without effect and succeeds when it is run again as a whole (decisions 34): a serialization
 * failure, a deadlock, an outdated prepared statement, or a COMMIT that Postgres answered with ROLLBACK.
 */
export function isTransactionToRepeat(error: unknown): boolean {
  if ((error as { code?: unknown } | null)?.code === 'TRANSACTION_ROLLED_BACK') return true;
  if (!(error instanceof postgres.PostgresError)) return false;
  return /^(40001|40P01|26000)$/.test(error.code) || OUTDATED_PLAN_ROUTINES.has(error.routine ?? '');
}

/** Whether a value has not the form of its column: an id that is none, a date that does not exist. */
export function isBadData(error: unknown): boolean {
  return error instanceof postgres.PostgresError && error.code.startsWith('22');
}

/** Whether repeating a statement with the same values can never succeed: bad data, a broken rule, a missing right. */
export function isPermanent(error: unknown): boolean {
  return error instanceof postgres.PostgresError && /^(21|22|23|42)/.test(error.code);
}
