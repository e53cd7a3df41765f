/** The states of endpoints and deliveries as colours. Their names come from the texts. */
import type { components } from '../base/interface';
import type { Tone } from '../base/status-badge';

export type Endpoint = components['schemas']['WebhookEndpoint'];
export type Delivery = components['schemas']['WebhookDelivery'];

export const ENDPOINT_TONES: Readonly<Record<Endpoint['status'], Tone>> = {
  enabled: 'good',
  disabled: 'bad',
  ending: 'waiting',
  removed: 'neutral',
};

export const DELIVERY_TONES: Readonly<Record<Delivery['status'], Tone>> = {
  owed: 'waiting',
  delivered: 'good',
  failed: 'bad',
};

/** The key of the sentence that says what an endpoint receives now, and why. */
export function stateKey({ status, disabled_reason, failing_since, delivered_at }: Endpoint) {
  if (status === 'disabled') return `state.disabled.${disabled_reason ?? 'by_hand'}` as const;
  if (status !== 'enabled') return `state.${status}` as const;
  if (failing_since !== null) return 'state.failing';
  return delivered_at === null ? 'state.unused' : 'state.delivering';
}
