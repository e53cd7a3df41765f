/** Writes the log of the Temporal SDK into the log of the worker. Separate from log.ts, because the worker SDK is slow to load. */
import { DefaultLogger, Runtime, makeTelemetryFilterString } from '@temporalio/worker';
import type { LogLevel as TemporalLogLevel } from '@temporalio/worker';
import type { Logger } from './log';

const LEVELS: Record<TemporalLogLevel, 'trace' | 'debug' | 'info' | 'warn' | 'error'> = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
};

/** Redirects the log of the Temporal SDK and its core to our log. Call this once, before any other function of the SDK. */
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
