/** Decides the assignment of licenses to a customer (domain.md 5.5). */
import type { Instant } from '../base/instant';
import { licenseStatus } from './license-facts';
import type { LicenseFacts, LicenseStatus } from './license-facts';
import { decision, notAvailable } from './license-operation';
import type { LicenseDecision, NotAvailableReason, OperationCounts } from './license-operation';

/** A license to be assigned. */
export interface AssignableLicense extends LicenseFacts {
  is_test: boolean;
}

const UNAVAILABLE_STATUSES: readonly LicenseStatus[] = ['revoked', 'suspended', 'expired', 'held'];

/**
 * Decides what an assignment to a customer does to a license. A license of this customer stays as it is, whatever its status. A license
 * of another customer is moved only with `reassign`; its devices stay active. A license that is active without a customer belongs to
 * the user of its device.
 */
export function decideAssignment(
  license: AssignableLicense,
  { customer_id, reassign }: { customer_id: string; reassign: boolean },
  now: Instant,
): LicenseDecision {
  if (license.customer_id === customer_id) return decision('unchanged');
  if (license.is_test) return notAvailable('test_license');
  const status = licenseStatus(license, now);
  if (UNAVAILABLE_STATUSES.includes(status)) return notAvailable(status as NotAvailableReason);
  if (license.customer_id !== null)
    return { ...decision(reassign ? 'done' : 'conflict'), other_customer_id: license.customer_id };
  return status === 'active' ? notAvailable('active') : decision('done');
}

/** The audit action and the type of the domain event of an assignment. */
export function assignmentAction({ moved }: Pick<OperationCounts, 'moved'>) {
  return moved > 0 ? ('license.reassigned' as const) : ('license.assigned' as const);
}
