/**
 * Requests for licenses that wait for the same contract are granted together (`merged-calls.ts`).
 *
 * A merge that cannot be granted whole is tried again one by one, so that one member never decides over another.
 */
import { laterOf, millisLater } from '../domain/instant';
import type { Instant } from '../domain/instant';
import { isDatabaseUnavailable, isLockTimeout } from './errors';
import type { LockedRow } from './errors';
import { grantGeneration } from './generation-grant';
import type { GenerationRequest, GrantedJob } from './generation-grant';
import type { Database } from './index';
import { createMergedCalls } from './merged-calls';
import type { Merge, WaitingCall } from './merged-calls';

/** Requests in one statement, at most. */
const MERGED_REQUESTS_MAX = 64;

/** Grants one request, perhaps together with others; undefined when anything stands against it. */
export type Grant = (request: GenerationRequest) => Promise<GrantedJob | undefined>;

type WaitingRequest = WaitingCall<GenerationRequest, GrantedJob | undefined>;

export function createMergedGrants(db: Database): Grant {
  return createMergedCalls({
    turns: db.lockTurns,
    rowOf: quotaOf,
    keyOf: ({ contract_id, terms_id }) => `${contract_id} ${terms_id}`,
    take: takeMerge,
    serve: grantTogether,
  });

  async function grantTogether(calls: Merge<GenerationRequest, GrantedJob | undefined>): Promise<void> {
    const [first, ...others] = calls;
    try {
      const now = calls.map(nowOf).reduce(laterOf);
      const requests: [GenerationRequest, ...GenerationRequest[]] = [first.input, ...others.map(({ input }) => input)];
      const granted = await grantGeneration(db, requests, now, db.lockTurns.limits.attempt_ms);
      if (granted.length > 0 || others.length === 0) {
        const by_id = new Map(granted.map((job) => [job.id, job]));
        for (const { input, resolve } of calls) resolve(by_id.get(input.job_id));
        return;
      }
    } catch (error) {
      // All members are tried again together.
      if (isLockTimeout(error)) throw error;
      // With the answer lost nobody knows what was granted: each caller is told so, and repeats under its own key.
      if (others.length === 0 || isDatabaseUnavailable(error)) {
        for (const { reject } of calls) reject(error);
        return;
      }
    }
    for (const call of calls) await grantTogether([call]);
  }
}

/** The row that its statement locks. */
function quotaOf({ contract_id }: GenerationRequest): LockedRow {
  return { table: 'contract_quotas', id: contract_id };
}

/** The time of a request after its wait. A test clock does not move by itself. */
function nowOf({ input, since_ms }: WaitingRequest): Instant {
  return input.clock === 'real' ? millisLater(input.now, performance.now() - since_ms) : input.now;
}

/** Takes what goes into the next statement: two requests under one idempotency key would fail each other, so only one. */
function takeMerge(queue: WaitingRequest[]): Merge<GenerationRequest, GrantedJob | undefined> {
  const keys = new Set<string | null>();
  const calls: WaitingRequest[] = [];
  for (let i = 0; i < queue.length && calls.length < MERGED_REQUESTS_MAX;) {
    const waiting = queue[i] as WaitingRequest;
    const key = waiting.input.idempotency_key;
    if (key !== null && keys.has(key)) {
      i += 1;
      continue;
    }
    keys.add(key);
    calls.push(waiting);
    queue.splice(i, 1);
  }
  return calls as Merge<GenerationRequest, GrantedJob | undefined>;
}
