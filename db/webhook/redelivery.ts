/** Deliveries that are asked for by hand. */
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import type { DeliveryStatus, EndpointState } from '../../domain/webhook/delivery';
import type { Sql } from '../base/database';

/** A delivery that is locked until the transaction ends. */
export interface LockedDelivery {
  id: string;
  endpoint_id: string;
  contract_id: string | null;
  environment: Environment | null;
  status: DeliveryStatus;
  attempts: number;
  attempts_before_redelivery: number;
  due_at: Instant | null;
  /** An attempt is owed whose time has come. */
  is_due: boolean;
  /** An attempt has begun, and its time is not over. */
  is_in_flight: boolean;
}

/** Locks a delivery; undefined if it does not exist. */
export async function lockDelivery(tx: Sql, id: string): Promise<LockedDelivery | undefined> {
  const [row] = await tx<LockedDelivery[]>`
    SELECT id, endpoint_id, contract_id, environment, status, attempts, attempts_before_redelivery, due_at,
           status = 'owed' AND due_at <= now() AS is_due,
           status = 'owed' AND due_at > now() AND EXISTS (
             SELECT FROM webhook_attempts WHERE delivery_id = d.id AND number = d.attempts AND outcome IS NULL) AS is_in_flight
    FROM webhook_deliveries d WHERE id = ${id} FOR UPDATE`;
  return row;
}

/** The endpoint of a delivery, which stays as it is until the transaction ends; undefined if the delivery does not exist. */
export async function holdEndpointOf(tx: Sql, delivery_id: string): Promise<EndpointState | undefined> {
  const [row] = await tx<EndpointState[]>`
    SELECT id, status, disabled_reason FROM webhook_endpoints
    WHERE id = (SELECT endpoint_id FROM webhook_deliveries WHERE id = ${delivery_id}) FOR SHARE`;
  return row;
}

/** Makes a delivery owed again. With `from`, the attempts before that number do not count for the retry schedule. */
export async function oweAgain(
  tx: Sql,
  id: string,
  { from, at_once }: { from: number; at_once: boolean },
): Promise<void> {
  await tx`
    UPDATE webhook_deliveries
    SET status = 'owed', ended_at = NULL, attempts_before_redelivery = ${from}, due_at = CASE WHEN ${at_once} THEN now() ELSE due_at END
    WHERE id = ${id}`;
}
