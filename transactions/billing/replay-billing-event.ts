/** Putting a billing event back as if it had just come in. */
import type { Act } from '../../domain/base/edit';
import type { Environment } from '../../domain/base/environment';
import { outcomeAtArrival } from '../../domain/billing/billing-event';
import { auditAct } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { findContractOfEvent, lockBillingEvent, resetBillingEvent } from '../../db/billing/billing-event';
import type { BillingEventRow } from '../../db/billing/billing-event';

/** An event before and after it was put back. */
export interface ReplayedBillingEvent {
  before: BillingEventRow;
  after: BillingEventRow & { raw: string };
  /** Of its contract; null while that is unknown. */
  environment: Environment | null;
}

/**
 * Puts an event back, to be tried at once, with its audit row; call it inside a transaction. Answers null when there is nothing to put
 * back: it is still pending, or its type concerns no contract. Undefined when there is no such event.
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
