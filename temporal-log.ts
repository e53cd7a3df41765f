/** What the Temporal SDK and its core say, in the log of the worker. Apart from log.ts, since the SDK's worker takes long to load. */
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
