/** What Postgres reports, as the rest of the house asks about it. */
import postgres from 'postgres';

/** Whether an error is the violation of one named constraint. */
export function violates(error: unknown, constraint: string): boolean {
  return error instanceof postgres.PostgresError && error.constraint_name === constraint;
}

/** Whether a statement gave up waiting for a row that another transaction holds. */
export function isLockTimeout(error: unknown): boolean {
  return error instanceof postgres.PostgresError && error.code === '55P03';
}

/** Driver codes and SQLSTATE classes that mean the server cannot be reached or is going away: try again later. */
const CONNECTION_CODES = /^(CONNECT|CONNECTION_|ECONN|EPIPE|ENOTFOUND|EHOSTUNREACH|ETIMEDOUT|EAI_|08|57P0|53)/;

/** Whether the database was out of reach, so that the same call may succeed later. */
export function isDatabaseUnavailable(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && CONNECTION_CODES.test(code);
}

/** Whether the same statement may well succeed in a moment: out of reach, a deadlock, a wait or a statement cut short. */
export function isPassing(error: unknown): boolean {
  if (isDatabaseUnavailable(error)) return true;
  return error instanceof postgres.PostgresError && /^(40|55P03|57014|25006)/.test(error.code);
}

/** Whether a value has not the form of its column: an id that is none, a date that does not exist. */
export function isBadData(error: unknown): boolean {
  return error instanceof postgres.PostgresError && error.code.startsWith('22');
}

/** Whether repeating a statement with the same values can never succeed: bad data, a broken rule, a missing right. */
export function isPermanent(error: unknown): boolean {
  return error instanceof postgres.PostgresError && /^(21|22|23|42)/.test(error.code);
}
