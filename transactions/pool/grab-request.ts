/** A request for licenses from a pool, and its result. */
import type { HeldLicense, HoldWithClock } from '../../db/pool/hold';
import type { Actor } from '../../domain/base/actor';
import type { Instant } from '../../domain/base/instant';
import type { Refusal } from '../../domain/base/refusal';
import type { Nudge } from '../../domain/contract/nudge';
import type { RateCounts } from '../../domain/generation/rate';
import type { Credential } from '../generation/license-request';

export interface GrabRequest {
  contract_id: string;
  /** The order of the caller. A repeated request for it takes no others. */
  order_ref: string;
  count: number;
  /** The customer, who is created if missing; null: not known yet. */
  customer_email: string | null;
  /** How long the licenses are held; null: they are assigned to the customer at once. */
  hold_minutes: number | null;
  /** Identifies the content of the request. */
  fingerprint: string;
  actor: Actor;
  now: Instant;
  request_id: string | null;
  /** Whether it counts as a request in the rate windows of its contract. */
  rated: boolean;
  /** The API key of the caller if it was looked up for an earlier request. */
  credential: Credential | null;
}

/** The hold of an order, with the licenses that belong to it. */
export interface GrabbedHold {
  hold: Omit<HoldWithClock, 'fingerprint' | 'environment'>;
  licenses: HeldLicense[];
  replayed: boolean;
  /** Whether the pool is to be replenished because of it. */
  replenishes: boolean;
}

/** The outcome of a request; `nudge` names the workflows to signal because a boundary was applied. */
export interface GrabOutcome {
  result: GrabbedHold | Refusal;
  nudge: Nudge;
  /** The rate windows after a rated request; null for others, and for a contract that never had limits. */
  rate: RateCounts | null;
}

/** Takes licenses from a pool: grants, replays or refuses. */
export type GrabLicenses = (request: GrabRequest) => Promise<GrabOutcome>;
