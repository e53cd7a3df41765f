/** Merging two customers: which ones can be merged, and how much one request moves. */
import type { Instant } from '../base/instant';
import { missingReference, notFound, refuse } from '../base/refusal';
import type { Refusal } from '../base/refusal';

/** How many rows of each kind refer to a customer. */
export interface CustomerReferences {
  contracts: number;
  licenses: number;
  holds: number;
}

/**
 * What one merge moves in its transaction. During it no order of the two customers is served: a contract takes about 10 ms, 50,000 licenses
 * about a second.
 */
export const MERGE_MAX: CustomerReferences = { contracts: 100, licenses: 50_000, holds: 50_000 };

/** What decides whether customers can be merged. */
export interface MergeableCustomer {
  id: string;
  erased_at: Instant | null;
  merged_into: string | null;
}

/** Refuses a customer who was merged into another one. */
export function mergedRefusal(customer_id: string, merged_into: string): Refusal {
  return refuse('CUSTOMER_MERGED', { customer_id, merged_into });
}

/** Whether one customer can be merged into another; `unchanged` if that was done before. */
export function mergeDecision(
  { id, into }: { id: string; into: string },
  customers: ReadonlyMap<string, MergeableCustomer>,
): 'merge' | 'unchanged' | Refusal {
  if (id === into)
    return refuse('VALIDATION_FAILED', { path: 'into', message: 'into: a customer cannot be merged into itself.' });
  const [customer, survivor] = [customers.get(id), customers.get(into)];
  if (!customer) return notFound('customer', id);
  if (!survivor) return missingReference('into', 'customer');
  if (customer.merged_into === into) return 'unchanged';
  for (const { id: customer_id, merged_into, erased_at } of [customer, survivor]) {
    if (merged_into !== null) return mergedRefusal(customer_id, merged_into);
    if (erased_at !== null) return refuse('PERSON_ERASED', { kind: 'customer', erased_at });
  }
  return 'merge';
}

/** Refuses a merge that would move too much in one transaction. */
export function tooLargeRefusal(references: CustomerReferences, max: CustomerReferences = MERGE_MAX): Refusal | null {
  const kinds = ['contracts', 'licenses', 'holds'] as const;
  const kind = kinds.find((one) => references[one] > max[one]);
  return kind === undefined ? null : refuse('CUSTOMER_TOO_LARGE', { kind, max: max[kind] });
}
