/**
 * Requests for licenses that wait at the same moment are granted together, because each statement and each commit costs more than
 * the rows of one request.
 *
 * - Those whose quota rows are free share statements, whatever their contracts (`transactions/base/batched-calls.ts`). Such a statement
 *   waits for no quota row, so that a contract that is held delays no other.
 * - Those of a contract whose row is held wait for it together (`transactions/base/merged-calls.ts`).
 *
 * The requests of one contract in a statement are granted all or none. When they are not, each is tried again alone, so that one
 * member never decides over another.
 */
import { isDatabaseUnavailable, isLockTimeout } from '../../db/base/errors';
import type { LockedRow } from '../../db/base/errors';
import { grantGeneration, grantWithoutWaiting } from '../../db/generation/grant';
import type { GenerationRequest, GrantGroup, GrantedJob } from '../../db/generation/grant';
import type { Database } from '../../db/base/database';
import { laterOf, millisLater } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { createBatchedCalls } from '../base/batched-calls';
import { createMergedCalls } from '../base/merged-calls';
import type { Merge, WaitingCall } from '../base/merged-calls';

/** Requests in one statement, at most. */
const MERGED_REQUESTS_MAX = 64;
/** Statements for several contracts at the same time. */
const STATEMENTS_MAX = 4;
/** Requests that wait when a further statement begins: one statement for many costs less than two. */
const FURTHER_STATEMENT_FROM = 32;

/** Grants one request, perhaps together with others; undefined when anything stands against it. */
export type Grant = (request: GenerationRequest) => Promise<GrantedJob | undefined>;

/** A request since its arrival, by the monotonic clock. */
interface Asked {
  request: GenerationRequest;
  asked_ms: number;
}

type Outcome = GrantedJob | undefined;
type Call = WaitingCall<Asked, Outcome>;
type Calls = Merge<Asked, Outcome>;

export function createMergedGrants(db: Database): Grant {
  const { attempt_ms } = db.lockTurns.limits;
  const batched = createBatchedCalls<Asked, Outcome>({
    turns: db.lockTurns,
    statements_max: STATEMENTS_MAX,
    further_from: FURTHER_STATEMENT_FROM,
    keyOf: contractOf,
    take: takeBatch,
    serve: grantBatch,
  });
  const grantWaiting = createMergedCalls<Asked, Outcome>({
    turns: db.lockTurns,
    rowOf: quotaOf,
    keyOf: termsOf,
    take: (queue) => takeBatch(queue) as Calls,
    serve: grantTogether,
  });

  return (request) => {
    const asked = { request, asked_ms: performance.now() };
    return db.lockTurns.isFree(quotaOf(asked)) && !batched.isFull() ? batched.call(asked) : grantWaiting(asked);
  };

  async function grantBatch(calls: Calls): Promise<void> {
    const groups = byContract(calls);
    try {
      const outcomes = await grantWithoutWaiting(db, groups.map(groupOf), attempt_ms);
      groups.forEach((members, index) => {
        const outcome = outcomes[index];
        if (Array.isArray(outcome) && (outcome.length > 0 || members.length === 1)) settle(members, outcome);
        else tryAgain(members);
      });
    } catch (error) {
      if (isDatabaseUnavailable(error)) reject(calls, error);
      else tryAgain(calls);
    }
  }

  /** Has each call of a batch granted or refused by what its own contract says. */
  function tryAgain(calls: readonly Call[]): void {
    for (const { input, resolve, reject } of calls) grantWaiting(input).then(resolve, reject);
  }

  async function grantTogether(calls: Calls): Promise<void> {
    const is_alone = calls.length === 1;
    try {
      const granted = await grantGeneration(db, groupOf(calls), attempt_ms);
      if (granted.length > 0 || is_alone) return settle(calls, granted);
    } catch (error) {
      // All members are tried again together.
      if (isLockTimeout(error)) throw error;
      if (is_alone || isDatabaseUnavailable(error)) return reject(calls, error);
    }
    for (const call of calls) await grantTogether([call]);
  }
}

function settle(calls: readonly Call[], granted: readonly GrantedJob[]): void {
  const by_id = new Map(granted.map((job) => [job.id, job]));
  for (const { input, resolve } of calls) resolve(by_id.get(input.request.job_id));
}

/** With the answer lost, it is unknown what was granted: each caller gets the error, and can repeat the request under its key. */
function reject(calls: readonly Call[], error: unknown): void {
  for (const call of calls) call.reject(error);
}

/** The row that a grant locks. */
function quotaOf({ request }: Asked): LockedRow {
  return { table: 'contract_quotas', id: request.contract_id };
}

function contractOf({ request }: Asked): string {
  return request.contract_id;
}

function termsOf({ request }: Asked): string {
  return `${request.contract_id} ${request.terms_id}`;
}

function byContract(calls: Calls): Calls[] {
  const groups = new Map<string, Calls>();
  for (const call of calls) {
    const group = groups.get(contractOf(call.input));
    if (group) group.push(call);
    else groups.set(contractOf(call.input), [call]);
  }
  return [...groups.values()];
}

/** The requests of calls for one contract, judged by the latest of their times. */
function groupOf(calls: Calls): GrantGroup {
  const [first, ...others] = calls;
  return {
    requests: [first.input.request, ...others.map(({ input }) => input.request)],
    now: calls.map(({ input }) => nowOf(input)).reduce(laterOf),
  };
}

/** The time of a request after its wait. A test clock does not move by itself. */
function nowOf({ request, asked_ms }: Asked): Instant {
  return request.clock === 'real' ? millisLater(request.now, performance.now() - asked_ms) : request.now;
}

/**
 * Takes what goes into the next statement. Two requests of a contract under one idempotency key would fail each other, so only
 * one; and one statement grants by one set of license terms for each contract.
 */
function takeBatch(queue: Call[], isInService: (asked: Asked) => boolean = () => false): Call[] {
  const terms = new Map<string, string>();
  const keys = new Set<string>();
  const calls: Call[] = [];
  const left = queue.filter((call) => {
    const { request } = call.input;
    const { contract_id, terms_id, idempotency_key } = request;
    const key = `${contract_id} ${idempotency_key}`;
    const fits =
      calls.length < MERGED_REQUESTS_MAX &&
      !isInService(call.input) &&
      (terms.get(contract_id) ?? terms_id) === terms_id &&
      (idempotency_key === null || !keys.has(key));
    if (!fits) return true;
    terms.set(contract_id, terms_id);
    keys.add(key);
    calls.push(call);
    return false;
  });
  queue.splice(0, queue.length, ...left);
  return calls;
}
