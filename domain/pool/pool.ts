/** The pool of a contract of type pool: its available licenses, from which orders take (domain.md 5.4). */

/** How many licenses of a pool are in each of these states. Together they are fewer than all generated: some expire or are revoked. */
export interface PoolCounts {
  /** An order can take them now. */
  available: number;
  /** They are held for orders. */
  held: number;
  /** They belong to customers, activated or not. */
  assigned: number;
}
