/**
 * The activity of `deliverWebhooks`: for some seconds it sends what one endpoint is owed.
 *
 * Its sizes: attempts begin during 10 s and take at most 15 s, so it ends within half a minute. What it takes at a time follows from how fast
 * the endpoint answers. An endpoint that fails gets few attempts in each activity, on a task queue of its own (temporal/task-queues.ts).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { asyncLocalStorage } from '@temporalio/activity';
import type { WebhookSender } from '../../adapters/webhook';
import type { Database, Sql } from '../../db/base/database';
import { giveBack, recordAttempts } from '../../db/webhook/delivery';
import type { EndedAttempt, TakenDelivery } from '../../db/webhook/delivery';
import { failOwed } from '../../db/webhook/endpoint';
import { findTarget, removeEnded, restQueue } from '../../db/webhook/queue';
import type { DeliveryTarget, QueueRest } from '../../db/webhook/queue';
import { millisLater, millisOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { isDead } from '../../domain/webhook/attempt';
import { endedAttempt, takeDue } from '../../transactions/webhook/attempt';
import { disableEndpoint } from '../../transactions/webhook/disable-endpoint';
import type { BodyContext } from '../../transactions/webhook/render-bodies';
import { clockFrom } from '../base/elapsed-clock';
import { withHeartbeat } from '../base/heartbeat';
import { runLanes } from './lanes';
import { createRecorder } from './recorder';

/** How long attempts are begun. Other endpoints that wait for a slot get theirs afterwards. */
const BEGIN_MS_MAX = 10_000;
/** Attempts at the same time. */
const LANES = 32;
/** What is taken first, and at most. In between it is what the endpoint answers in a second. */
const TAKE_MIN = LANES;
const TAKE_MAX = 500;
const TAKE_GROWTH = 4;
/** Attempts of one activity at an endpoint that fails. */
const FAILING_TAKE = 8;
/** After so many failures without a success between them the activity begins no more attempts. */
const FAILURES_MAX = 16;
/** When the queue is looked at again after it became empty (db/webhook/queue.ts): soon by the activity, and later by the workflow. */
const LOOK_SOON_MS = 50;
const LOOK_AGAIN_MS = 500;
/** Deliveries that are ended by one statement, because their endpoint was removed. */
const ENDED_MAX = 2_000;
const SECOND_MS = 1_000;

export interface DeliverOwedInput {
  endpoint_id: string;
  now: Instant;
  /** The epoch of the Temporal server; absent while the starter does not know it. */
  epoch?: string | undefined;
  /** Whether this is the task queue of endpoints that fail. */
  for_failing: boolean;
}

export interface DeliveredOwed {
  delivered: number;
  /** Attempts that failed. */
  failed: number;
  /** Whether the last attempts failed, which decides the next task queue. */
  is_failing: boolean;
  /** In how many milliseconds something is to be done; null: when the endpoint is woken. */
  next_ms: number | null;
}

export interface DeliveryDependencies extends BodyContext {
  db: Database;
  sender: WebhookSender;
  /** The texts of the secrets that sign for an endpoint now, the current one first. */
  openSecrets: (sql: Sql, endpoint_id: string) => Promise<string[]>;
}

export type DeliveryActivities = ReturnType<typeof createDeliveryActivities>;

export function createDeliveryActivities(dependencies: DeliveryDependencies) {
  const { db } = dependencies;
  return {
    /**
     * Attempts what is due, and records what it met. Safe to run twice, also at the same time: deliveries are taken for a minute. Throws while
     * Postgres is unreachable or the secrets of the endpoint cannot be opened, so that Temporal retries it.
     */
    deliverOwed: (input: DeliverOwedInput): Promise<DeliveredOwed> => withHeartbeat(deliverOwed(input)),
  };

  async function deliverOwed({
    endpoint_id,
    now: began_at,
    epoch,
    for_failing,
  }: DeliverOwedInput): Promise<DeliveredOwed> {
    const now = clockFrom(began_at);
    const target = await findTarget(db, endpoint_id);
    const nothing = { delivered: 0, failed: 0, is_failing: false, next_ms: null };
    if (target?.status === 'removed') return { ...nothing, next_ms: await endOwed(endpoint_id, now) };
    if (target === undefined || !isCalled(target)) return nothing;
    const was_failing = target.failing_since !== null;
    // The workflow does not know it when it starts: it comes again on the other task queue.
    if (was_failing !== for_failing) return { ...nothing, is_failing: was_failing, next_ms: 0 };

    const sent = await sendDue(dependencies, target, now);
    const reason = sent.gone_url !== null ? 'gone' : isFailingForGood(target, sent, now()) ? 'failing' : null;
    if (reason !== null)
      await disableEndpoint(db, { endpoint_id, url: sent.gone_url ?? target.url, reason, now: now() });

    const rest = await restAndLook(endpoint_id, now, epoch);
    const next_ms = nextMs(rest, now(), sent.pause_ms);
    if (next_ms === null && rest.status === 'ending') await removeEnded(db, endpoint_id, now());
    const { delivered, failed } = sent;
    return { delivered, failed, is_failing: rest.failing_since !== null, next_ms };
  }

  /** Ends what is owed to an endpoint that was removed, in batches. Returns 0 when the time is over before all of it has ended. */
  async function endOwed(endpoint_id: string, now: () => Instant): Promise<0 | null> {
    const until = millisLater(now(), BEGIN_MS_MAX);
    while ((await failOwed(db, endpoint_id, now(), ENDED_MAX)) > 0) if (now() >= until) return 0;
    return null;
  }

  /** Lets the queue rest. If it did not before, looks again soon, because a timer of Temporal may take a second. */
  async function restAndLook(endpoint_id: string, now: () => Instant, epoch: string | undefined): Promise<QueueRest> {
    const rest = await restQueue(db, { endpoint_id, now: now(), epoch });
    if (rest.was_waiting || (rest.due_at !== null && rest.due_at <= now())) return rest;
    await sleep(LOOK_SOON_MS);
    return { ...(await restQueue(db, { endpoint_id, now: now(), epoch })), was_waiting: false };
  }
}

/** Whether this activity shows that every attempt has failed for days. */
function isFailingForGood({ failing_since }: DeliveryTarget, { delivered, failed }: Sent, now: Instant): boolean {
  return failing_since !== null && delivered === 0 && failed > 0 && isDead(failing_since, now);
}

/** In how many milliseconds something is to be done; null: when the endpoint is woken. */
function nextMs({ status, due_at, was_waiting }: QueueRest, now: Instant, pause_ms: number): number | null {
  if (status === 'removed' && due_at !== null) return 0;
  if (!isCalled({ status })) return null;
  const due_ms = due_at === null ? Infinity : Math.max(pause_ms, millisOf(due_at) - millisOf(now));
  const next_ms = was_waiting ? due_ms : Math.min(due_ms, LOOK_AGAIN_MS);
  return next_ms === Infinity ? null : next_ms;
}

/** Whether what is owed is sent. */
function isCalled({ status }: Pick<DeliveryTarget, 'status'>): boolean {
  return status === 'enabled' || status === 'ending';
}

interface Sent {
  delivered: number;
  failed: number;
  /** The URL that wants no more events. */
  gone_url: string | null;
  /** How long the rate of the endpoint forbids another attempt. */
  pause_ms: number;
}

/** Attempts what is due until nothing is, the time is over, or the endpoint fails. */
async function sendDue(
  { db, sender, openSecrets, ...context }: DeliveryDependencies,
  { id: endpoint_id, payload_version: version, rate_per_second, failing_since }: DeliveryTarget,
  now: () => Instant,
): Promise<Sent> {
  const cancelled = asyncLocalStorage.getStore()?.cancellationSignal;
  const secrets = await openSecrets(db, endpoint_id);
  if (secrets.length === 0) throw new Error(`endpoint ${endpoint_id} has no secret`);
  const begun_ms = performance.now();
  const sent: Sent = { delivered: 0, failed: 0, gone_url: null, pause_ms: 0 };
  let failures = 0;
  const recorder = createRecorder((ended: EndedAttempt[]) => recordAttempts(db, endpoint_id, ended, now()));
  const size =
    failing_since === null ? createTakeSize() : () => (sent.delivered + sent.failed === 0 ? FAILING_TAKE : 0);
  const rate = createRate(rate_per_second);

  const left = await runLanes<TakenDelivery>({
    lanes: Math.min(LANES, rate_per_second ?? LANES),
    // What is taken is on record as begun, so nothing waits behind attempts that may hang.
    mayTakeAhead: () => rate_per_second === null && sent.delivered > 0,
    mayBegin: () =>
      performance.now() - begun_ms < BEGIN_MS_MAX &&
      failures < FAILURES_MAX &&
      sent.gone_url === null &&
      cancelled?.aborted !== true,
    async take() {
      const limit = Math.min(size(), rate_per_second ?? TAKE_MAX);
      if (limit === 0) return [];
      await rate.wait();
      return takeDue(db, { endpoint_id, version, now: now(), limit }, context);
    },
    async handle(delivery) {
      const at = now();
      rate.began();
      const { url, event_id: id, body } = delivery;
      const result = await sender.send({ url, id, at, body, secrets });
      const ended = endedAttempt(delivery, result, { at, now: now() });
      failures = ended.outcome === 'delivered' ? 0 : failures + 1;
      sent[ended.outcome === 'delivered' ? 'delivered' : 'failed'] += 1;
      if (ended.outcome === 'gone') sent.gone_url = url;
      await recorder.add(ended);
    },
  }).finally(() => recorder.flush());
  await giveBack(db, left, now());
  return { ...sent, pause_ms: rate.pauseMs() };
}

/** How many deliveries to take: what the endpoint answered in the last second, and not much more than before. */
function createTakeSize(): () => number {
  let size = 0;
  let taken_ms = 0;
  return () => {
    const passed_ms = Math.max(1, performance.now() - taken_ms);
    const a_second = Math.round((size * SECOND_MS) / passed_ms);
    size = Math.max(TAKE_MIN, Math.min(TAKE_MAX, size * TAKE_GROWTH, a_second));
    taken_ms = performance.now();
    return size;
  };
}

/** Keeps a second between the last attempt of one group and the first of the next, if the endpoint has a rate. */
function createRate(rate_per_second: number | null) {
  let last_ms = -Infinity;
  const pauseMs = (): number => (rate_per_second === null ? 0 : Math.max(0, last_ms + SECOND_MS - performance.now()));
  return {
    began: (): void => void (last_ms = performance.now()),
    pauseMs,
    async wait(): Promise<void> {
      while (pauseMs() > 0) await sleep(pauseMs());
      last_ms = performance.now();
    },
  };
}
