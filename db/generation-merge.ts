/**
 * Merging requests that wait for the same contract (a group commit): while one statement is under way, those that arrive
 * gather, and the next statement grants them together.
 *
 * A lone request goes alone and at once. A merge that cannot be granted whole is tried again one by one, so that one
 * member never decides over another.
 */
import { isDatabaseUnavailable, isLockTimeout } from './errors';
import { grantGeneration } from './generation-job';
import type { GenerationRequest, GrantedJob } from './generation-job';
import type { Database } from './index';

/** Requests in one statement, at most. */
const MERGED_REQUESTS_MAX = 64;

/** Grants one request, perhaps together with others; undefined when anything stands against it. */
export type Grant = (request: GenerationRequest) => Promise<GrantedJob | undefined>;

interface Waiting {
  request: GenerationRequest;
  resolve: (granted: GrantedJob | undefined) => void;
  reject: (error: unknown) => void;
}

export function createMergedGrants(db: Database): Grant {
  /** By contract and terms; an entry exists while a statement for them is under way. */
  const queues = new Map<string, Waiting[]>();

  return function grant(request) {
    return new Promise((resolve, reject) => {
      const queue_of = `${request.contract_id} ${request.terms_id}`;
      const waiting: Waiting = { request, resolve, reject };
      const queue = queues.get(queue_of);
      if (queue) queue.push(waiting);
      else void drain(queue_of, waiting);
    });
  };

  async function drain(queue_of: string, first: Waiting): Promise<void> {
    const queue: Waiting[] = [first];
    queues.set(queue_of, queue);
    while (queue.length > 0) await grantTogether(takeMerge(queue));
    queues.delete(queue_of);
  }

  async function grantTogether(members: [Waiting, ...Waiting[]]): Promise<void> {
    const [first, ...others] = members;
    try {
      const granted = await grantGeneration(db, [first.request, ...others.map(({ request }) => request)]);
      if (granted.length > 0 || others.length === 0) {
        const by_id = new Map(granted.map((job) => [job.id, job]));
        for (const { request, resolve } of members) resolve(by_id.get(request.job_id));
        return;
      }
    } catch (error) {
      // With the answer lost nobody knows what was granted: each caller is told so, and repeats under its own key.
      // One that waited too long for the quota's row would only wait again, each member for itself.
      if (others.length === 0 || isDatabaseUnavailable(error) || isLockTimeout(error)) {
        for (const { reject } of members) reject(error);
        return;
      }
    }
    for (const member of members) await grantTogether([member]);
  }
}

/** Takes what goes into the next statement: two requests under one idempotency key would fail each other, so only one. */
function takeMerge(queue: Waiting[]): [Waiting, ...Waiting[]] {
  const keys = new Set<string | null>();
  const members: Waiting[] = [];
  for (let i = 0; i < queue.length && members.length < MERGED_REQUESTS_MAX;) {
    const waiting = queue[i] as Waiting;
    const key = waiting.request.idempotency_key;
    if (key !== null && keys.has(key)) {
      i += 1;
      continue;
    }
    keys.add(key);
    members.push(waiting);
    queue.splice(i, 1);
  }
  return members as [Waiting, ...Waiting[]];
}
