/** Structured logs: JSON lines with request and workflow ids, never with secrets. */
import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';

export type { Logger } from 'pino';

/** Fields that are never written, down to REDACTED_DEPTH: our own entries are flat, and those of libraries are not deep. */
const REDACTED_FIELDS = [
  'authorization',
  'key',
  'secret',
  'keyPepper',
  'sealingKeys',
  'apiKey',
  'api_key',
  'super_admin_key',
  'password',
  'billing_secret',
  'billingStandardSecrets',
  'stripeWebhookSecrets',
  'stripeApiKey',
  'smtpServer',
  'mailDkimKey',
  'mailBounceSecrets',
];
const REDACTED_DEPTH = 4;
const REDACTED = REDACTED_FIELDS.flatMap((field) =>
  Array.from({ length: REDACTED_DEPTH }, (_, depth) => `${'*.'.repeat(depth)}${field}`),
);

/** What a line contains in place of a redacted value; pino writes the same. */
const REDACTED_VALUE = '[Redacted]';

/** Causes and parts of an error that a line contains. */
const ERROR_DEPTH = 5;

/** Lines are buffered up to this size or age, and written together. */
const BUFFERED_BYTES = 16_000;
const BUFFERED_MS_MAX = 100;

/**
 * Creates the log of a process, on standard output by default. Lines are written in the background. When the process ends, also by
 * an uncaught error, it writes the remaining lines, possibly before lines that are still being written. A `kill -9` loses the lines
 * of the last 100 ms.
 */
export function createLog(
  process_name: string,
  level: string,
  destination: DestinationStream = bufferedStdout(),
): Logger {
  const options = {
    level,
    base: { process: process_name },
    redact: REDACTED,
    serializers: { err: (error: unknown) => loggedError(error) },
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  return pino(options, destination);
}

/**
 * An error as it is logged: its name, message and stack, its fields that are plain values, such as `code`, and its causes. The other
 * fields of an error are objects of its library, even whole connections, which are too large and too nested for a log line.
 */
function loggedError(error: unknown, depth = ERROR_DEPTH): unknown {
  if (!(error instanceof Error) || depth === 0) return String(error);
  const fields = Object.entries(error)
    .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
    // The paths of REDACTED do not reach the deepest causes.
    .map(([field, value]) => [field, REDACTED_FIELDS.includes(field) ? REDACTED_VALUE : (value as unknown)] as const);
  const { name, message, stack, cause } = error;
  return {
    ...Object.fromEntries(fields),
    type: name,
    message,
    stack,
    ...(cause === undefined ? {} : { cause: loggedError(cause, depth - 1) }),
    ...(error instanceof AggregateError
      ? { errors: error.errors.slice(0, ERROR_DEPTH).map((part) => loggedError(part, depth - 1)) }
      : {}),
  };
}

function bufferedStdout(): DestinationStream {
  return pino.destination({ dest: 1, sync: false, minLength: BUFFERED_BYTES, periodicFlush: BUFFERED_MS_MAX });
}

/** The log line of a request. It contains no header, query or body, and so no secret. */
export interface RequestLine {
  request_id: string;
  method: string;
  /** Without the query. */
  path: string;
  status: number;
  duration_ms: number;
}

/**
 * Creates the writer of request lines. They are not redacted: redaction takes 50 µs a line, more than most of the work on a
 * request, and they contain no secrets.
 */
export function createRequestLog(log: Logger): (line: RequestLine) => void {
  const flat = log.child({}, { redact: [] });
  return ({ request_id, method, path, status, duration_ms }) =>
    flat.info({ request_id, method, path, status, duration_ms }, 'request');
}
