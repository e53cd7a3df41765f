/** Owes an endpoint what it missed since an instant, by hand. */
import { millisLater } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import type { Act } from '../../domain/base/edit';
import { notFound, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { notRecoverableRefusal } from '../../domain/webhook/delivery';
import { auditAct } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { holdRecoverable, oweMissed } from '../../db/webhook/recovery';
import type { Recovered } from '../../db/webhook/recovery';
import { wakeEndpoint } from '../../db/webhook/queue';

/** Deliveries that one call owes. The next one continues. */
export const RECOVERED_MAX = 10_000;
/** Events that one call looks at: an endpoint with a filter may want few of them. */
const LOOKED_MAX = 100_000;

const DAY_MS = 86_400_000;

export interface RecoveryLimits {
  /** How many days deliveries are kept after their end. Without them, Covenant does not know what was delivered. */
  retention_days: number;
  owed_max?: number;
  looked_max?: number;
}

/** Owes what was missed, with an audit row if that is anything; call it inside a transaction. */
export async function recoverEndpoint(
  tx: Sql,
  { id, since }: { id: string; since: Instant },
  act: Act,
  { retention_days, owed_max = RECOVERED_MAX, looked_max = LOOKED_MAX }: RecoveryLimits,
): Promise<Recovered | Refusal> {
  if (since > act.now) return wrongSince('since must not be in the future.');
  const earliest = millisLater(act.now, -retention_days * DAY_MS);
  if (since < earliest)
    return wrongSince(
      `since must be ${earliest} or later: deliveries are kept for ${retention_days} days, and before that it is not known which were delivered. GET /api/v1/contracts/{id}/events lists older events.`,
    );
  const endpoint = await holdRecoverable(tx, id);
  if (!endpoint) return notFound('webhook endpoint', id);
  const refused = notRecoverableRefusal(endpoint);
  if (refused !== null) return refused;
  const recovered = await oweMissed(tx, endpoint, { since, owed_max, looked_max });
  const { failed, missed } = recovered;
  if (failed + missed === 0) return recovered;
  await auditAct(tx, act, {
    action: 'webhook_endpoint.recovered',
    subject_type: 'webhook_endpoint',
    subject_id: id,
    contract_id: endpoint.contract_id,
    environment: endpoint.environment,
    after: { since, failed, missed },
  });
  await wakeEndpoint(tx, id);
  return recovered;
}

function wrongSince(message: string): Refusal {
  return refuse('VALIDATION_FAILED', { path: 'since', message });
}
