/** Forgetting a person: who can be forgotten, and what stands in place of what named them. */
import type { Instant } from '../base/instant';
import { refuse } from '../base/refusal';
import type { Refusal } from '../base/refusal';
import type { AdminStatus } from './admin';

/** In place of the name of a person who was erased; the function `shown_actor` of the database answers the same. */
export const ERASED_NAME = 'Erased';

/** In place of the e-mail address, which is unique: addresses under this domain reach nobody (RFC 2606). */
export function erasedEmail(person_id: string): string {
  return `${person_id}@erased.invalid`;
}

/** Why an admin is not erased, or null. Who can act would leave their name again with the next act. */
export function adminErasureRefusal({ status }: { status: AdminStatus }): 'admin_is_active' | null {
  return status === 'active' ? 'admin_is_active' : null;
}

/** Why a customer is not erased, or null. Who has a contract that is not over is still dealt with under their name. */
export function customerErasureRefusal(open_contracts: number): 'customer_has_open_contracts' | null {
  return open_contracts > 0 ? 'customer_has_open_contracts' : null;
}

/** The refusal to change a person who was forgotten: nothing is stored for their id again. */
export function erasedRefusal(kind: 'admin' | 'customer', erased_at: Instant): Refusal {
  return refuse('PERSON_ERASED', { kind, erased_at });
}
