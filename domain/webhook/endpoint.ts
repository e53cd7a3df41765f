/** Endpoints: the receivers of domain events, and what people can do with them (domain.md 5.6). */
import type { Environment } from '../base/environment';
import type { Instant } from '../base/instant';
import { allowedUnless, refuse } from '../base/refusal';
import type { Allowed, Refusal } from '../base/refusal';

export const ENDPOINT_STATUSES = ['enabled', 'disabled', 'ending', 'removed'] as const;
export type EndpointStatus = (typeof ENDPOINT_STATUSES)[number];

export const DISABLED_REASONS = ['by_hand', 'gone', 'failing'] as const;
export type DisabledReason = (typeof DISABLED_REASONS)[number];

/** Endpoints that one contract can have, and those without a contract. */
export const ENDPOINTS_OF_CONTRACT_MAX = 50;
export const ENDPOINTS_WITHOUT_CONTRACT_MAX = 100;

/** Hours for which a secret that was replaced still signs: the default and the longest. */
export const OVERLAP_HOURS_DEFAULT = 24;
export const OVERLAP_HOURS_MAX = 30 * 24;
/** Secrets that were replaced and still sign. A rotation ends the oldest one beyond them. */
export const OLD_SECRETS_MAX = 5;

export const RATE_PER_SECOND_MAX = 10_000;

/** What people set. */
export interface EndpointTerms {
  url: string;
  events: string[];
  description: string | null;
  /** Attempts that begin in a second at most; null: as many as the receiver answers. */
  rate_per_second: number | null;
}

/** An endpoint as decisions see it. */
export interface EndpointFacts extends EndpointTerms {
  id: string;
  contract_id: string | null;
  /** Null: all environments. */
  environment: Environment | null;
  /** Whether the field `webhook_url` of its contract made it. */
  is_of_contract: boolean;
  status: EndpointStatus;
  disabled_reason: DisabledReason | null;
  disabled_at: Instant | null;
  revision: number;
}

export type EndpointActionName = 'update' | 'delete' | 'rotate_secret' | 'enable' | 'disable' | 'test';

/** For each action: whether it is possible now. */
export function endpointActions(endpoint: EndpointFacts): Record<EndpointActionName, Allowed> {
  const change = allowedUnless(removedRefusal(endpoint));
  return {
    update: change,
    delete: allowedUnless(deleteRefusal(endpoint)),
    rotate_secret: change,
    enable: change,
    disable: change,
    test: allowedUnless(testRefusal(endpoint)),
  };
}

/** Refuses to change an endpoint that is removed, or that only receives what it is still owed. */
export function removedRefusal({ id, status }: EndpointFacts): Refusal | null {
  return status === 'removed' || status === 'ending' ? refuse('WEBHOOK_ENDPOINT_REMOVED', { endpoint_id: id }) : null;
}

/** Refuses to remove an endpoint that its contract has made. One that is removed can be removed again. */
export function deleteRefusal({ id, is_of_contract, contract_id, status }: EndpointFacts): Refusal | null {
  const is_kept = is_of_contract && (status === 'enabled' || status === 'disabled');
  return is_kept ? refuse('WEBHOOK_ENDPOINT_OF_CONTRACT', { endpoint_id: id, contract_id }) : null;
}

/** Refuses another URL for an endpoint that its contract has made: the contract names it. */
export function urlRefusal({ id, is_of_contract, contract_id, url }: EndpointFacts, edited: string): Refusal | null {
  if (!is_of_contract || edited === url) return null;
  return refuse('WEBHOOK_ENDPOINT_OF_CONTRACT', { endpoint_id: id, contract_id });
}

/** Refuses to test an endpoint to which nothing is sent. */
export function testRefusal(endpoint: EndpointFacts): Refusal | null {
  const { id, status, disabled_reason } = endpoint;
  if (status === 'disabled') return refuse('WEBHOOK_ENDPOINT_DISABLED', { endpoint_id: id, disabled_reason });
  return removedRefusal(endpoint);
}

/** Refuses one endpoint more than a contract, or all that have no contract, can have. */
export function tooManyRefusal(contract_id: string | null, existing: number): Refusal | null {
  const max = contract_id === null ? ENDPOINTS_WITHOUT_CONTRACT_MAX : ENDPOINTS_OF_CONTRACT_MAX;
  return existing < max ? null : refuse('TOO_MANY_WEBHOOK_ENDPOINTS', { max, contract_id });
}
