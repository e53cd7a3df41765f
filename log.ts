/** Structured logs: one JSON line each, with request and workflow ids, never a secret. */
import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';

export type { Logger } from 'pino';

/** Fields that are never written, down to this depth: what is logged on purpose is flat, what libraries add is not deep. */
const REDACTED_FIELDS = [
  'authorization',
  'key',
  'secret',
  'keyPepper',
  'apiKey',
  'api_key',
  'super_admin_key',
  'password',
  'billing_secret',
  'billingStandardSecrets',
  'stripeWebhookSecrets',
  'stripeApiKey',
];
const REDACTED_DEPTH = 4;
const REDACTED = REDACTED_FIELDS.flatMap((field) =>
  Array.from({ length: REDACTED_DEPTH }, (_, depth) => `${'*.'.repeat(depth)}${field}`),
);

/** Lines gather until they are so many bytes, or so old, and are written together. */
const BUFFERED_BYTES = 16_000;
const BUFFERED_MS_MAX = 100;

/**
 * The log of a process, on the standard output unless a test gives another destination. Lines are written in the background;
 * the end of the process, also by an uncaught error, writes those that are left, perhaps before those that are being
 * written. A `kill -9` loses those of the last 100 ms.
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
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  return pino(options, destination);
}

function bufferedStdout(): DestinationStream {
  return pino.destination({ dest: 1, sync: false, minLength: BUFFERED_BYTES, periodicFlush: BUFFERED_MS_MAX });
}

/** What is written of each request: ids, names and counts. Neither headers, query nor body enter it, and so no secret. */
export interface RequestLine {
  request_id: string;
  method: string;
  /** Without the query. */
  path: string;
  status: number;
  duration_ms: number;
}

/**
 * Writes the lines of requests. They are not searched for secrets: that takes 50 µs a line, more than most of the work on
 * a request.
 */
export function createRequestLog(log: Logger): (line: RequestLine) => void {
  const flat = log.child({}, { redact: [] });
  return ({ request_id, method, path, status, duration_ms }) =>
    flat.info({ request_id, method, path, status, duration_ms }, 'request');
}
