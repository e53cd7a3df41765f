/** Rows of webhooks for tests: endpoints, and deliveries with their events, payloads and attempts. */
import { randomUUID } from 'node:crypto';
import type { Sql } from '../../db/base/database';
import type { Environment } from '../../domain/base/environment';
import type { EventType } from '../../domain/webhook/event';
import { NOON } from './contract-facts';

export interface BuiltEndpoint {
  contract_id?: string;
  environment?: Environment;
  events?: readonly string[];
  rate_per_second?: number;
  status?: 'enabled' | 'disabled' | 'ending' | 'removed';
  url?: string;
}

/** Inserts an endpoint with its queue, by default of the whole installation for all events; returns its id. */
export async function buildEndpoint(sql: Sql, given: BuiltEndpoint = {}): Promise<string> {
  const { contract_id = null, environment = null, events = ['*'], rate_per_second = null } = given;
  const { status = 'enabled', url = 'https://receiver.example' } = given;
  const disabled_at = status === 'disabled' ? NOON : null;
  const [row] = await sql<[{ id: string }]>`
    WITH endpoint AS (
      INSERT INTO webhook_endpoints (contract_id, environment, url, events, payload_version, rate_per_second, status, disabled_at,
                                     disabled_reason, created_at, updated_at)
      VALUES (${contract_id}, ${environment}, ${url}, ${[...events]}, 1, ${rate_per_second}, ${status}, ${disabled_at},
              ${disabled_at && 'by_hand'}, ${NOON}, ${NOON})
      RETURNING id
    )
    INSERT INTO webhook_queues (endpoint_id) SELECT id FROM endpoint RETURNING endpoint_id AS id`;
  return row.id;
}

export interface BuiltDelivery {
  endpoint_id: string;
  event_type?: EventType;
  contract_id?: string | null;
  environment?: Environment | null;
  /** The outcome of each attempt. */
  attempts?: ({ outcome: 'delivered' | 'failed' | 'gone' | null } & Partial<{
    http_status: number;
    excerpt: string;
    failure: string;
    detail: string;
  }>)[];
  /** Null: owed. */
  ended?: { status: 'delivered' | 'failed'; days_ago?: number } | null;
  /** When the next attempt of one that is owed is due. */
  due_in_s?: number;
  body?: string;
}

/** Inserts a delivery of an event that is in no other table; returns the ids of both. */
export async function buildDelivery(
  sql: Sql,
  {
    endpoint_id,
    event_type = 'license.batch_generated',
    contract_id = null,
    environment = 'production',
    attempts = [],
    ended = null,
    due_in_s = 0,
    body,
  }: BuiltDelivery,
): Promise<{ id: string; event_id: string }> {
  const event_id = randomUUID();
  const days_ago = ended?.days_ago ?? 0;
  const [row] = await sql<{ id: string }[]>`
    INSERT INTO webhook_deliveries (endpoint_id, event_id, event_type, contract_id, environment, status, attempts, due_at, ended_at)
    VALUES (${endpoint_id}, ${event_id}, ${event_type}, ${contract_id}, ${environment}, ${ended?.status ?? 'owed'}, ${attempts.length},
            ${ended === null ? sql`now() + make_interval(secs => ${due_in_s})` : null},
            ${ended === null ? null : sql`now() - make_interval(days => ${days_ago})`})
    RETURNING id`;
  const { id } = row!;
  for (const [index, { outcome, http_status, excerpt, failure, detail }] of attempts.entries())
    await sql`
      INSERT INTO webhook_attempts (delivery_id, number, at, outcome, http_status, excerpt, failure, detail, latency_ms)
      VALUES (${id}, ${index + 1}, ${NOON}, ${outcome}, ${http_status ?? null}, ${excerpt ?? null}, ${failure ?? null}, ${detail ?? null},
              ${outcome && 12})`;
  if (body !== undefined)
    await sql`INSERT INTO webhook_payloads (event_id, version, body) VALUES (${event_id}, 1, ${body})`;
  return { id, event_id };
}
