/**
 * Follows work of the server until it ends: by server-sent events, and by reading again while no stream can be had.
 *
 * The stream sends the work without `allowed_actions`, so the work is read again when its state changes. When it has ended, everything
 * that the pages show is read again, because it changed licenses and quotas.
 */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { UseQueryResult } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

/** States in which work goes on, or will go on by itself. */
const UNFINISHED = new Set(['QUEUED', 'RUNNING', 'PAUSED', 'CANCELLING']);

/** How often the work is read while it has no stream. */
const READ_INTERVAL_MS = 3_000;

export interface Followed<Row> {
  /** The address of the work in the interface. Its stream is at `<path>/progress`. */
  path: string;
  read: (signal: AbortSignal) => Promise<Row>;
}

export function isUnfinished(state: string): boolean {
  return UNFINISHED.has(state);
}

/** The work with what an event says of it. What events leave out stays. */
export function withEvent<Row extends { state: string }>(row: Row | undefined, data: string): Row {
  return { ...row, ...(JSON.parse(data) as Row) };
}

/** The work, kept up to date. */
export function useProgress<Row extends { state: string }>({ path, read }: Followed<Row>): UseQueryResult<Row> {
  const queries = useQueryClient();
  const [streaming, setStreaming] = useState(false);
  const query = useQuery({
    queryKey: [path],
    queryFn: ({ signal }) => read(signal),
    refetchInterval: ({ state }) => !streaming && isUnfinished(state.data?.state ?? '') && READ_INTERVAL_MS,
  });
  const unfinished = query.data !== undefined && isUnfinished(query.data.state);

  useEffect(() => {
    if (!unfinished) return;
    const stream = new EventSource(`${path}/progress`);
    const show = ({ data }: MessageEvent<string>) => {
      const before = queries.getQueryData<Row>([path])?.state;
      const row = queries.setQueryData<Row>([path], (current) => withEvent(current, data));
      if (row?.state !== before) void queries.invalidateQueries({ queryKey: [path] });
    };
    stream.onopen = () => setStreaming(true);
    // The browser opens the stream again, except after a refusal. Reading the work then shows why.
    stream.onerror = () => setStreaming(false);
    stream.addEventListener('progress', show);
    stream.addEventListener('end', (event: MessageEvent<string>) => {
      show(event);
      stream.close();
    });
    return () => {
      stream.close();
      setStreaming(false);
    };
  }, [queries, path, unfinished]);

  const ended = query.data !== undefined && !unfinished;
  useEffect(() => {
    // Also when it ended before its stream was open.
    if (ended) void queries.invalidateQueries();
  }, [queries, ended]);

  return query;
}
