/** Assigns the licenses of a hold to a customer, or releases them. */
import { auditAct } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { resolveCustomer } from '../../db/catalogue/customer';
import { insertDomainEvents } from '../../db/contract/domain-event';
import { storeAssignments } from '../../db/license/locked-license';
import { endHoldOfLicenses } from '../../db/pool/available';
import { lockAssignableLicenses } from '../../db/pool/assignment';
import type { AssignableLicense } from '../../db/pool/assignment';
import { endHold, findHold, listHeldLicenses, lockHold } from '../../db/pool/hold';
import type { HeldLicense, HoldWithClock } from '../../db/pool/hold';
import type { Act } from '../../domain/base/edit';
import type { Instant } from '../../domain/base/instant';
import { isRefusal, notFound, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { licenseIdText } from '../../domain/license/license';
import { licenseStatus } from '../../domain/license/license-facts';
import { assignDecision, releaseDecision } from '../../domain/pool/hold';
import { findOrCreateCustomer } from '../catalogue/customer';

/** A changed hold, with the licenses that still belong to it. */
export interface ChangedHold {
  hold: HoldWithClock;
  licenses: HeldLicense[];
}

/** Whether the holds of a contract exist for the caller. */
type Reaches = (contract_id: string) => boolean;

/**
 * Assigns the licenses of a hold to the customer of an address, or to the one for whom they are held, with an audit row and a domain event.
 * A customer who does not exist is created. Refuses when the hold is over, or when one of its licenses was suspended, revoked or expired
 * meanwhile. Call it inside a transaction, and roll that back after a refusal.
 *
 * Lock order: the customer, the hold, the facts of its licenses, as in a merge of customers.
 */
export async function assignHold(
  tx: Sql,
  id: string,
  customer_email: string | null,
  { reaches, ...act }: Act & { reaches: Reaches },
): Promise<ChangedHold | Refusal> {
  const found = await findHold(tx, id);
  if (!found || !reaches(found.contract_id)) return notFound('hold', id);
  const recipient = await lockRecipient(tx, found, customer_email, act);
  if (isRefusal(recipient)) return recipient;
  const hold = await lockHold(tx, id);
  if (!hold) return notFound('hold', id);
  const now = hold.clock_now ?? act.now;
  const customer_id = customer_email === null ? hold.customer_id : recipient;
  if (customer_id === null)
    return refuse('VALIDATION_FAILED', {
      path: 'customer_email',
      message: 'customer_email: the hold has no customer yet, so an address is needed.',
    });
  const decision = assignDecision(hold, customer_id, now);
  if (isRefusal(decision)) return decision;
  if (decision === 'assign') {
    const licenses = await lockAssignableLicenses(tx, hold.license_ids);
    const refusal = unavailableRefusal(id, licenses, now);
    if (refusal) return refusal;
    const assigned = licenses.map((license) => ({ ...license, at: now }));
    await storeAssignments(tx, customer_id, assigned);
    await endHold(tx, id, { state: 'assigned', customer_id, ended_at: now });
    await recordEnd(tx, hold, { ...act, now }, { action: 'license.assigned', customer_id });
  }
  return changedHold(tx, id, now);
}

/** Makes the licenses of a hold available again, with an audit row. Call it inside a transaction. */
export async function releaseHold(
  tx: Sql,
  id: string,
  { reaches, ...act }: Act & { reaches: Reaches },
): Promise<ChangedHold | Refusal> {
  const hold = await lockHold(tx, id);
  if (!hold || !reaches(hold.contract_id)) return notFound('hold', id);
  const now = hold.clock_now ?? act.now;
  const decision = releaseDecision(hold, now);
  if (isRefusal(decision)) return decision;
  if (decision === 'release') {
    await lockAssignableLicenses(tx, hold.license_ids);
    await endHoldOfLicenses(tx, [id]);
    await endHold(tx, id, { state: 'released', customer_id: hold.customer_id, ended_at: now });
    await recordEnd(tx, hold, { ...act, now }, { action: 'pool.released', customer_id: hold.customer_id });
  }
  return changedHold(tx, id, now);
}

/**
 * The customer of an address, or the one for whom a hold is, who can be neither erased nor merged until the transaction ends; null: there is
 * none. A hold of a customer who is being merged belongs to the survivor, once it is locked.
 */
async function lockRecipient(
  tx: Sql,
  { customer_id }: HoldWithClock,
  email: string | null,
  act: Act,
): Promise<string | null | Refusal> {
  if (email === null) return customer_id === null ? null : resolveCustomer(tx, customer_id);
  const found = await findOrCreateCustomer(tx, { email, name: email }, act);
  return isRefusal(found) ? found : found.customer.id;
}

/** Refuses to assign licenses of which one can no longer be given to a customer. */
function unavailableRefusal(hold_id: string, licenses: readonly AssignableLicense[], now: Instant): Refusal | null {
  const unavailable = licenses
    .map((license) => ({ id: licenseIdText(license.id), status: licenseStatus(license, now) }))
    .filter(({ status }) => status !== 'held');
  return unavailable.length === 0 ? null : refuse('LICENSE_NOT_AVAILABLE', { hold_id, licenses: unavailable });
}

/** Writes the audit row of the end of a hold, and the domain event of an assignment. */
async function recordEnd(
  tx: Sql,
  { id, contract_id, environment, order_ref, license_ids, clock_now }: HoldWithClock,
  act: Act,
  end: { action: 'license.assigned'; customer_id: string } | { action: 'pool.released'; customer_id: string | null },
): Promise<void> {
  const { action, customer_id } = end;
  const licenses = license_ids.length;
  await auditAct(tx, act, {
    ...{ action, subject_type: 'hold', subject_id: id, contract_id, environment },
    after: { order_ref, licenses, customer_id },
    clock: clock_now === null ? 'real' : 'test',
  });
  if (end.action === 'pool.released') return;
  const data = {
    operation_id: null,
    customer_id: end.customer_id,
    count: licenses,
    reassigned: 0,
    license_ids: license_ids.map(licenseIdText),
    hold_id: id,
    order_ref,
  };
  await insertDomainEvents(tx, contract_id, [{ at: act.now, type: end.action, environment, data }]);
}

async function changedHold(tx: Sql, id: string, now: Instant): Promise<ChangedHold> {
  const hold = await findHold(tx, id);
  if (!hold) throw new Error(`hold ${id} is gone`);
  return { hold, licenses: await listHeldLicenses(tx, id, now) };
}
