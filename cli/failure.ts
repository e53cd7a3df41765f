/**
 * What went wrong, in a sentence that says what to do. The stack of an error is for bugs alone.
 */
import { ConfigError } from '../config';
import { isDatabaseUnavailable } from '../db/base/errors';
import { poolerRefusal } from '../db/base/pooler';
import { isConnectionError } from '../temporal/command';
import { GRPC, grpcFailureOf } from '../temporal/grpc-status';
import { SearchAttributeProblem } from '../temporal/search-attribute-problem';

/** An expected end of a command: its message is all that needs to be said. */
export class CommandFailure extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CommandFailure';
  }
}

/** The sentence for an error, whichever part of the house it comes from. */
export function errorSentence(error: unknown): string {
  const expected = [ConfigError, CommandFailure, SearchAttributeProblem].some((kind) => error instanceof kind);
  if (error instanceof Error && expected) return error.message;
  const pooler = poolerRefusal(error);
  if (pooler !== null) return pooler.message;
  const code = codeOf(error);
  if (code === '28P01' || code === '28000') return 'Postgres refuses the user or the password of DATABASE_URL.';
  if (code === '3D000') return `The database of DATABASE_URL does not exist (${errorMessage(error)}); create it first.`;
  if (code === '42P01') return 'The database lacks a table: run `covenant migrate` first.';
  if (isDatabaseUnavailable(error)) {
    return `Postgres cannot be reached (${errorMessage(error)}). Check DATABASE_URL, and that the server runs.`;
  }
  if (isConnectionError(error)) {
    return `Temporal cannot be reached (${errorMessage(error)}). Check TEMPORAL_ADDRESS and TEMPORAL_TLS…, and that the server runs.`;
  }
  const answer = answerOf(error);
  if (answer !== undefined) return answer;
  return error instanceof Error && error.stack !== undefined ? error.stack : String(error);
}

/** The sentence for a call that Temporal answered with an error; undefined for other errors. */
function answerOf(error: unknown): string | undefined {
  const failure = grpcFailureOf(error);
  if (failure === undefined) return undefined;
  const { code, details } = failure;
  switch (code) {
    case GRPC.UNAUTHENTICATED:
      return `Temporal does not accept the credentials (${details}). Check TEMPORAL_API_KEY, or TEMPORAL_TLS_CERT and TEMPORAL_TLS_KEY.`;
    case GRPC.PERMISSION_DENIED:
      return `Temporal refuses the call (${details}). The role of the credentials must be allowed to write in the namespace TEMPORAL_NAMESPACE.`;
    case GRPC.NOT_FOUND:
      return `Temporal does not find what was asked for (${details}). Check TEMPORAL_NAMESPACE.`;
    default: {
      const name = Object.entries(GRPC).find(([, number]) => number === code)?.[0] ?? `gRPC status ${code}`;
      return `Temporal answered ${name} (${details}). Try again, and see the log of the server.`;
    }
  }
}

/** The message of an error that may be empty, as that of an AggregateError is. */
export function errorMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || codeOf(error) || error.name;
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}
