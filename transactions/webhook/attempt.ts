/** Attempts to deliver: taking what is due, and recording what an attempt met. */
import type { Sql } from '../../db/base/database';
import { takeDeliveries } from '../../db/webhook/delivery';
import type { EndedAttempt, TakenDelivery } from '../../db/webhook/delivery';
import { millisLater } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { attemptVerdict } from '../../domain/webhook/attempt';
import type { AttemptResult } from '../../domain/webhook/attempt';
import { renderBodies } from './render-bodies';
import type { BodyContext } from './render-bodies';

/**
 * After this long without a record an attempt counts as lost, and the delivery is attempted again. It is longer than an activity takes
 * (activities/webhook/delivery.ts).
 */
export const LOST_AFTER_MS = 60_000;

/** Takes deliveries of an endpoint that are due, after their bodies are stored. */
export async function takeDue(
  sql: Sql,
  { endpoint_id, version, now, limit }: { endpoint_id: string; version: number; now: Instant; limit: number },
  context: BodyContext,
): Promise<TakenDelivery[]> {
  await renderBodies(sql, { endpoint_id, version, now, limit }, context);
  return takeDeliveries(sql, { endpoint_id, now, lost_at: millisLater(now, LOST_AFTER_MS), limit });
}

/** What follows from an attempt, in the form in which it is stored. An endpoint that wants no more events keeps what it is owed. */
export function endedAttempt(
  { id, number, attempts }: TakenDelivery,
  result: AttemptResult,
  { at, now }: { at: Instant; now: Instant },
): EndedAttempt {
  const verdict = attemptVerdict(result, { attempts, now, random: Math.random() });
  return {
    ...{ delivery_id: id, number, attempts, at, latency_ms: result.latency_ms },
    ...(result.answered
      ? { http_status: result.status, excerpt: result.excerpt, failure: null, detail: null }
      : { http_status: null, excerpt: null, failure: result.why, detail: result.detail }),
    ...STORED_VERDICTS[verdict.outcome],
    due_at: verdict.outcome === 'retried' ? verdict.at : verdict.outcome === 'gone' ? now : null,
  };
}

const STORED_VERDICTS = {
  delivered: { outcome: 'delivered', status: 'delivered' },
  retried: { outcome: 'failed', status: 'owed' },
  given_up: { outcome: 'failed', status: 'failed' },
  gone: { outcome: 'gone', status: 'owed' },
} as const;
