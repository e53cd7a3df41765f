/** Deliveries on their way: which are taken for an attempt, and what became of it. Each function is one statement. */
import type { Instant } from '../../domain/base/instant';
import type { Sql } from '../base/database';

/** A delivery that was taken for an attempt. */
export interface TakenDelivery {
  id: string;
  event_id: string;
  /** The number of the attempt, from 1. */
  number: number;
  /** The attempts since the delivery was last asked for by hand, with this one. */
  attempts: number;
  url: string;
  body: string;
}

/** What is stored of an attempt that has ended, and of its delivery. */
export interface EndedAttempt {
  delivery_id: string;
  number: number;
  /** As it was when the delivery was taken. */
  attempts: number;
  at: Instant;
  outcome: 'delivered' | 'failed' | 'gone';
  http_status: number | null;
  excerpt: string | null;
  failure: string | null;
  detail: string | null;
  latency_ms: number;
  status: 'owed' | 'delivered' | 'failed';
  /** When the next attempt is due; null when none follows. */
  due_at: Instant | null;
}

export interface Take {
  endpoint_id: string;
  now: Instant;
  /** When an attempt of which nothing was recorded counts as lost. */
  lost_at: Instant;
  limit: number;
}

/**
 * Takes deliveries that are due and have a body, those that are due for longest first, and records that their attempts begin. Rows that are
 * locked are skipped. Takes none of an endpoint that is disabled or removed.
 */
export async function takeDeliveries(sql: Sql, { endpoint_id, now, lost_at, limit }: Take): Promise<TakenDelivery[]> {
  return sql<TakenDelivery[]>`
    WITH due AS (
      SELECT d.id, e.url, p.body
      FROM webhook_deliveries d
      JOIN webhook_endpoints e ON e.id = d.endpoint_id AND e.status IN ('enabled', 'ending')
      JOIN webhook_payloads p ON p.event_id = d.event_id AND p.version = e.payload_version
      WHERE d.endpoint_id = ${endpoint_id} AND d.status = 'owed' AND d.due_at <= ${now}
      ORDER BY d.due_at, d.id LIMIT ${limit} FOR UPDATE OF d SKIP LOCKED
    ), taken AS (
      UPDATE webhook_deliveries d SET attempts = d.attempts + 1, due_at = ${lost_at}
      FROM due WHERE d.id = due.id
      RETURNING d.id, d.event_id, d.attempts AS number, d.attempts - d.attempts_before_redelivery AS attempts, due.url, due.body
    ), begun AS (
      INSERT INTO webhook_attempts (delivery_id, number, at) SELECT id, number, ${now} FROM taken
    ), working AS (
      UPDATE webhook_queues SET is_waiting = false
      WHERE endpoint_id = ${endpoint_id} AND is_waiting AND EXISTS (SELECT FROM taken)
    )
    SELECT id, event_id, number, attempts, url, body FROM taken`;
}

/** Gives back deliveries whose attempts were not begun: as if they had not been taken, also if they ended meanwhile with their endpoint. */
export async function giveBack(
  sql: Sql,
  taken: readonly Pick<TakenDelivery, 'id' | 'number'>[],
  now: Instant,
): Promise<void> {
  if (taken.length === 0) return;
  await sql`
    WITH given AS (
      SELECT id, number FROM unnest(${taken.map(({ id }) => id)}::uuid[], ${taken.map(({ number }) => number)}::int[]) AS given (id, number)
    ), back AS (
      UPDATE webhook_deliveries d SET attempts = d.attempts - 1, due_at = CASE WHEN d.status = 'owed' THEN ${now}::timestamptz END
      FROM given WHERE d.id = given.id AND d.attempts = given.number
      RETURNING d.id, given.number
    )
    DELETE FROM webhook_attempts a USING back WHERE a.delivery_id = back.id AND a.number = back.number`;
}

/**
 * Records what attempts met, and since when an endpoint has met nothing but failures. Of a delivery that was taken again meanwhile, or that
 * has ended, only the attempt is recorded. One that failed, and was asked for by hand meanwhile, is due at once.
 */
export async function recordAttempts(
  sql: Sql,
  endpoint_id: string,
  ended: readonly EndedAttempt[],
  now: Instant,
): Promise<void> {
  if (ended.length === 0) return;
  // Of the row as it is when it is locked: after redeliver (transactions/webhook/redeliver.ts) fewer attempts count.
  const is_asked_again = sql`ended.outcome = 'failed' AND d.attempts - d.attempts_before_redelivery <> ended.attempts`;
  const is_delivered = ended.some(({ outcome }) => outcome === 'delivered');
  // The ids stand in the statement once more, and not the status, so that only the primary keys serve it: by statistics from before a burst,
  // Postgres reads all attempts and all that is owed for each group.
  const ids = ended.map(({ delivery_id }) => delivery_id);
  await sql`
    WITH ended AS (
      SELECT delivery_id, number, attempts, at, outcome, http_status, excerpt, failure, detail, latency_ms, status, due_at
      FROM jsonb_to_recordset(${sql.json(ended as never)}) AS ended (
        delivery_id uuid, number int, attempts int, at timestamptz, outcome text, http_status smallint, excerpt text, failure text, detail text,
        latency_ms int, status text, due_at timestamptz)
    ), recorded AS (
      UPDATE webhook_attempts a
      SET at = ended.at, outcome = ended.outcome, http_status = ended.http_status, excerpt = ended.excerpt, failure = ended.failure,
          detail = ended.detail, latency_ms = ended.latency_ms
      FROM ended WHERE a.delivery_id = ANY (${ids}::uuid[]) AND a.delivery_id = ended.delivery_id AND a.number = ended.number
    ), queue AS (
      UPDATE webhook_queues
      SET failing_since = CASE WHEN ${is_delivered} THEN NULL ELSE coalesce(failing_since, ${now}) END,
          delivered_at = CASE WHEN ${is_delivered} THEN ${now} ELSE delivered_at END
      WHERE endpoint_id = ${endpoint_id}
    )
    UPDATE webhook_deliveries d
    SET status = CASE WHEN ${is_asked_again} THEN 'owed' ELSE ended.status END,
        due_at = CASE WHEN ${is_asked_again} THEN ${now}::timestamptz ELSE ended.due_at END,
        ended_at = CASE WHEN ended.status = 'owed' OR ${is_asked_again} THEN NULL ELSE ${now}::timestamptz END
    FROM ended
    WHERE d.id = ANY (${ids}::uuid[]) AND d.id = ended.delivery_id AND d.attempts = ended.number AND d.ended_at IS NULL`;
}
