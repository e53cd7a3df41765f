/** Delivers an event to an endpoint again, by hand. */
import type { Act } from '../../domain/base/edit';
import { notFound } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { unreachableRefusal } from '../../domain/webhook/delivery';
import { auditAct } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { wakeEndpoint } from '../../db/webhook/queue';
import { holdEndpointOf, lockDelivery, oweAgain } from '../../db/webhook/redelivery';

/**
 * Makes a delivery due at once, with a retry schedule that begins again, and writes an audit row; call it inside a transaction. An attempt
 * in flight is not repeated: it counts as the first one of the schedule. One that is due already, and was not attempted since it was
 * asked for, stays as it is.
 */
export async function redeliver(tx: Sql, id: string, act: Act): Promise<Refusal | null> {
  // The endpoint first, as its removal locks them: else the two could wait for each other.
  const endpoint = await holdEndpointOf(tx, id);
  const before = endpoint && (await lockDelivery(tx, id));
  if (!before) return notFound('webhook delivery', id);
  const refused = unreachableRefusal(endpoint);
  if (refused !== null) return refused;
  const { is_in_flight, is_due, attempts, attempts_before_redelivery } = before;
  const from = is_in_flight ? attempts - 1 : attempts;
  if ((is_in_flight || is_due) && attempts_before_redelivery === from) return null;
  await oweAgain(tx, id, { from, at_once: !is_in_flight });
  await auditAct(tx, act, {
    action: 'webhook_delivery.redelivered',
    subject_type: 'webhook_delivery',
    subject_id: id,
    contract_id: before.contract_id,
    environment: before.environment,
    before: { status: before.status, next_attempt_at: before.due_at },
    after: { status: 'owed', endpoint_id: before.endpoint_id },
  });
  await wakeEndpoint(tx, before.endpoint_id);
  return null;
}
