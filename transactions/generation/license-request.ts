/** A request for licenses, and its result. */
import type { CallerKey } from '../../db/access/caller-key';
import type { JobRow } from '../../db/generation/generation-job';
import type { Actor } from '../../domain/base/actor';
import type { Channel } from '../../domain/base/channel';
import type { Instant } from '../../domain/base/instant';
import type { Refusal } from '../../domain/base/refusal';
import type { Admission, RateCounts } from '../../domain/generation/rate';
import type { Nudge } from '../../domain/contract/nudge';
import type { ContractAct } from '../contract/changed-contract';

export interface LicenseRequest {
  contract_id: string;
  count: number;
  test: boolean;
  actor: Actor;
  channel: Channel;
  now: Instant;
  /** The revision of the contract that the request is for; any revision when left out. */
  expected_revision?: number | undefined;
  idempotency: { key: string; fingerprint: string } | null;
  request_id: string | null;
  /** Whether it counts in the rate windows of its contract: true for the contract's own API key. */
  rated: boolean;
  /** The API key of the caller if it was looked up for an earlier request; null when it was looked up for this one. */
  credential: Credential | null;
}

/**
 * An API key that may have been revoked since its lookup. The granting statement checks it; every other answer needs `confirm`
 * first.
 */
export interface Credential {
  key: CallerKey;
  /** Looks the key up again and throws when it is no longer accepted. */
  confirm: () => Promise<void>;
}

/** The fields of a job in an answer. */
export type GeneratedJob = Pick<
  JobRow,
  'id' | 'serial' | 'execution' | 'requested' | 'quota_remaining' | 'expires_at' | 'is_signed'
>;

/** A granted request, or the earlier request that it repeats. */
export interface Granted {
  job: GeneratedJob;
  replayed: boolean;
  /** The joined keys of the new licenses; null for a background job and for a replay, which is read from rows. */
  keys: string | null;
}

/** The outcome of a request; `nudge` names the workflows to signal because a boundary was applied. */
export interface LicenseRequestOutcome {
  result: Granted | Refusal;
  nudge: Nudge;
  /** The rate windows after a rated request; null for others, and for a contract that never had limits. */
  rate: RateCounts | null;
}

/**
 * The admission of a rated request. It is set when the statement that judged the request has committed, so that no later statement
 * counts it again, however often the request is tried.
 */
export interface RatedCall {
  admission: Admission | null;
}

/** Requests licenses: grants, replays or refuses. */
export type RequestLicenses = (request: LicenseRequest) => Promise<LicenseRequestOutcome>;

/** The request as an act on its contract. */
export function contractAct(request: LicenseRequest): ContractAct {
  return { id: request.contract_id, actor: request.actor, now: request.now, request_id: request.request_id };
}
