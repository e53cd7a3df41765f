/** Classifies the errors that Postgres and its driver report. */
import postgres from 'postgres';

/** Whether an error is the violation of one named constraint. */
export function violates(error: unknown, constraint: string): boolean {
  return error instanceof postgres.PostgresError && error.constraint_name === constraint;
}

/** A row that a transaction will lock. */
export interface LockedRow {
  /** The table, or the noun of the interface. All callers must use the same name for a row. */
  table: string;
  id: string;
  /** Whether several transactions can hold the lock at the same time. */
  shared?: true;
}

/** A transaction was not carried out, because others have locked its rows or use all turns for locking rows (`lock-turns.ts`). */
export class RowsBusy extends Error {
  /** `row` is the locked row; null when no single row is the reason. */
  constructor(
    readonly row: LockedRow | null,
    options?: ErrorOptions,
  ) {
    super(row === null ? 'too many transactions lock rows' : `${row.table} ${row.id} is locked by others`, options);
  }
}

/** Whether a statement timed out waiting for a row that another transaction has locked. */
export function isLockTimeout(error: unknown): boolean {
  const reported = error instanceof RowsBusy ? error.cause : error;
  return reported instanceof postgres.PostgresError && reported.code === '55P03';
}

/**
 * Whether a statement timed out waiting for a transaction that writes the same unique key. When Postgres reports in a language other
 * than English, such a wait counts as a wait for a row.
 */
export function isKeyTimeout(error: unknown): boolean {
  const reported = error instanceof RowsBusy ? error.cause : error;
  return isLockTimeout(reported) && /inserting index tuple/.test((reported as postgres.PostgresError).where ?? '');
}

/** Replaces a lock time-out by `RowsBusy`; returns other errors unchanged. */
export function rowsBusyIfLocked(error: unknown, row: LockedRow | null): unknown {
  return !(error instanceof RowsBusy) && isLockTimeout(error) ? new RowsBusy(row, { cause: error }) : error;
}

/** Whether Postgres cancelled a statement, as it does when the statement exceeds its time limit. */
export function isStatementTimeout(error: unknown): boolean {
  return error instanceof postgres.PostgresError && error.code === '57014';
}

/** Driver codes and SQLSTATEs that mean that the server is unreachable or ended the session: try again later. */
const CONNECTION_CODES = /^(CONNECT|CONNECTION_|ECONN|EPIPE|ENOTFOUND|EHOSTUNREACH|ETIMEDOUT|EAI_|08|25P03|57P0|53)/;

/** Whether the database was unreachable, so that the same call may succeed later. */
export function isDatabaseUnavailable(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && CONNECTION_CODES.test(code);
}

/** Whether the same statement will probably succeed soon: Postgres was unreachable, or a deadlock or time-out ended the statement. */
export function isTransient(error: unknown): boolean {
  if (isDatabaseUnavailable(error) || isTransactionToRepeat(error) || error instanceof RowsBusy) return true;
  return error instanceof postgres.PostgresError && /^(40|55P03|57014|25006)/.test(error.code);
}

/** Whether Postgres refused a statement for a reason in the database: a trigger, a violated constraint, a missing privilege. */
export function isDatabaseRefusal(error: unknown): error is postgres.PostgresError {
  return error instanceof postgres.PostgresError && !isTransient(error);
}

/** Routines of Postgres that report an outdated prepared statement: its table changed, or the session lost it. */
const OUTDATED_PLAN_ROUTINES = new Set(['RevalidateCachedQuery', 'FetchPreparedStatement', 'transformAssignedExpr']);

/**
 * Whether a transaction failed without effect and can succeed when it is run again as a whole (decisions 34): a serialization
 * failure, a deadlock, an outdated prepared statement, or a COMMIT that Postgres answered with ROLLBACK.
 */
export function isTransactionToRepeat(error: unknown): boolean {
  if ((error as { code?: unknown } | null)?.code === 'TRANSACTION_ROLLED_BACK') return true;
  if (!(error instanceof postgres.PostgresError)) return false;
  return /^(40001|40P01|26000)$/.test(error.code) || OUTDATED_PLAN_ROUTINES.has(error.routine ?? '');
}

/** Whether a value does not have the form of its column: an id that is no UUID, a date that does not exist. */
export function isBadData(error: unknown): boolean {
  return error instanceof postgres.PostgresError && error.code.startsWith('22');
}

/** Whether a statement can never succeed with the same values: bad data, a violated constraint, a missing privilege. */
export function isPermanent(error: unknown): boolean {
  return error instanceof postgres.PostgresError && /^(21|22|23|42)/.test(error.code);
}
