/** One event that is owed to one endpoint: its states, and what people can do about it. */
import { allowedUnless, refuse } from '../base/refusal';
import type { Allowed, Refusal } from '../base/refusal';
import type { Instant } from '../base/instant';
import type { AttemptFailure } from './attempt';

/** `failed`: no attempt follows. */
export const DELIVERY_STATUSES = ['owed', 'delivered', 'failed'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** How an attempt ended. `gone`: the receiver answered 410, so its endpoint was disabled. */
export const ATTEMPT_OUTCOMES = ['delivered', 'failed', 'gone'] as const;
export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number];

/** What decides whether an endpoint receives anything. */
export interface EndpointState {
  id: string;
  status: 'enabled' | 'disabled' | 'ending' | 'removed';
  disabled_reason: 'by_hand' | 'gone' | 'failing' | null;
}

export type DeliveryActionName = 'redeliver';

/** For each action on a delivery: whether it is possible now. */
export function deliveryActions(endpoint: EndpointState): Record<DeliveryActionName, Allowed> {
  return { redeliver: allowedUnless(unreachableRefusal(endpoint)) };
}

/** The refusal to send to an endpoint that receives nothing. An endpoint of a deleted contract receives what it is still owed. */
export function unreachableRefusal({ id, status, disabled_reason }: EndpointState): Refusal | null {
  if (status === 'disabled') return refuse('WEBHOOK_ENDPOINT_DISABLED', { endpoint_id: id, disabled_reason });
  return status === 'removed' ? refuse('WEBHOOK_ENDPOINT_REMOVED', { endpoint_id: id }) : null;
}

/** The same for events that the endpoint is not owed yet: an endpoint that ends is owed nothing new. */
export function notRecoverableRefusal(endpoint: EndpointState): Refusal | null {
  if (endpoint.status === 'ending') return refuse('WEBHOOK_ENDPOINT_REMOVED', { endpoint_id: endpoint.id });
  return unreachableRefusal(endpoint);
}

/** What an attempt met, as its row has it. */
export interface AttemptFacts {
  at: Instant;
  outcome: AttemptOutcome | null;
  http_status: number | null;
  failure: AttemptFailure | null;
}

/** What to do about an attempt without an answer, by its failure. */
const FAILURE_TEXTS: Record<AttemptFailure, string> = {
  timeout:
    'The receiver did not answer in time: 5 seconds to connect, 15 seconds in all. Answer first, then do the work.',
  dns: 'The name of the receiver was not found. Check the host name in the URL of the endpoint.',
  address_not_allowed:
    'The address of the receiver is not public. The operator of this installation can allow private networks by a setting.',
  certificate:
    'The certificate of the receiver was refused. Check that it is valid for the host name and that its chain is complete.',
  tls: 'The connection could not be encrypted. Check that the receiver speaks HTTPS at the port of the URL.',
  connection:
    'The connection was refused or closed before the answer was complete. Check that the receiver runs and can be reached from here.',
  answer:
    'The receiver answered something that is not HTTP/1.1, or header fields that are too long. Check that the URL names the right port.',
};

/** What an attempt means, as a sentence. */
export function attemptText({ outcome, http_status, failure }: Omit<AttemptFacts, 'at'>): string {
  if (outcome === null)
    return 'The attempt has no result yet: it is in flight, or its process ended before the answer.';
  if (outcome === 'delivered') return `The receiver accepted the event with status ${http_status}.`;
  if (outcome === 'gone')
    return 'The receiver answered 410: it wants no more events, so its endpoint was disabled. Enable the endpoint to send again.';
  return failure === null ? statusText(http_status ?? 0) : FAILURE_TEXTS[failure];
}

function statusText(status: number): string {
  if (status >= 300 && status < 400)
    return `The receiver answered ${status}. Redirects are not followed: set the URL of the endpoint to its target.`;
  if (status === 401 || status === 403)
    return `The receiver refused the event with status ${status}. Check that it verifies with the current secret of the endpoint, and that nothing in front of it asks for credentials.`;
  if (status === 404 || status === 405)
    return `The receiver answered ${status}. Check the path in the URL of the endpoint.`;
  if (status === 429 || status === 503)
    return `The receiver was busy (status ${status}). Its Retry-After decides when the next attempt is due, if that is later.`;
  return `The receiver answered ${status}, which does not accept the event. Only statuses from 200 to 299 do.`;
}
