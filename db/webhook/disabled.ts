/** Endpoints that are disabled because of their answers. */
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import type { Sql } from '../base/database';

export interface Disabling {
  endpoint_id: string;
  /** The URL that answered: an endpoint that has another one now is not disabled. */
  url: string;
  reason: 'gone' | 'failing';
  now: Instant;
}

export interface DisabledEndpoint {
  status: 'disabled' | 'removed';
  contract_id: string | null;
  environment: Environment | null;
  revision: number;
  failing_since: Instant | null;
}

/**
 * Disables an endpoint that is enabled, or removes one that is ending, because it cannot be enabled again. Returns undefined if it is neither,
 * so that only one of several callers disables it.
 */
export async function disable(
  tx: Sql,
  { endpoint_id, url, reason, now }: Disabling,
): Promise<DisabledEndpoint | undefined> {
  const [row] = await tx<DisabledEndpoint[]>`
    UPDATE webhook_endpoints e
    SET status = CASE WHEN e.status = 'ending' THEN 'removed' ELSE 'disabled' END,
        disabled_reason = CASE WHEN e.status = 'ending' THEN NULL ELSE ${reason} END,
        disabled_at = CASE WHEN e.status = 'ending' THEN NULL ELSE ${now}::timestamptz END,
        revision = e.revision + 1, updated_at = ${now}
    FROM webhook_queues q
    WHERE e.id = ${endpoint_id} AND q.endpoint_id = e.id AND e.status IN ('enabled', 'ending') AND e.url = ${url}
    RETURNING e.status, e.contract_id, e.environment, e.revision, q.failing_since`;
  return row;
}
