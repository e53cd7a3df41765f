/** The outcomes of billing events as colours. Their names come from the texts. */
import type { components } from '../base/interface';
import type { Tone } from '../base/status-badge';

export type BillingEvent = components['schemas']['BillingEvent'];

export const OUTCOME_TONES: Readonly<Record<BillingEvent['outcome'], Tone>> = {
  pending: 'waiting',
  applied: 'good',
  ignored: 'neutral',
  parked: 'bad',
};
