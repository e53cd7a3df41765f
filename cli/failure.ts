/**
 * What went wrong, in a sentence that says what to do. The stack of an error is for bugs alone.
 */
import { ConfigError } from '../config';
import { isDatabaseUnavailable } from '../db/errors';
import { isConnectionError } from '../temporal/command';

/** An expected end of a command: its message is all that needs to be said. */
export class CommandFailure extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CommandFailure';
  }
}

/** The sentence for an error, whichever part of the house it comes from. */
export function sentenceOf(error: unknown): string {
  if (error instanceof ConfigError || error instanceof CommandFailure) return error.message;
  const code = codeOf(error);
  if (code === '28P01' || code === '28000') return 'Postgres refuses the user or the password of DATABASE_URL.';
  if (code === '3D000') return `The database of DATABASE_URL does not exist (${messageOf(error)}); create it first.`;
  if (code === '42P01') return 'The database lacks a table: run `covenant migrate` first.';
  if (isDatabaseUnavailable(error)) {
    return `Postgres cannot be reached (${messageOf(error)}). Check DATABASE_URL, and that the server runs.`;
  }
  if (isConnectionError(error)) {
    return `Temporal cannot be reached (${messageOf(error)}). Check TEMPORAL_ADDRESS and TEMPORAL_TLS…, and that the server runs.`;
  }
  return error instanceof Error && error.stack !== undefined ? error.stack : String(error);
}

/** The message of an error that may be empty, as that of an AggregateError is. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || codeOf(error) || error.name;
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}
