/** How answers of the interface are kept and read again. */
import { QueryCache, QueryClient } from '@tanstack/react-query';
import { RequestFailed } from './problem';

const FRESH_MS = 5_000;
const RETRIES_MAX = 2;

/** Refusals are final; a request without an answer, and a busy server, are tried again. */
function mayRetry(count: number, error: unknown): boolean {
  const passing = error instanceof RequestFailed && (error.status === 0 || error.status === 503);
  return passing && count < RETRIES_MAX;
}

interface SessionSigns {
  /** A read found that the session has ended. */
  onSignedOut: () => void;
  /** A read was answered. */
  onAnswer: () => void;
}

export function createQueryClient({ onSignedOut, onAnswer }: SessionSigns): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({
      onSuccess: onAnswer,
      onError: (error) => {
        if (error instanceof RequestFailed && error.status === 401) onSignedOut();
      },
    }),
    defaultOptions: {
      // A request without a network fails and says so. Otherwise it would wait, and the page would look as if it worked.
      queries: { networkMode: 'always', staleTime: FRESH_MS, retry: mayRetry, refetchOnWindowFocus: true },
      // Answers of writes can have secrets that are shown once: they leave the memory with their dialog.
      mutations: { networkMode: 'always', retry: false, gcTime: 0 },
    },
  });
}
