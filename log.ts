/** Structured logs: one JSON line each, with request and workflow ids, never a secret. */
import { DefaultLogger, Runtime, makeTelemetryFilterString } from '@temporalio/worker';
import type { LogLevel as TemporalLogLevel } from '@temporalio/worker';
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

/** The log of a process; it goes to the standard output unless a test gives it somewhere else to go. */
export function createLog(process_name: string, level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: { process: process_name },
    redact: REDACTED,
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

const LEVELS: Record<TemporalLogLevel, 'trace' | 'debug' | 'info' | 'warn' | 'error'> = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
};

/** Sends what the Temporal SDK and its core say into our log. Call it once, before anything else of the SDK. */
export function logTemporal(log: Logger): void {
  const logger = new DefaultLogger('INFO', (entry) => {
    const { error, ...meta } = entry.meta ?? {};
    log[LEVELS[entry.level]]({ ...meta, ...(error === undefined ? {} : { err: error as Error }) }, entry.message);
  });
  Runtime.install({
    logger,
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }), forward: {} } },
    // The process decides when to end (worker.ts).
    shutdownSignals: [],
  });
}
