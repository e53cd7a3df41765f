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

/**
 * Kinds that only inform: they change no fact, no state and no right, and nothing receives their domain event at its instant. A
 * kind is removed from this list when something does, such as a notification.
 */
const INFORMING_KINDS: readonly BoundaryKind[] = ['reminder', 'notice_deadline'];

/**
 * Whether something must happen at the instant of such a boundary. The workflow of the contract, the sweep, `settleDue` and the
 * health checks wait only for these. The others are applied, each at its own instant, when the contract is settled next: by a
 * request, a command, a billing event or the next awaited boundary.
 */
export function isAwaited(kind: BoundaryKind): boolean {
  return !INFORMING_KINDS.includes(kind);
}
