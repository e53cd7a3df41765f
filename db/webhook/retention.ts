/** Removes deliveries that ended long ago. */
import type { Fragment, Sql } from '../base/database';

/** Removes deliveries that ended so many days ago, in one bounded statement; returns how many. */
export async function deleteEndedDeliveries(sql: Sql, days: number, limit: number): Promise<number> {
  const ended = sql`
    SELECT id FROM webhook_deliveries WHERE ended_at < now() - make_interval(days => ${days})
    ORDER BY ended_at LIMIT ${limit} FOR UPDATE SKIP LOCKED`;
  return deleteDeliveries(sql, ended);
}

/** Deletes deliveries with their attempts, and the payloads of events that have no other delivery. */
async function deleteDeliveries(sql: Sql, ids: Fragment): Promise<number> {
  const [row] = await sql<[{ count: number }]>`
    WITH chosen AS MATERIALIZED (${ids}), deleted AS (
      DELETE FROM webhook_deliveries d USING chosen WHERE d.id = chosen.id RETURNING d.id, d.event_id
    ), attempts AS (
      DELETE FROM webhook_attempts a USING deleted WHERE a.delivery_id = deleted.id
    ), payloads AS (
      DELETE FROM webhook_payloads p USING (SELECT DISTINCT event_id FROM deleted) e
      WHERE p.event_id = e.event_id AND NOT EXISTS (
        SELECT FROM webhook_deliveries other WHERE other.event_id = e.event_id AND other.id NOT IN (SELECT id FROM deleted))
    )
    SELECT count(*)::int AS count FROM deleted`;
  return row.count;
}
