/** Erasing a person: who can be erased, and the values that replace their data. */
import type { Instant } from '../base/instant';
import { refuse } from '../base/refusal';
import type { Refusal } from '../base/refusal';
import type { AdminStatus } from './admin';

/** Replaces the name of an erased person; the database function `shown_actor` returns the same value. */
export const ERASED_NAME = 'Erased';

/** Replaces the e-mail address, which must be unique. Addresses in this domain are never delivered (RFC 2606). */
export function erasedEmail(person_id: string): string {
  return `${person_id}@erased.invalid`;
}

/** Why an admin cannot be erased; null when they can. The next request of an active admin would store their name again. */
export function adminErasureRefusal({ status }: { status: AdminStatus }): 'admin_is_active' | null {
  return status === 'active' ? 'admin_is_active' : null;
}

/** Why a customer cannot be erased; null when they can. The name of a customer with an open contract is still needed. */
export function customerErasureRefusal(open_contracts: number): 'customer_has_open_contracts' | null {
  return open_contracts > 0 ? 'customer_has_open_contracts' : null;
}

/** Refuses a change of an erased person: nothing is stored for their id again. */
export function erasedRefusal(kind: 'admin' | 'customer', erased_at: Instant): Refusal {
  return refuse('PERSON_ERASED', { kind, erased_at });
}
