/** Disables an endpoint because of its answers, with one audit row and one domain event, however often it is decided. */
import { insertAudit } from '../../db/base/audit';
import type { Database } from '../../db/base/database';
import { insertDomainEvents } from '../../db/contract/domain-event';
import { disable } from '../../db/webhook/disabled';
import type { Disabling } from '../../db/webhook/disabled';
import { deleteSecrets } from '../../db/webhook/secret';
import { DELIVERY } from '../../domain/base/actor';

/**
 * Disables an endpoint that is enabled: what it is owed waits until a person enables it. An endpoint that is ending is removed with its
 * secrets, and its workflow ends what it is owed. Changes nothing if a person was faster, or changed its URL.
 */
export async function disableEndpoint(db: Database, disabling: Disabling): Promise<void> {
  const { endpoint_id, reason, now: at } = disabling;
  await db.begin(async (tx) => {
    const disabled = await disable(tx, disabling);
    if (disabled === undefined) return;
    const { status, contract_id, environment, revision, failing_since } = disabled;
    await insertAudit(tx, [
      {
        at,
        actor: DELIVERY,
        action: status === 'removed' ? 'webhook_endpoint.removed' : 'webhook_endpoint.disabled',
        subject_type: 'webhook_endpoint',
        subject_id: endpoint_id,
        contract_id,
        environment,
        after: { status, reason, failing_since },
        revision,
      },
    ]);
    if (status === 'removed') {
      await deleteSecrets(tx, endpoint_id);
      return;
    }
    const data = { endpoint_id, reason, failing_since };
    await insertDomainEvents(tx, contract_id, [{ at, type: 'webhook.disabled', environment, data }]);
  });
}
