/** Owes endpoints what they missed. */
import { firstIdAt, millisOf } from '../../domain/base/instant';
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import type { EndpointState } from '../../domain/webhook/delivery';
import type { Sql } from '../base/database';

/** An endpoint, which stays as it is until the transaction ends. */
export type RecoverableEndpoint = EndpointState & {
  contract_id: string | null;
  environment: Environment | null;
  events: string[];
};

/** Reads an endpoint and holds it; undefined if it does not exist. */
export async function holdRecoverable(tx: Sql, id: string): Promise<RecoverableEndpoint | undefined> {
  const [row] = await tx<RecoverableEndpoint[]>`
    SELECT id, status, disabled_reason, contract_id, environment, events FROM webhook_endpoints WHERE id = ${id} FOR SHARE`;
  return row;
}

export interface Recovered {
  /** Deliveries that had failed, and are owed again. */
  failed: number;
  /** Events that the endpoint was not owed, and is now. */
  missed: number;
  /** When events were not looked at: the instant from which to continue. Null: all were. */
  continue_since: Instant | null;
}

/**
 * Owes an endpoint what it missed of the events that were written since an instant: deliveries that failed, and events that it would be
 * owed and is not, because it was disabled, did not exist, or had another filter. Looks at the first `looked_max` events, and owes the
 * first `owed_max` of them. What is owed or delivered stays as it is.
 */
export async function oweMissed(
  tx: Sql,
  { id, contract_id, environment, events }: RecoverableEndpoint,
  { since, looked_max, owed_max }: { since: Instant; looked_max: number; owed_max: number },
): Promise<Recovered> {
  const scope =
    contract_id !== null
      ? tx`AND contract_id = ${contract_id}`
      : environment !== null
        ? tx`AND environment = ${environment}`
        : tx``;
  const [row] = await tx<[Recovered]>`
    WITH looked AS MATERIALIZED (
      SELECT id, type, contract_id, environment FROM domain_events
      WHERE id >= ${firstIdAt(millisOf(since))} ${scope} ORDER BY id LIMIT ${looked_max}
    ), chosen AS MATERIALIZED (
      SELECT n.id, n.type, n.contract_id, n.environment, d.id AS delivery_id FROM looked n
      LEFT JOIN webhook_deliveries d ON d.endpoint_id = ${id} AND d.event_id = n.id
      WHERE d.status = 'failed'
         OR d.id IS NULL AND matches_event(${events}::text[], n.type)
      ORDER BY n.id LIMIT ${owed_max}
    ), failed AS (
      UPDATE webhook_deliveries d
      SET status = 'owed', ended_at = NULL, due_at = now(), attempts_before_redelivery = d.attempts
      FROM chosen WHERE d.id = chosen.delivery_id AND d.status = 'failed'
      RETURNING d.id
    ), missed AS (
      INSERT INTO webhook_deliveries (endpoint_id, event_id, event_type, contract_id, environment)
      SELECT ${id}, chosen.id, chosen.type, chosen.contract_id, chosen.environment FROM chosen WHERE delivery_id IS NULL ORDER BY chosen.id
      ON CONFLICT (endpoint_id, event_id) DO NOTHING
      RETURNING id
    )
    SELECT (SELECT count(*)::int FROM failed) AS failed, (SELECT count(*)::int FROM missed) AS missed,
           CASE WHEN (SELECT count(*) FROM chosen) = ${owed_max} THEN (SELECT uuid_extract_timestamp(max(id::text)::uuid) FROM chosen)
                WHEN (SELECT count(*) FROM looked) = ${looked_max} THEN (SELECT uuid_extract_timestamp(max(id::text)::uuid) FROM looked)
           END AS continue_since`;
  return row;
}
