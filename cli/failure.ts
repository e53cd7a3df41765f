/**
 * Describes an error in one sentence with its remedy. Only unexpected errors show their stack.
 */
import { ConfigError } from '../config';
import { isDatabaseUnavailable } from '../db/base/errors';
import { poolerRefusal } from '../db/base/pooler';
import { isConnectionError } from '../temporal/command';
import { GRPC, grpcFailureOf } from '../temporal/grpc-status';
import { SearchAttributeProblem } from '../temporal/search-attribute-problem';
import { CommandFailure } from './command-failure';

/** The sentence for an error of any layer. */
export function errorSentence(error: unknown): string {
  const expected = [ConfigError, CommandFailure, SearchAttributeProblem].some((kind) => error instanceof kind);
  if (error instanceof Error && expected) return error.message;
  const pooler = poolerRefusal(error);
  if (pooler !== null) return pooler.message;
  const code = codeOf(error);
  if (code === '28P01' || code === '28000') return 'Postgres rejects the user or the password of DATABASE_URL.';
  if (code === '3D000') return `The database of DATABASE_URL does not exist (${errorMessage(error)}). Create it first.`;
  if (code === '42P01') return 'A table is missing in the database. Run `covenant migrate` first.';
  if (isDatabaseUnavailable(error)) {
    return `Postgres cannot be reached (${errorMessage(error)}). Check DATABASE_URL, and check that the server runs.`;
  }
  const rejection = temporalRejection(error);
  if (rejection !== null) return `${rejection.what}. ${rejection.remedy}`;
  if (isConnectionError(error)) {
    return `Temporal cannot be reached (${errorMessage(error)}). Check TEMPORAL_ADDRESS and TEMPORAL_TLS…, and check that the server runs.`;
  }
  const sentence = grpcErrorSentence(error);
  if (sentence !== undefined) return sentence;
  return error instanceof Error && error.stack !== undefined ? error.stack : String(error);
}

/**
 * Describes an error with which Temporal rejects the credentials of this process; null for other errors. The client reports such an
 * error as a failed connection when it is the answer to the first call.
 */
export function temporalRejection(error: unknown): { what: string; remedy: string } | null {
  const failure = grpcFailureOf(error);
  switch (failure?.code) {
    case GRPC.UNAUTHENTICATED:
      return {
        what: `Temporal rejects the credentials (${failure.details})`,
        remedy: 'Check TEMPORAL_API_KEY, or TEMPORAL_TLS_CERT and TEMPORAL_TLS_KEY.',
      };
    case GRPC.PERMISSION_DENIED:
      return {
        what: `Temporal denies the call (${failure.details})`,
        remedy: 'The credentials need a role that can write in the namespace TEMPORAL_NAMESPACE.',
      };
    default:
      return null;
  }
}

/** The sentence for a gRPC error of Temporal; undefined for other errors. */
function grpcErrorSentence(error: unknown): string | undefined {
  const failure = grpcFailureOf(error);
  if (failure === undefined) return undefined;
  const { code, details } = failure;
  switch (code) {
    case GRPC.NOT_FOUND:
      return `Temporal cannot find the requested resource (${details}). Check TEMPORAL_NAMESPACE.`;
    default: {
      const name = Object.entries(GRPC).find(([, number]) => number === code)?.[0] ?? `gRPC status ${code}`;
      return `Temporal responded with ${name} (${details}). Try again, and read the log of the server.`;
    }
  }
}

/** The message of an error; its code or its name when the message is empty, as for an AggregateError. */
export function errorMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || codeOf(error) || error.name;
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}
