/**
 * Grants requests for licenses that wait at the same moment together, because each statement and each commit costs more than
 * the rows of one request.
 *
 * - Requests with free quota rows share statements, for any contracts (`transactions/base/batched-calls.ts`). Such a statement
 * waits for no quota row, so that a locked contract delays no other.
 * - Requests of a contract with a locked quota row wait for it together (`transactions/base/merged-calls.ts`).
 *
 * The requests of one contract in a statement are all granted or none; of rated requests those that the rate windows admit. If none is
 * granted, each is tried again alone, so that one request never decides the outcome of another. What was admitted stays admitted then.
 */
import { isDatabaseUnavailable, isLockTimeout } from '../../db/base/errors';
import type { LockedRow } from '../../db/base/errors';
import { grantCounted, grantGeneration, grantWithoutWaiting } from '../../db/generation/grant';
import type { GenerationRequest, GrantGroup, GrantedJob, GroupOutcome } from '../../db/generation/grant-statement';
import type { Database } from '../../db/base/database';
import { laterOf, millisLater } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import type { RatedCall } from './license-request';
import { createBatchedCalls } from '../base/batched-calls';
import { createMergedCalls } from '../base/merged-calls';
import type { Merge, WaitingCall } from '../base/merged-calls';
import { createRoomInWindows } from './room-in-windows';

/** The most requests in one statement. */
const MERGED_REQUESTS_MAX = 64;
/** The most simultaneous statements for several contracts. */
const STATEMENTS_MAX = 4;
/** The number of waiting requests from which a further statement starts: one statement for many costs less than two. */
const FURTHER_STATEMENT_FROM = 32;

/** Grants one request, possibly together with others; undefined when it was not granted. Records the admission of a rated one in `call`. */
export type Grant = (request: GenerationRequest, call: RatedCall | null) => Promise<GrantedJob | undefined>;

/** A request with the instant of its arrival on the monotonic clock. */
interface TimedRequest {
  /** Replaced by one that is not rated when it was admitted. */
  request: GenerationRequest;
  call: RatedCall | null;
  arrived_ms: number;
}

type Outcome = GrantedJob | undefined;
type Call = WaitingCall<TimedRequest, Outcome>;
type Calls = Merge<TimedRequest, Outcome>;

export function createMergedGrants(db: Database): Grant {
  const { attempt_ms } = db.lockTurns.limits;
  const room = createRoomInWindows();
  const batched = createBatchedCalls<TimedRequest, Outcome>({
    turns: db.lockTurns,
    statements_max: STATEMENTS_MAX,
    further_from: FURTHER_STATEMENT_FROM,
    keyOf: contractOf,
    take: takeBatch,
    serve: grantBatch,
  });
  const grantWaiting = createMergedCalls<TimedRequest, Outcome>({
    turns: db.lockTurns,
    rowOf: quotaOf,
    keyOf: termsOf,
    take: (queue) => takeBatch(queue) as Calls,
    serve: grantTogether,
  });

  return (request, call) => {
    const timed = { request, call, arrived_ms: performance.now() };
    return db.lockTurns.isFree(quotaOf(timed)) && !batched.isFull() ? batched.call(timed) : grantWaiting(timed);
  };

  async function grantBatch(calls: Calls): Promise<void> {
    const groups = byContract(calls);
    const is_counted = groups.every(isRoomExpected);
    const uncounted: Call[] = [];
    try {
      const grant = is_counted ? grantCounted : grantWithoutWaiting;
      const outcomes = await grant(db, groups.map(groupOf), attempt_ms);
      groups.forEach((members, index) => {
        const outcome = outcomes[index] ?? 'row_is_locked';
        if (outcome === 'row_is_locked') return grantEachAlone(members);
        if (members.some(isRated)) room.learn(contractOf(members[0].input), outcome.admissions.values());
        if (is_counted && outcome.jobs.length === 0) uncounted.push(...members);
        else grantEachAlone(undecidedBy(members, outcome));
      });
    } catch (error) {
      if (isDatabaseUnavailable(error)) rejectCalls(calls, error);
      else grantEachAlone(calls);
    }
    // Room is no longer expected for these, so they are judged one by one.
    if (uncounted.length > 0) await grantBatch(uncounted as Calls);
  }

  function isRoomExpected(calls: Calls): boolean {
    return room.isExpected(contractOf(calls[0].input)) && calls.every(isRated);
  }

  /** Grants or refuses each call of a batch together with the calls of its own contract only. */
  function grantEachAlone(calls: readonly Call[]): void {
    for (const { input, resolve, reject } of calls) grantWaiting(input).then(resolve, reject);
  }

  async function grantTogether(calls: Calls): Promise<void> {
    const is_alone = calls.length === 1;
    let undecided: readonly Call[] = calls;
    try {
      undecided = undecidedBy(calls, await grantGeneration(db, groupOf(calls), attempt_ms));
    } catch (error) {
      // All requests are tried again together.
      if (isLockTimeout(error)) throw error;
      if (is_alone || isDatabaseUnavailable(error)) return rejectCalls(calls, error);
    }
    for (const call of undecided) await grantTogether([call]);
  }
}

/**
 * Resolves the calls that a statement has decided, and returns the others, which have to be tried alone: those that were not granted
 * together with others. Records admissions before.
 */
function undecidedBy(calls: readonly Call[], { jobs, admissions }: GroupOutcome): Call[] {
  const by_id = new Map(jobs.map((job) => [job.id, job]));
  return calls.filter(({ input, resolve }) => {
    const { request, call } = input;
    const admission = admissions.get(request.job_id);
    if (call && admission) {
      call.admission = admission;
      input.request = { ...request, rated: false };
    }
    const job = by_id.get(request.job_id);
    const is_refused = admission !== undefined && admission.outcome !== 'admitted';
    if (job === undefined && !is_refused && calls.length > 1) return true;
    resolve(job);
    return false;
  });
}

/**
 * Gives each caller the error. Without an answer of Postgres it is not known what was granted; callers can repeat their requests
 * with their idempotency keys.
 */
function rejectCalls(calls: readonly Call[], error: unknown): void {
  for (const call of calls) call.reject(error);
}

/** The row that a grant locks. */
function quotaOf({ request }: TimedRequest): LockedRow {
  return { table: 'contract_quotas', id: request.contract_id };
}

function isRated({ input }: Call): boolean {
  return input.request.rated;
}

function contractOf({ request }: TimedRequest): string {
  return request.contract_id;
}

function termsOf({ request }: TimedRequest): string {
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

/** The requests of calls for one contract, with the latest of their times. */
function groupOf(calls: Calls): GrantGroup {
  const [first, ...others] = calls;
  return {
    requests: [first.input.request, ...others.map(({ input }) => input.request)],
    now: calls.map(({ input }) => nowOf(input)).reduce(laterOf),
  };
}

/** The time of a request after its wait. A test clock does not move during it. */
function nowOf({ request, arrived_ms }: TimedRequest): Instant {
  return request.clock === 'real' ? millisLater(request.now, performance.now() - arrived_ms) : request.now;
}

/**
 * Takes the calls of the next statement. It has at most one of two requests of a contract with one idempotency key, because
 * they would fail each other, and one set of license terms for each contract.
 */
function takeBatch(queue: Call[], isInService: (timed: TimedRequest) => boolean = () => false): Call[] {
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
