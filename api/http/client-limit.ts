/**
 * Limits what one client may do in a minute, across all API processes.
 *
 * A process remembers until when a client is limited, and learns it from the first act that it counts. So a client gets at most one more answer
 * from each process, and those to requests that are already there.
 */
import { LRUCache } from 'lru-cache';
import type { Logger } from '../../log';
import type { FailureCounter } from '../../transactions/access/count-failures';
import { ProblemError } from './problem';

/** Limited clients that a process remembers. The acts of any other client are counted again. */
const LIMITED_CLIENTS_MAX = 10_000;

export interface ClientLimit {
  /** Throws the problem of a client that is over the limit. Call it before the act. */
  refuseLimited(client: string): void;
  /** Counts an act of a client, and throws the problem when it is over the limit. */
  count(client: string, request_id: string): Promise<void>;
}

export interface LimitedAct {
  counter: FailureCounter;
  log: Logger;
  /** What is counted, for people. It keeps the counts apart from those of other acts in the same table. */
  what: string;
  /** Acts of one client in a minute. */
  max: number;
  /** The problem of a client that has to wait so many seconds. */
  problem: (seconds: number) => ProblemError;
}

export function createClientLimit({ counter, log, what, max, problem }: LimitedAct): ClientLimit {
  const limited = new LRUCache<string, number>({ max: LIMITED_CLIENTS_MAX });

  function refuseLimited(client: string): void {
    const left_ms = (limited.get(client) ?? 0) - performance.now();
    if (left_ms > 0) throw problem(Math.ceil(left_ms / 1_000));
  }

  return {
    refuseLimited,
    async count(client, request_id) {
      if (counter.isFull()) throw problem(1);
      try {
        const { rank, seconds_left } = await counter.count(`${what} ${client}`);
        if (rank < max) return;
        limited.set(client, performance.now() + seconds_left * 1_000);
        if (rank === max) log.warn({ request_id, client, what }, 'too many from one address');
        else refuseLimited(client);
      } catch (error) {
        if (error instanceof ProblemError) throw error;
        // Without a count the client gets the answer that it would get without a limit.
        log.warn({ err: error, request_id, what }, 'cannot count what a client does');
      }
    },
  };
}
