/** Endpoints of webhooks in Postgres. A transaction that has locked the row of an endpoint writes it and its secrets. */
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import type { EndpointFacts, EndpointStatus, EndpointTerms } from '../../domain/webhook/endpoint';
import type { DomainEventEntry } from '../../domain/webhook/event';
import { columnNames, ofAlias } from '../base/columns';
import type { Fragment, Sql } from '../base/database';
import { WEBHOOK_CHANNEL } from './queue';

export interface EndpointRow extends EndpointFacts {
  payload_version: number;
  created_at: Instant;
  updated_at: Instant;
}

/** An endpoint with what is shown of its secrets and its deliveries. */
export interface ShownEndpoint extends EndpointRow {
  /** The current one first, then those that it replaced and that still sign. */
  secrets: { last_four: string; created_at: Instant; expires_at: Instant | null }[];
  /** Since when every attempt fails; null after a success. */
  failing_since: Instant | null;
  delivered_at: Instant | null;
}

const ENDPOINT_COLUMNS = columnNames<EndpointRow>({
  id: true,
  contract_id: true,
  environment: true,
  is_of_contract: true,
  url: true,
  description: true,
  events: true,
  payload_version: true,
  rate_per_second: true,
  status: true,
  disabled_reason: true,
  disabled_at: true,
  revision: true,
  created_at: true,
  updated_at: true,
});

export interface EndpointFilter {
  contract_id?: string | undefined;
  /** `all`: those of all environments. */
  environment?: Environment | 'all' | undefined;
  status?: EndpointStatus | undefined;
}

function selectShown(sql: Sql): Fragment {
  const instant = (column: Fragment) => sql`to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
  return sql`
    SELECT ${sql(ofAlias('e', ENDPOINT_COLUMNS))}, q.failing_since, q.delivered_at, coalesce(s.secrets, '[]') AS secrets
    FROM webhook_endpoints e
    JOIN webhook_queues q ON q.endpoint_id = e.id
    LEFT JOIN LATERAL (
      SELECT jsonb_agg(jsonb_build_object(
        'last_four', s.last_four, 'created_at', ${instant(sql`s.created_at`)}, 'expires_at', ${instant(sql`s.expires_at`)}
      ) ORDER BY s.expires_at IS NOT NULL, s.id DESC) AS secrets
      FROM webhook_secrets s WHERE s.endpoint_id = e.id AND (s.expires_at IS NULL OR s.expires_at > now())
    ) s ON true`;
}

export async function findEndpoint(sql: Sql, id: string): Promise<ShownEndpoint | undefined> {
  const [row] = await sql<ShownEndpoint[]>`${selectShown(sql)} WHERE e.id = ${id}`;
  return row;
}

/** An endpoint, locked until the transaction ends; undefined if there is none. */
export async function lockEndpoint(tx: Sql, id: string): Promise<EndpointRow | undefined> {
  const [row] = await tx<
    EndpointRow[]
  >`SELECT ${tx(ENDPOINT_COLUMNS)} FROM webhook_endpoints WHERE id = ${id} FOR NO KEY UPDATE`;
  return row;
}

/** The endpoint that the field `webhook_url` of a contract has made, locked until the transaction ends; undefined if there is none. */
export async function lockEndpointOfUrlField(tx: Sql, contract_id: string): Promise<EndpointRow | undefined> {
  const [row] = await tx<EndpointRow[]>`
    SELECT ${tx(ENDPOINT_COLUMNS)} FROM webhook_endpoints WHERE contract_id = ${contract_id} AND is_of_contract AND status <> 'removed'
    FOR NO KEY UPDATE`;
  return row;
}

/** The endpoint of the field `webhook_url`, as its contract shows it. */
export type EndpointOfUrlField = Pick<EndpointRow, 'id' | 'url' | 'status'>;

/** An expression for the endpoint of the field `webhook_url` of the contract `c`, or null. */
export function endpointOfUrlField(sql: Sql): Fragment {
  return sql`(
    SELECT jsonb_build_object('id', id, 'url', url, 'status', status) FROM webhook_endpoints
    WHERE contract_id = c.id AND is_of_contract AND status <> 'removed')`;
}

/** One page of endpoints, in the order of their ids. Removed ones only when the filter names their status. */
export async function listEndpoints(
  sql: Sql,
  { contract_id, environment, status }: EndpointFilter,
  { order, after, limit }: { order: 'asc' | 'desc'; after: string | null; limit: number },
): Promise<ShownEndpoint[]> {
  const [direction, beyond] = order === 'asc' ? [sql`ASC`, sql`>`] : [sql`DESC`, sql`<`];
  const scope =
    environment === 'all' ? sql`AND e.environment IS NULL` : sql`AND e.environment = ${environment ?? null}`;
  return sql<ShownEndpoint[]>`
    ${selectShown(sql)}
    WHERE ${status === undefined ? sql`e.status <> 'removed'` : sql`e.status = ${status}`}
    ${contract_id === undefined ? sql`` : sql`AND e.contract_id = ${contract_id}`} ${environment === undefined ? sql`` : scope}
    ${after === null ? sql`` : sql`AND e.id ${beyond} ${after}`}
    ORDER BY e.id ${direction} LIMIT ${limit}`;
}

/** How many endpoints of a contract, or without one (null), are not removed. */
export async function countEndpoints(tx: Sql, contract_id: string | null): Promise<number> {
  const [{ count }] = await tx<[{ count: number }]>`
    SELECT count(*)::int FROM webhook_endpoints
    WHERE status <> 'removed' AND ${contract_id === null ? tx`contract_id IS NULL` : tx`contract_id = ${contract_id}`}`;
  return count;
}

/** Lets transactions that create endpoints without a contract wait for each other, so that their number is exact. */
export async function lockEndpointsWithoutContract(tx: Sql): Promise<void> {
  await tx`SELECT pg_advisory_xact_lock(hashtextextended('webhook_endpoints', 0))`;
}

export type NewEndpoint = EndpointTerms &
  Pick<EndpointRow, 'id' | 'contract_id' | 'environment' | 'is_of_contract' | 'payload_version'>;

/** Inserts an endpoint with its queue, whose workflow waits for the first event. */
export async function insertEndpoint(tx: Sql, endpoint: NewEndpoint, now: Instant): Promise<EndpointRow> {
  const [row] = await tx<[EndpointRow]>`
    INSERT INTO webhook_endpoints ${tx({ ...endpoint, created_at: now, updated_at: now })} RETURNING ${tx(ENDPOINT_COLUMNS)}`;
  await tx`INSERT INTO webhook_queues (endpoint_id) VALUES (${endpoint.id})`;
  return row;
}

type TestEvent = Pick<Extract<DomainEventEntry, { type: 'webhook.test' }>, 'at' | 'environment' | 'data'>;

export type EndpointChange = Partial<EndpointTerms & Pick<EndpointRow, 'status' | 'disabled_reason' | 'disabled_at'>>;

/** Changes an endpoint, with its next revision. */
export async function updateEndpoint(tx: Sql, id: string, change: EndpointChange, now: Instant): Promise<EndpointRow> {
  const [row] = await tx<[EndpointRow]>`
    UPDATE webhook_endpoints SET ${tx({ ...change, updated_at: now } as never)}, revision = revision + 1 WHERE id = ${id}
    RETURNING ${tx(ENDPOINT_COLUMNS)}`;
  return row;
}

/** How many deliveries an endpoint is owed. */
export async function countOwed(tx: Sql, id: string): Promise<number> {
  const [{ count }] = await tx<
    [{ count: number }]
  >`SELECT count(*)::int FROM webhook_deliveries WHERE endpoint_id = ${id} AND status = 'owed'`;
  return count;
}

/**
 * Ends some of what is owed to an endpoint that was removed, in one bounded statement: an endpoint can be owed hundreds of thousands of
 * deliveries. Returns how many failed. Rows that are locked are skipped.
 */
export async function failOwed(sql: Sql, id: string, now: Instant, limit: number): Promise<number> {
  const { count } = await sql`
    UPDATE webhook_deliveries d SET status = 'failed', due_at = NULL, ended_at = ${now}
    FROM (
      SELECT id FROM webhook_deliveries WHERE endpoint_id = ${id} AND status = 'owed' ORDER BY due_at, id LIMIT ${limit}
      FOR UPDATE SKIP LOCKED
    ) owed WHERE d.id = owed.id`;
  return count;
}

/**
 * Ends the endpoints of a contract that is deleted, after its last event was owed. Those that are enabled receive what they are owed and are
 * then removed. Those that are disabled are removed at once, and their workflows end what they were owed.
 */
export async function endEndpointsOf(tx: Sql, contract_id: string, now: Instant): Promise<void> {
  const ended = await tx<{ id: string; status: EndpointStatus }[]>`
    UPDATE webhook_endpoints
    SET status = CASE status WHEN 'enabled' THEN 'ending' ELSE 'removed' END, disabled_reason = NULL, disabled_at = NULL,
        revision = revision + 1, updated_at = ${now}
    WHERE contract_id = ${contract_id} AND status IN ('enabled', 'disabled')
    RETURNING id, status`;
  const removed = ended.filter(({ status }) => status === 'removed').map(({ id }) => id);
  if (removed.length > 0) await tx`DELETE FROM webhook_secrets WHERE endpoint_id = ANY (${removed}::uuid[])`;
  await tx`SELECT pg_notify(${WEBHOOK_CHANNEL}, id) FROM unnest(${ended.map(({ id }) => id)}::text[]) AS id`;
}

/** Writes a test event, which is owed to one endpoint and due now. */
export async function insertTestEvent(
  tx: Sql,
  { at, environment, data }: TestEvent,
): Promise<{ delivery_id: string; event_id: string }> {
  const [owed] = await tx<[{ delivery_id: string; event_id: string }]>`
    WITH event AS (
      INSERT INTO domain_events (at, type, environment, data) VALUES (${at}, 'webhook.test', ${environment}, ${tx.json(data)})
      RETURNING id, type, environment
    )
    INSERT INTO webhook_deliveries (endpoint_id, event_id, event_type, environment)
    SELECT ${data.endpoint_id}, id, type, environment FROM event
    RETURNING id AS delivery_id, event_id`;
  return owed;
}
