/**
 * How far the deliveries of endpoints are, and who is woken for them.
 *
 * Events of an endpoint wake its workflow only while `is_waiting`, because commits that notify wait for each other. The flag is set when
 * nothing is due. An event whose transaction read the flag before and commits afterwards notifies no process, so the workflow looks again.
 */
import type { Instant } from '../../domain/base/instant';
import type { Fragment, Sql } from '../base/database';

/** The channel on which Postgres names endpoints that have something due. */
export const WEBHOOK_CHANNEL = 'webhooks';

/** An endpoint as its deliveries see it. */
export interface DeliveryTarget {
  id: string;
  contract_id: string | null;
  environment: string | null;
  url: string;
  status: 'enabled' | 'disabled' | 'ending' | 'removed';
  payload_version: number;
  rate_per_second: number | null;
  failing_since: Instant | null;
}

export async function findTarget(sql: Sql, endpoint_id: string): Promise<DeliveryTarget | undefined> {
  const [row] = await sql<DeliveryTarget[]>`
    SELECT e.id, e.contract_id, e.environment, e.url, e.status, e.payload_version, e.rate_per_second, q.failing_since
    FROM webhook_endpoints e JOIN webhook_queues q ON q.endpoint_id = e.id WHERE e.id = ${endpoint_id}`;
  return row;
}

/** What remains after a look at a queue. */
export interface QueueRest extends Pick<DeliveryTarget, 'status' | 'failing_since'> {
  /** When the next delivery is due, or an attempt counts as lost; null: nothing is owed. */
  due_at: Instant | null;
  /** Whether the queue waited already before this look. */
  was_waiting: boolean;
}

/** Lets the next event wake the workflow of an endpoint, unless something is due. Records the look, and the first server of the workflow. */
export async function restQueue(
  sql: Sql,
  { endpoint_id, now, epoch }: { endpoint_id: string; now: Instant; epoch: string | undefined },
): Promise<QueueRest> {
  const [rest] = await sql<[QueueRest]>`
    UPDATE webhook_queues q
    SET is_waiting = e.status NOT IN ('enabled', 'ending') OR next.due_at IS NULL OR next.due_at > ${now}, looked_at = ${now},
        workflow_epoch = coalesce(q.workflow_epoch, ${epoch ?? null})
    FROM webhook_endpoints e, (
      SELECT (SELECT due_at FROM webhook_deliveries WHERE endpoint_id = ${endpoint_id} AND status = 'owed' ORDER BY due_at, id LIMIT 1) AS due_at
    ) next
    WHERE q.endpoint_id = ${endpoint_id} AND e.id = q.endpoint_id
    RETURNING e.status, q.failing_since, next.due_at, old.is_waiting AS was_waiting`;
  return rest;
}

/** Removes an endpoint that is ending and has nothing owed, with its secrets. */
export async function removeEnded(sql: Sql, endpoint_id: string, now: Instant): Promise<void> {
  await sql`
    WITH removed AS (
      UPDATE webhook_endpoints SET status = 'removed', revision = revision + 1, updated_at = ${now}
      WHERE id = ${endpoint_id} AND status = 'ending'
        AND NOT EXISTS (SELECT FROM webhook_deliveries WHERE endpoint_id = ${endpoint_id} AND status = 'owed')
      RETURNING id
    )
    DELETE FROM webhook_secrets WHERE endpoint_id IN (SELECT id FROM removed)`;
}

/** Begins the count of failures of an endpoint again, because it was enabled or has another URL, and wakes its workflow. */
export async function restartEndpoint(tx: Sql, endpoint_id: string): Promise<void> {
  await tx`UPDATE webhook_queues SET failing_since = NULL WHERE endpoint_id = ${endpoint_id}`;
  await wakeEndpoint(tx, endpoint_id);
}

/** The first endpoints that have something due, those that wait for longest first. */
export async function listDueEndpoints(sql: Sql, now: Instant, limit: number): Promise<string[]> {
  const rows = await sql<
    { id: string }[]
  >`SELECT id FROM (${endpointsToDeliver(sql, sql`${now}`)}) due ORDER BY since, id LIMIT ${limit}`;
  return rows.map(({ id }) => id);
}

/**
 * Selects endpoints with something due since `late`, or that are ending and have nothing owed, if their workflow has not looked since then.
 * What is owed to a removed endpoint is ended whenever it is due. It can be owed more after that, by a transaction that began before the
 * removal.
 */
export function endpointsToDeliver(sql: Sql, late: Fragment): Fragment {
  return sql`
    SELECT e.id, CASE WHEN e.status = 'removed' OR d.due_at IS NULL THEN e.updated_at ELSE d.due_at END AS since
    FROM webhook_endpoints e
    JOIN webhook_queues q ON q.endpoint_id = e.id
    LEFT JOIN LATERAL (
      SELECT due_at FROM webhook_deliveries WHERE endpoint_id = e.id AND status = 'owed' ORDER BY due_at, id LIMIT 1
    ) d ON true
    WHERE e.status <> 'disabled' AND (q.looked_at IS NULL OR q.looked_at <= ${late})
      AND (d.due_at <= ${late} OR e.updated_at <= ${late} AND e.status = CASE WHEN d.due_at IS NULL THEN 'ending' ELSE 'removed' END)`;
}

/** Selects endpoints that are owed something and whose workflow was started on another server. */
export function endpointsOfOtherServers(sql: Sql, epoch: string): Fragment {
  return sql`
    SELECT e.id, d.due_at AS since
    FROM webhook_endpoints e
    JOIN webhook_queues q ON q.endpoint_id = e.id
    CROSS JOIN LATERAL (
      SELECT due_at FROM webhook_deliveries WHERE endpoint_id = e.id AND status = 'owed' ORDER BY due_at, id LIMIT 1
    ) d
    WHERE e.status IN ('enabled', 'ending') AND q.workflow_epoch <> ${epoch}`;
}

/** Records on which server the workflows of endpoints were started. */
export async function markDeliveringOn(sql: Sql, endpoint_ids: readonly string[], epoch: string): Promise<void> {
  await sql`
    UPDATE webhook_queues SET workflow_epoch = ${epoch} WHERE endpoint_id IN (
      SELECT endpoint_id FROM webhook_queues WHERE endpoint_id = ANY (${[...endpoint_ids]}::uuid[]) AND workflow_epoch IS DISTINCT FROM ${epoch}
      FOR NO KEY UPDATE SKIP LOCKED)`;
}

/**
 * Wakes the workflow of an endpoint after the commit, also when it does not wait: it may be about to wait and not see what is due. Waking
 * one that is busy changes nothing.
 */
export async function wakeEndpoint(tx: Sql, endpoint_id: string): Promise<void> {
  await tx`SELECT pg_notify(${WEBHOOK_CHANNEL}, ${endpoint_id})`;
}
