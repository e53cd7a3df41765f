/** Endpoints of webhooks in tests, what they are owed, and how it is delivered. */
import { createWebhookSender } from '../../adapters/webhook';
import type { DeliveryDependencies } from '../../activities/webhook/delivery';
import type { Database, Sql } from '../../db/base/database';
import { insertDomainEvents } from '../../db/contract/domain-event';
import { createSignedKeys } from '../../transactions/license/signed-keys';
import { NOON } from './contract-facts';

/** Receivers of tests are on this machine. */
export const LOCAL_RECEIVERS = { private_networks: ['127.0.0.0/8'], allows_http: true };
export const WEBHOOK_SECRET = `whsec_${Buffer.from('secret'.padEnd(32, '.')).toString('base64')}`;

/** Delivers to receivers on this machine. The secret of every endpoint is the same. */
export function testDeliveries(db: Database): DeliveryDependencies {
  return {
    db,
    sender: createWebhookSender({ policy: LOCAL_RECEIVERS }),
    signedKeys: createSignedKeys(undefined, () => undefined),
    public_url: 'https://covenant.example',
    openSecrets: () => Promise.resolve([WEBHOOK_SECRET]),
  };
}

/** Writes events of a contract in one transaction. */
export async function writeEvents(sql: Database, contract_id: string, count = 1): Promise<void> {
  const event = {
    at: NOON,
    type: 'pool.low_water',
    environment: 'production',
    data: { contract_id, available: 9, low_water: 10 },
  } as const;
  await sql.begin((tx) =>
    insertDomainEvents(
      tx,
      contract_id,
      Array.from({ length: count }, () => event),
    ),
  );
}

export interface StoredDelivery {
  event_id: string;
  status: string;
  attempts: number;
  due_at: string | null;
  /** What each attempt met: a status, a kind of failure, or null. */
  met: (string | null)[];
}

/**
 * The deliveries of an endpoint with their attempts, in the order of their ids. The attempts are JSON, because the driver reads a null in an
 * array as the text NULL.
 */
export async function deliveriesOf(sql: Sql, endpoint_id: string): Promise<StoredDelivery[]> {
  return sql<StoredDelivery[]>`
    SELECT d.event_id, d.status, d.attempts, d.due_at,
           to_jsonb(ARRAY(SELECT coalesce(a.http_status::text, a.failure) FROM webhook_attempts a WHERE a.delivery_id = d.id ORDER BY number)) AS met
    FROM webhook_deliveries d WHERE endpoint_id = ${endpoint_id} ORDER BY d.id`;
}
