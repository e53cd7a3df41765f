/** The bodies of webhooks: the events that need one, the licenses that they name, and the stored texts. */
import { INLINE_LICENSES_MAX } from '../../domain/webhook/payload';
import type { KeyedLicense, StoredEvent } from '../../domain/webhook/payload';
import type { Instant } from '../../domain/base/instant';
import type { Sql } from '../base/database';
import { ORDINAL_MASK } from '../license/license-conditions';

/** The first events that are owed to an endpoint and due, and that have no body of a version. */
export async function listEventsWithoutBody(
  sql: Sql,
  { endpoint_id, version, now, limit }: { endpoint_id: string; version: number; now: Instant; limit: number },
): Promise<StoredEvent[]> {
  return sql<StoredEvent[]>`
    SELECT e.id, e.at, e.type, e.contract_id, e.environment, e.sequence::int, e.data
    FROM (
      SELECT event_id FROM webhook_deliveries
      WHERE endpoint_id = ${endpoint_id} AND status = 'owed' AND due_at <= ${now} ORDER BY due_at, id LIMIT ${limit}
    ) d
    JOIN domain_events e ON e.id = d.event_id
    WHERE NOT EXISTS (SELECT FROM webhook_payloads p WHERE p.event_id = d.event_id AND p.version = ${version})`;
}

/** Stores bodies. One that exists stays: it may have been sent. */
export async function insertBodies(
  sql: Sql,
  version: number,
  bodies: readonly { event_id: string; body: string }[],
): Promise<void> {
  if (bodies.length === 0) return;
  await sql`
    INSERT INTO webhook_payloads (event_id, version, body)
    SELECT event_id, ${version}, body
    FROM unnest(${bodies.map(({ event_id }) => event_id)}::uuid[], ${bodies.map(({ body }) => body)}::text[]) AS given (event_id, body)
    ORDER BY event_id
    ON CONFLICT DO NOTHING`;
}

/** The first licenses of each of these jobs, with the ids of the jobs. */
export async function listFirstOfJobs(
  sql: Sql,
  job_ids: readonly string[],
): Promise<(KeyedLicense & { job_id: string })[]> {
  if (job_ids.length === 0) return [];
  return sql<(KeyedLicense & { job_id: string })[]>`
    SELECT j.id AS job_id, l.id, l.key
    FROM generation_jobs j CROSS JOIN LATERAL (
      SELECT id, key FROM licenses
      WHERE id BETWEEN j.serial::bigint << 24 AND (j.serial::bigint << 24) | ${ORDINAL_MASK}::int
      ORDER BY id LIMIT ${INLINE_LICENSES_MAX}
    ) l
    WHERE j.id = ANY (${[...job_ids]}::uuid[])`;
}

/** Licenses by their stored ids. */
export async function listKeys(sql: Sql, ids: readonly string[]): Promise<KeyedLicense[]> {
  if (ids.length === 0) return [];
  return sql<KeyedLicense[]>`SELECT id, key FROM licenses WHERE id = ANY (${[...ids]}::bigint[])`;
}
