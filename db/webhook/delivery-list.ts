/** Reads deliveries of webhooks for people: lists, and one with its payload and its attempts. */
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import type { AttemptFailure } from '../../domain/webhook/attempt';
import type { AttemptOutcome, DeliveryStatus, EndpointState } from '../../domain/webhook/delivery';
import type { Fragment, Sql } from '../base/database';

/** An attempt as its row has it. */
export interface AttemptRow {
  number: number;
  at: Instant;
  outcome: AttemptOutcome | null;
  http_status: number | null;
  excerpt: string | null;
  failure: AttemptFailure | null;
  detail: string | null;
  latency_ms: number | null;
}

/** A delivery with the state of its endpoint and its last attempt. */
export interface DeliveryRow {
  id: string;
  endpoint_id: string;
  event_id: string;
  event_type: string;
  contract_id: string | null;
  environment: Environment | null;
  status: DeliveryStatus;
  attempts: number;
  due_at: Instant | null;
  ended_at: Instant | null;
  created_at: Instant;
  endpoint_status: EndpointState['status'];
  disabled_reason: EndpointState['disabled_reason'];
  last_attempt: Omit<AttemptRow, 'excerpt' | 'detail'> | null;
}

/** What only one delivery is read with: its event, its payload, and all attempts. */
export interface DeliveryDetails {
  url: string;
  event_at: Instant | null;
  sequence: string | null;
  /** Null before the first attempt. */
  body: string | null;
  all_attempts: AttemptRow[];
}

export interface DeliveryFilter {
  endpoint_id?: string | undefined;
  contract_id?: string | undefined;
  status?: DeliveryStatus | undefined;
  event_type?: string | undefined;
  environment?: Environment | undefined;
}

/** One page of deliveries, newest first. */
export async function listDeliveries(
  sql: Sql,
  { endpoint_id, contract_id, status, event_type, environment }: DeliveryFilter,
  before: string | null,
  limit: number,
): Promise<DeliveryRow[]> {
  return sql<DeliveryRow[]>`
    WITH page AS MATERIALIZED (
      SELECT id, endpoint_id, event_id, event_type, contract_id, environment, status, attempts, due_at, ended_at
      FROM webhook_deliveries WHERE true
      ${endpoint_id === undefined ? sql`` : sql`AND endpoint_id = ${endpoint_id}`}
      ${contract_id === undefined ? sql`` : sql`AND contract_id = ${contract_id}`}
      ${status === undefined ? sql`` : hasStatus(sql, status)}
      ${event_type === undefined ? sql`` : sql`AND event_type = ${event_type}`}
      ${environment === undefined ? sql`` : sql`AND environment = ${environment}`}
      ${before === null ? sql`` : sql`AND id < ${before}`}
      ORDER BY id DESC LIMIT ${limit}
    )
    SELECT ${deliveryFields(sql)} FROM page d JOIN webhook_endpoints e ON e.id = d.endpoint_id ORDER BY d.id DESC`;
}

/** The second condition is that of the index of those that are not delivered. */
function hasStatus(sql: Sql, status: DeliveryStatus): Fragment {
  return sql`AND status = ${status} ${status === 'delivered' ? sql`` : sql`AND status <> 'delivered'`}`;
}

/** One delivery, or undefined. */
export async function findDelivery(sql: Sql, id: string): Promise<(DeliveryRow & DeliveryDetails) | undefined> {
  const [row] = await sql<(DeliveryRow & DeliveryDetails)[]>`
    SELECT ${deliveryFields(sql)}, e.url, event.at AS event_at, event.sequence::text AS sequence, p.body,
           coalesce((SELECT jsonb_agg(${attemptObject(sql)} || jsonb_build_object('excerpt', a.excerpt, 'detail', a.detail) ORDER BY a.number)
                     FROM webhook_attempts a WHERE a.delivery_id = d.id), '[]') AS all_attempts
    FROM webhook_deliveries d
    JOIN webhook_endpoints e ON e.id = d.endpoint_id
    LEFT JOIN domain_events event ON event.id = d.event_id
    LEFT JOIN webhook_payloads p ON p.event_id = d.event_id AND p.version = e.payload_version
    WHERE d.id = ${id}`;
  return row;
}

/** The fields of {@link DeliveryRow} of a delivery `d` and its endpoint `e`. */
function deliveryFields(sql: Sql): Fragment {
  return sql`
    d.id, d.endpoint_id, d.event_id, d.event_type, d.contract_id, d.environment, d.status, d.attempts, d.due_at, d.ended_at,
    uuid_extract_timestamp(d.id) AS created_at, e.status AS endpoint_status, e.disabled_reason,
    (SELECT ${attemptObject(sql)} FROM webhook_attempts a WHERE a.delivery_id = d.id ORDER BY a.number DESC LIMIT 1) AS last_attempt`;
}

/** An attempt `a` as JSON, with its time in the form of instants. */
function attemptObject(sql: Sql): Fragment {
  return sql`
    jsonb_build_object('number', a.number, 'at', to_char(a.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'outcome', a.outcome,
      'http_status', a.http_status, 'failure', a.failure, 'latency_ms', a.latency_ms)`;
}
