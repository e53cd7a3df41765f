/**
 * Limits failed authentications of one client, across all API processes (domain/access/failed-authentication.ts).
 *
 * A failure is counted after it is known, so that no valid key is ever refused. Of a client over the limit this process remembers until
 * when; then its further failures cost no statement.
 */
import type { Request } from 'express';
import { LRUCache } from 'lru-cache';
import { FAILURES_MAX, clientNetwork } from '../../domain/access/failed-authentication';
import { parseApiKey } from '../../domain/access/api-key';
import type { ApiKey } from '../../domain/access/api-key';
import type { KeyRejection } from '../../domain/access/failed-authentication';
import type { FailureCounter } from '../../transactions/access/count-failures';
import type { Logger } from '../../log';
import { clientAddress } from './client-address';
import { keyTextOf } from './api-key-header';
import { ProblemError, protocolProblem } from './problem';
import type { Problem, ProtocolCode } from './problem';

/** Limited clients that a process remembers. Beyond this number, the failures of the client that is not remembered are counted again. */
const LIMITED_CLIENTS_MAX = 10_000;

/** Returns the problem to answer with: the given one, or that of the limit. */
export type LimitFailure = (request: Request, request_id: string, problem: Problem) => Promise<Problem>;

export interface FailureLimitOptions {
  counter: FailureCounter;
  log: Logger;
  /** Why a complete key, which was looked up, is not accepted. */
  findRejection: (key: ApiKey) => Promise<KeyRejection>;
  /** Failures in a minute. Default: {@link FAILURES_MAX}. */
  failures_max?: number | undefined;
}

export function createFailureLimit(options: FailureLimitOptions): LimitFailure {
  const { counter, log, findRejection, failures_max = FAILURES_MAX } = options;
  const limited = new LRUCache<string, number>({ max: LIMITED_CLIENTS_MAX });

  /** The seconds until the client is answered in detail again; 0 when it is now. */
  async function secondsToWait(client: string, request_id: string): Promise<number> {
    const left_ms = (limited.get(client) ?? 0) - performance.now();
    if (left_ms > 0) return Math.ceil(left_ms / 1_000);
    if (counter.isFull()) return 1;
    try {
      const { rank, seconds_left } = await counter.count(client);
      if (rank < failures_max) return 0;
      limited.set(client, performance.now() + seconds_left * 1_000);
      return rank === failures_max ? 0 : seconds_left;
    } catch (error) {
      // Without a count the client gets the answer that it would get without a limit.
      log.warn({ err: error, request_id }, 'cannot count a failed authentication');
      return 0;
    }
  }

  return async (request, request_id, problem) => {
    const client = clientNetwork(clientAddress(request));
    const seconds = await secondsToWait(client, request_id);
    if (seconds > 0) return limitProblem(seconds, failures_max);
    const key = problem.code === 'INVALID_API_KEY' ? parseApiKey(keyTextOf(request) ?? '') : null;
    const reason = key === null ? problem.code : await findRejection(key).catch(() => problem.code);
    log.warn({ request_id, client, reason }, 'an API key was refused');
    return problem;
  };
}

function limitProblem(seconds: number, failures_max: number): Problem {
  return protocolProblem(
    'TOO_MANY_FAILED_AUTHENTICATIONS',
    `More than ${failures_max} requests from your address in this minute had no valid API key, so this one is answered without a reason. Correct the API key. A valid key works at once; the next reason is given in ${seconds} s.`,
    { metadata: { failures_max, retry_after_s: seconds }, headers: { 'Retry-After': String(seconds) } },
  );
}

/** A request without an API key, and one with the cookie of a session that has ended, which every open page of a browser sends. */
const NO_FAILURES: readonly string[] = ['UNAUTHENTICATED', 'SESSION_ENDED'] satisfies ProtocolCode[];

/** Whether a refusal is a failed authentication. */
export function isFailedAuthentication(error: unknown): error is ProblemError {
  return error instanceof ProblemError && error.problem.status === 401 && !NO_FAILURES.includes(error.problem.code);
}
