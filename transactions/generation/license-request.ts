/** A request for licenses, and what came of it. */
import type { CallerKey } from '../../db/access/admin-api-key';
import type { JobRow } from '../../db/generation/generation-job';
import type { Actor } from '../../domain/base/actor';
import type { Instant } from '../../domain/base/instant';
import type { Refusal } from '../../domain/base/refusal';
import type { Nudge } from '../../domain/contract/nudge';
import type { ContractAct } from '../contract/changed';

export interface LicenseRequest {
  contract_id: string;
  count: number;
  test: boolean;
  actor: Actor;
  channel: 'ui' | 'api';
  now: Instant;
  /** The revision of the contract from which alone it is granted; from any when left out. */
  expected_revision?: number | undefined;
  idempotency: { key: string; fingerprint: string } | null;
  request_id: string | null;
  /** The key of the caller, when it was looked up before this request came; null when it was looked up for it. */
  credential: Credential | null;
}

/** An API key that may have been revoked meanwhile. The granting statement checks it; every other answer needs `confirm` first. */
export interface Credential extends CallerKey {
  /** Looks the key up again and throws when it is no longer accepted. */
  confirm: () => Promise<void>;
}

/** What an answer tells of a job. */
export type GeneratedJob = Pick<JobRow, 'id' | 'serial' | 'execution' | 'requested' | 'quota_remaining' | 'expires_at'>;

/** A granted request, or the earlier one that this repeats. */
export interface Granted {
  job: GeneratedJob;
  replayed: boolean;
  /** The keys of licenses made just now, joined; null for a background job and for a replay, which is read from rows. */
  keys: string | null;
}

/** What came of a request; `nudge` names workflows to wake because a boundary was crossed on the way. */
export interface LicenseRequestOutcome {
  result: Granted | Refusal;
  nudge: Nudge;
}

/** Requests licenses: grants, replays or refuses. */
export type RequestLicenses = (request: LicenseRequest) => Promise<LicenseRequestOutcome>;

/** The request as an act on its contract. */
export function contractAct(request: LicenseRequest): ContractAct {
  return { id: request.contract_id, actor: request.actor, now: request.now, request_id: request.request_id };
}
