/**
 * Limits wrong license keys from one client, across all API processes (domain/license/wrong-key.ts).
 *
 * Wrong keys are counted after they are known. A process remembers until when a client is limited, and learns it from the first wrong key
 * that it counts. So a client gets at most one more answer from each process, and those to requests that are already there.
 */
import { LRUCache } from 'lru-cache';
import { WRONG_KEYS_MAX } from '../../domain/license/wrong-key';
import type { Logger } from '../../log';
import type { FailureCounter } from '../../transactions/access/count-failures';
import { ProblemError, protocolProblem } from '../http/problem';

/** Limited clients that a process remembers. The wrong keys of any other client are counted again. */
const LIMITED_CLIENTS_MAX = 10_000;

/** Keeps the counts of wrong license keys apart from those of API keys in the same table. */
const COUNTED_AS = 'license key';

export interface WrongKeyLimit {
  /** Throws the problem of a client that is over the limit. Call it before a key is looked up. */
  refuseLimited(client: string): void;
  /** Counts a wrong key, and throws the problem when it is over the limit. */
  count(client: string, request_id: string): Promise<void>;
}

export function createWrongKeyLimit(
  counter: FailureCounter,
  log: Logger,
  wrong_keys_max: number = WRONG_KEYS_MAX,
): WrongKeyLimit {
  const limited = new LRUCache<string, number>({ max: LIMITED_CLIENTS_MAX });

  function refuseLimited(client: string): void {
    const left_ms = (limited.get(client) ?? 0) - performance.now();
    if (left_ms > 0) throw limitProblem(Math.ceil(left_ms / 1_000), wrong_keys_max);
  }

  return {
    refuseLimited,
    async count(client, request_id) {
      if (counter.isFull()) throw limitProblem(1, wrong_keys_max);
      try {
        const { rank, seconds_left } = await counter.count(`${COUNTED_AS} ${client}`);
        if (rank < wrong_keys_max) return;
        limited.set(client, performance.now() + seconds_left * 1_000);
        if (rank === wrong_keys_max) log.warn({ request_id, client }, 'too many wrong license keys from one address');
        else refuseLimited(client);
      } catch (error) {
        if (error instanceof ProblemError) throw error;
        // Without a count the client gets the answer that it would get without a limit.
        log.warn({ err: error, request_id }, 'cannot count a wrong license key');
      }
    },
  };
}

function limitProblem(seconds: number, wrong_keys_max: number): ProblemError {
  return new ProblemError(
    protocolProblem(
      'TOO_MANY_WRONG_KEYS',
      `${wrong_keys_max} license keys from your address were wrong in this minute, so no key from it is looked up. Try again in ${seconds} s.`,
      { metadata: { wrong_keys_max, retry_after_s: seconds }, headers: { 'Retry-After': String(seconds) } },
    ),
  );
}
