/** The facts that mails show: those of their event, contract, customer and licenses. */
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import type { NotificationKindName, Role } from '../../domain/notification/kind';
import type { EventType } from '../../domain/webhook/event';
import type { Sql } from '../base/database';

/** A notification with its event, its contract and the people. */
export interface MailFacts {
  id: string;
  kind: NotificationKindName;
  role: Role;
  environment: Environment | null;
  created_at: Instant;
  event: { type: EventType; at: Instant; data: Readonly<Record<string, unknown>> } | null;
  contract: { id: string; name: string; timezone: string } | null;
  product: string | null;
  customer: string | null;
}

/** The facts of a notification; null when there is none. */
export async function findMailFacts(sql: Sql, notification_id: string): Promise<MailFacts | null> {
  const [facts] = await sql<MailFacts[]>`
    SELECT n.id, n.kind, n.role, n.environment, n.created_at, p.name AS product, u.name AS customer,
      CASE WHEN e.id IS NOT NULL THEN jsonb_build_object('type', e.type, 'at', to_json(e.at), 'data', e.data) END AS event,
      CASE WHEN c.id IS NOT NULL THEN jsonb_build_object('id', c.id, 'name', c.name, 'timezone', c.timezone) END AS contract
    FROM notifications n LEFT JOIN domain_events e ON e.id = n.event_id LEFT JOIN contracts c ON c.id = n.contract_id
    LEFT JOIN products p ON p.id = c.product_id LEFT JOIN customers u ON u.id = coalesce(n.customer_id, c.customer_id)
    WHERE n.id = ${notification_id}`;
  return facts ?? null;
}
