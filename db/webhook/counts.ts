/** Counts of what webhooks owe, for metrics. */
import type { Sql } from '../base/database';

/** More are counted as so many: counting millions at each scrape would read them all. */
const COUNTED_MAX = 1_000_000;

export interface WebhookCounts {
  owed: number;
  /** How late the first delivery is that is due; 0 when none is. */
  late_s: number;
  failed_in_a_day: number;
  /** Endpoints that were disabled because of what their receivers answered. */
  disabled: { gone: number; failing: number };
}

/** Counts deliveries and disabled endpoints. Deliveries of disabled endpoints are owed, and not late. */
export async function countWebhooks(sql: Sql): Promise<WebhookCounts> {
  const [row] = await sql<[WebhookCounts]>`
    SELECT (SELECT count(*)::int FROM (
              SELECT FROM webhook_deliveries WHERE status = 'owed' AND status <> 'delivered' LIMIT ${COUNTED_MAX}) AS owed) AS owed,
           (SELECT greatest(0, coalesce(extract(epoch FROM now() - min(first.due_at)), 0))::float8 FROM webhook_endpoints e CROSS JOIN LATERAL (
              SELECT due_at FROM webhook_deliveries WHERE endpoint_id = e.id AND status = 'owed' ORDER BY due_at, id LIMIT 1) first
            WHERE e.status IN ('enabled', 'ending')) AS late_s,
           (SELECT count(*)::int FROM webhook_deliveries
            WHERE ended_at > now() - interval '1 day' AND status = 'failed' AND status <> 'delivered') AS failed_in_a_day,
           (SELECT jsonb_build_object('gone', count(*) FILTER (WHERE disabled_reason = 'gone'),
                                      'failing', count(*) FILTER (WHERE disabled_reason = 'failing'))
            FROM webhook_endpoints WHERE status = 'disabled') AS disabled`;
  return row;
}
