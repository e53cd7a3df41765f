/** Writes the log of the Temporal SDK into the log of the worker. Separate from log.ts, because the worker SDK is slow to load. */
import { DefaultLogger, Runtime, makeTelemetryFilterString } from '@temporalio/worker';
import type { LogEntry, LogLevel as TemporalLogLevel } from '@temporalio/worker';
import { NO_LOCAL_SLOT } from './activities/base/local-slots';
import type { Logger } from './log';

type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error';

const LEVELS: Record<TemporalLogLevel, Level> = {
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
    log[levelOf(entry)]({ ...meta, ...(error === undefined ? {} : { err: error as Error }) }, entry.message);
  });
  Runtime.install({
    logger,
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }), forward: {} } },
    // The process decides when to end (worker.ts).
    shutdownSignals: [],
  });
}

/** The level of an entry. The SDK warns of each failed activity, also of a local one whose regular activity runs next. */
export function levelOf({ level, meta }: Pick<LogEntry, 'level' | 'meta'>): Level {
  const error: unknown = meta?.error;
  const is_usual = error instanceof Error && 'type' in error && error.type === NO_LOCAL_SLOT;
  return is_usual ? 'debug' : LEVELS[level];
}
