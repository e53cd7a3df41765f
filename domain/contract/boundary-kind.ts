/** The kinds of boundaries: instants at which time alone changes a contract. */
import type { Instant } from '../base/instant';

/** In the order in which boundaries of the same instant apply (decisions 2). */
export const BOUNDARY_KINDS = [
  'starts',
  'resumes',
  'quota_granted',
  'amendment',
  'reminder',
  'notice_deadline',
  'past_due',
  'suspends',
  'terminates',
  'renews',
  'grace_starts',
  'expires',
] as const;
export type BoundaryKind = (typeof BOUNDARY_KINDS)[number];

export interface Boundary {
  at: Instant;
  kind: BoundaryKind;
}
