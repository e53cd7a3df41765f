/** The pool of a contract of type pool, from which orders take available licenses (domain.md 5.4). */

/** How many licenses of a contract are in each of these states: one for each license, without test licenses. */
export interface PoolCounts {
  /** An order can take them now. */
  available: number;
  /** They are available, but expire within `min_remaining_validity`, so no order gets them. */
  expiring: number;
  /** They are held for orders. */
  held: number;
  /** They belong to customers, activated or not. */
  assigned: number;
  suspended: number;
  expired: number;
  revoked: number;
}
