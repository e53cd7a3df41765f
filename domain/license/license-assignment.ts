/** Decides the assignment of licenses to a customer (domain.md 5.5). */
import type { Instant } from '../base/instant';
import { licenseStatus } from './license-facts';
import type { LicenseFacts, LicenseStatus } from './license-facts';

export const ASSIGNMENT_OUTCOMES = ['assigned', 'already_assigned_same', 'conflict', 'not_available'] as const;
export type AssignmentOutcome = (typeof ASSIGNMENT_OUTCOMES)[number];

/** Why a license cannot be assigned to anybody now. */
export const NOT_AVAILABLE_REASONS = [
  'not_found',
  'test_license',
  'revoked',
  'suspended',
  'expired',
  'held',
  'active',
] as const;
export type NotAvailableReason = (typeof NOT_AVAILABLE_REASONS)[number];

/** Licenses that one request assigns at once. A job assigns more (domain.md 5.5). */
export const INLINE_ASSIGNMENT_LICENSES_MAX = 1_000;

/** Ids of licenses that an audit row, an event or a job names. The others are only counted. */
export const NAMED_LICENSES_MAX = 100;

/** What happens to one license. */
export interface AssignmentDecision {
  outcome: AssignmentOutcome;
  /** For `not_available`. */
  reason: NotAvailableReason | null;
  /** The customer to whom the license is assigned before, if it is another one: the license is moved, or the reason of a conflict. */
  other_customer_id: string | null;
}

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
): AssignmentDecision {
  if (license.customer_id === customer_id) return decision('already_assigned_same');
  if (license.is_test) return notAvailable('test_license');
  const status = licenseStatus(license, now);
  if (UNAVAILABLE_STATUSES.includes(status)) return notAvailable(status as NotAvailableReason);
  if (license.customer_id !== null)
    return { ...decision(reassign ? 'assigned' : 'conflict'), other_customer_id: license.customer_id };
  return status === 'active' ? notAvailable('active') : decision('assigned');
}

export function notAvailable(reason: NotAvailableReason): AssignmentDecision {
  return { outcome: 'not_available', reason, other_customer_id: null };
}

function decision(outcome: AssignmentOutcome): AssignmentDecision {
  return { outcome, reason: null, other_customer_id: null };
}

/** How many licenses had each outcome. Those that were moved are counted in `assigned` too. */
export type AssignmentCounts = Record<AssignmentOutcome | 'reassigned', number>;

export const NO_ASSIGNMENTS: AssignmentCounts = {
  assigned: 0,
  reassigned: 0,
  already_assigned_same: 0,
  conflict: 0,
  not_available: 0,
};

export function countAssignments(decisions: readonly AssignmentDecision[]): AssignmentCounts {
  const counts = { ...NO_ASSIGNMENTS };
  for (const { outcome, other_customer_id } of decisions) {
    counts[outcome] += 1;
    if (outcome === 'assigned' && other_customer_id !== null) counts.reassigned += 1;
  }
  return counts;
}

/** The audit action and the type of the domain event of an assignment. */
export function assignmentAction({ reassigned }: Pick<AssignmentCounts, 'reassigned'>): string {
  return reassigned > 0 ? 'license.reassigned' : 'license.assigned';
}

/**
 * The filter that finds candidates. When exactly so many licenses have to be assigned, licenses that cannot be assigned are of no use; to
 * pass over them one by one would take long in a contract of which most are assigned.
 */
export function candidatesOf<Filter extends { status?: LicenseStatus | undefined }>(
  filter: Filter,
  { exact, reassign }: { exact: boolean; reassign: boolean },
): Filter {
  return exact && !reassign && filter.status === undefined ? { ...filter, status: 'available' } : filter;
}
