/** Structured logs: one JSON line each, with request and workflow ids, never a secret. */
import { DefaultLogger, Runtime, makeTelemetryFilterString } from '@temporalio/worker';
import type { LogLevel as TemporalLogLevel } from '@temporalio/worker';
import { pino } from 'pino';
import type { Logger } from 'pino';

export type { Logger } from 'pino';

/** Paths that are never written, wherever they occur. */
const REDACTED = ['*.authorization', '*.key', '*.secret', '*.keyPepper', 'req.headers.authorization'];

/** The log of a process. */
export function createLog(process_name: string, level: string): Logger {
  return pino({ level, base: { process: process_name }, redact: REDACTED, timestamp: pino.stdTimeFunctions.isoTime });
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
