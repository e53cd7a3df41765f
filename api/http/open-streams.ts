/**
 * Streamed responses, which are CSV files and progress streams: how many may be open at once, and who may still read them.
 *
 * The streams share one event loop and one connection pool with all other requests. So their number is limited for the process,
 * and for each caller, so that one admin or contract cannot use all of it.
 *
 * The key is checked when a stream is opened. After that, Postgres sends a notification for each commit that reduces the access of
 * an admin or of a contract's key. Notifications are lost when the connection is lost, so one statement also checks all open streams every few seconds.
 */
import type { Response } from 'express';
import { callerName, credentialIdOf } from '../../domain/access/caller';
import type { CallerRights, KnownCaller } from '../../domain/access/caller';
import { mayCall } from '../../domain/access/permission';
import type { OperationId } from '../../domain/access/permission';
import { ACCESS_CHANNEL } from '../../db/access/admin';
import { listAcceptedCredentials } from '../../db/access/caller-key';
import type { AcceptedCredential } from '../../db/access/caller-key';
import type { Database } from '../../db/base/database';
import type { SessionTimeouts } from '../../domain/access/session';
import type { Logger } from '../../log';
import { ClientStream } from './client-stream';
import { setOpenStreams } from './metrics';
import { ProblemError, protocolProblem } from './problem';

/** CSV files, and the progress of jobs. */
export const STREAM_KINDS = ['export', 'progress'] as const;
export type StreamKind = (typeof STREAM_KINDS)[number];

/** CSV files that one process sends at once; at most half of its connections to Postgres. */
export const EXPORTS_MAX = 4;
export const EXPORTS_PER_ADMIN_MAX = 2;
/** Progress streams that one process sends at once. */
export const PROGRESS_STREAMS_MAX = 500;
export const PROGRESS_STREAMS_PER_ADMIN_MAX = 100;

/** How long a client may read nothing. */
export const CLIENT_STALL_MS = 30_000;
/** How long one CSV file may take; 10,000,000 licenses are 2.6 GB and take 35 minutes at 10 Mbit/s. */
export const EXPORT_MS_MAX = 3_600_000;
/** The interval between two checks of the keys of all open streams. */
export const ACCESS_CHECK_MS = 5_000;

export interface StreamLimits {
  /** Open at once in this process. */
  max: Record<StreamKind, number>;
  /** Open at once for one admin in this process. */
  per_admin_max: Record<StreamKind, number>;
  stall_ms: number;
  export_ms_max: number;
  access_check_ms: number;
}

export interface OpenStreams {
  /** Opens a stream for the response of an operation. Throws the problem `TOO_MANY_STREAMS` or `STREAMS_BUSY`. */
  open(kind: StreamKind, caller: KnownCaller, operation_id: OperationId, response: Response): ClientStream;
  /** Removes the stream, so that another one can be opened. */
  close(stream: ClientStream): void;
}

interface OpenStream {
  kind: StreamKind;
  caller: KnownCaller;
  operation_id: OperationId;
  stream: ClientStream;
  duration_timeout: NodeJS.Timeout | undefined;
}

/** The limits of a process whose connection pool has this size. */
export function streamLimits(pool_size: number): StreamLimits {
  return {
    max: { export: Math.max(1, Math.min(EXPORTS_MAX, Math.floor(pool_size / 2))), progress: PROGRESS_STREAMS_MAX },
    per_admin_max: { export: EXPORTS_PER_ADMIN_MAX, progress: PROGRESS_STREAMS_PER_ADMIN_MAX },
    stall_ms: CLIENT_STALL_MS,
    export_ms_max: EXPORT_MS_MAX,
    access_check_ms: ACCESS_CHECK_MS,
  };
}

export function createOpenStreams(
  db: Database,
  log: Logger,
  limits: StreamLimits,
  timeouts: SessionTimeouts,
): OpenStreams {
  const streams = new Map<ClientStream, OpenStream>();
  let listening = false;
  let next_check: NodeJS.Timeout | undefined;

  /** Ends those of the given streams whose key is no longer valid or no longer allows the operation. */
  async function check(open: OpenStream[]): Promise<void> {
    if (open.length === 0) return;
    try {
      const keys = await listAcceptedCredentials(
        db,
        [...new Set(open.map(({ caller }) => credentialIdOf(caller)))],
        timeouts,
      );
      const accepted = new Map(keys.map((key) => [key.id, key]));
      for (const { caller, operation_id, stream } of open) {
        const key = accepted.get(credentialIdOf(caller));
        if (key === undefined || !mayCall(rightsNow(caller, key), operation_id)) stream.end('access_ended');
      }
    } catch (error) {
      log.warn({ err: error }, 'cannot check the keys of open streams; the next check follows');
    }
  }

  const checkAll = (): Promise<void> => check([...streams.values()]);

  /** Checks all streams after the interval, and repeats that while streams are open. */
  function scheduleCheck(): void {
    if (next_check !== undefined) return;
    const scheduled = setTimeout(() => {
      void checkAll().finally(() => {
        if (next_check !== scheduled) return;
        next_check = undefined;
        if (streams.size > 0) scheduleCheck();
      });
    }, limits.access_check_ms);
    next_check = scheduled;
  }

  /** Starts the one LISTEN of the process. The driver repeats it until it succeeds, and after each lost connection. */
  function listen(): void {
    if (listening) return;
    listening = true;
    const checkCaller = (id: string): void =>
      void check([...streams.values()].filter(({ caller }) => caller.id === id));
    // Notifications from before the LISTEN are lost, so all streams are checked when it starts.
    void db.listen(ACCESS_CHANNEL, checkCaller, () => void checkAll()).catch(() => undefined);
  }

  return {
    open(kind, caller, operation_id, response) {
      refuseAboveLimit(limits, kind, caller, [...streams.values()]);
      const stream = new ClientStream(response, limits.stall_ms);
      const duration_timeout =
        kind === 'export' ? setTimeout(() => stream.end('too_long'), limits.export_ms_max).unref() : undefined;
      streams.set(stream, { kind, caller, operation_id, stream, duration_timeout });
      setOpenStreams(kind, countOf(kind, [...streams.values()]));
      listen();
      scheduleCheck();
      return stream;
    },
    close(stream) {
      const open = streams.get(stream);
      if (!open) return;
      streams.delete(stream);
      clearTimeout(open.duration_timeout);
      setOpenStreams(open.kind, countOf(open.kind, [...streams.values()]));
      if (streams.size > 0) return;
      clearTimeout(next_check);
      next_check = undefined;
    },
  };
}

/** The rights of a caller whose role may have changed since it was authenticated. */
function rightsNow(caller: KnownCaller, { role }: AcceptedCredential): CallerRights {
  return caller.kind !== 'contract' && role !== null ? { ...caller, role } : caller;
}

/** Throws 429 when the caller has reached the limit of a caller, 503 when the process has reached its limit. */
function refuseAboveLimit(limits: StreamLimits, kind: StreamKind, caller: KnownCaller, open: OpenStream[]): void {
  const own_max = limits.per_admin_max[kind];
  const name = callerName(caller);
  const own = open.filter(({ caller: other }) => callerName(other) === name);
  if (countOf(kind, own) >= own_max) {
    const detail = `You have ${own_max} open ${kind} streams, which is the limit for one caller. Close one, or wait until one ends.`;
    throw new ProblemError(protocolProblem('TOO_MANY_STREAMS', detail, { metadata: { kind, max: own_max } }));
  }
  const max = limits.max[kind];
  if (countOf(kind, open) >= max) {
    const detail = `This server already sends ${max} ${kind} streams, which is its limit. Try again in a moment.`;
    throw new ProblemError(protocolProblem('STREAMS_BUSY', detail, { metadata: { kind, max } }));
  }
}

function countOf(kind: StreamKind, open: OpenStream[]): number {
  return open.filter((stream) => stream.kind === kind).length;
}
