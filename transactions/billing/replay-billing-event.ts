/** Replays a billing event as if it had just been received. */
import type { Act } from '../../domain/base/edit';
import type { Environment } from '../../domain/base/environment';
import { outcomeAtArrival } from '../../domain/billing/billing-event';
import { auditAct } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { findContractOfEvent, lockBillingEvent, resetBillingEvent } from '../../db/billing/billing-event';
import type { BillingEventRow } from '../../db/billing/billing-event';

/** An event before and after its replay. */
export interface ReplayedBillingEvent {
  before: BillingEventRow;
  after: BillingEventRow & { raw: string };
  /** The environment of its contract; null while the contract is unknown. */
  environment: Environment | null;
}

/**
 * Makes an event due again at once, with an audit row; call it inside a transaction. Null when it cannot be replayed: it is
 * pending, or its type concerns no contract. Undefined when it does not exist.
 */
export async function replayBillingEvent(
  tx: Sql,
  id: string,
  act: Act,
): Promise<ReplayedBillingEvent | null | undefined> {
  const before = await lockBillingEvent(tx, id);
  if (!before) return undefined;
  if (before.outcome === 'PENDING' || before.reason === 'NOT_RELEVANT') return null;
  const contract = await findContractOfEvent(tx, before.contract_id);
  const decided = outcomeAtArrival({ ...before, relevant: true }, contract);
  const after = await resetBillingEvent(tx, id, { ...decided, now: act.now });
  const environment = contract?.environment ?? null;
  await auditAct(tx, act, {
    action: 'billing.replayed',
    subject_type: 'billing_event',
    subject_id: after.id,
    contract_id: environment === null ? null : after.contract_id,
    environment,
    before: { outcome: before.outcome, reason: before.reason },
    after: { outcome: after.outcome, reason: after.reason },
  });
  return { before, after, environment };
}
