/** The shapes of the interface about contracts, and the states as colours. Their names come from the texts. */
import type { components } from '../base/interface';
import type { Tone } from '../base/status-badge';

export type Contract = components['schemas']['Contract'];
export type ContractListItem = components['schemas']['ContractListItem'];
export type GenerateResult = components['schemas']['GenerateResult'];
export type ContractState = Contract['state'];

export const STATE_TONES: Readonly<Record<ContractState, Tone>> = {
  DRAFT: 'neutral',
  SCHEDULED: 'waiting',
  ACTIVE: 'good',
  PAST_DUE: 'bad',
  EXPIRY_GRACE: 'waiting',
  PAUSED: 'waiting',
  SUSPENDED: 'bad',
  EXPIRED: 'neutral',
  TERMINATED: 'neutral',
  DELETED: 'neutral',
};

export const TYPES = ['standard', 'reseller', 'enterprise', 'pool'] as const;
export const STATUSES = ['active', 'inactive'] as const;
export const ENVIRONMENTS = ['production', 'staging', 'development'] as const;
export const STATES = Object.keys(STATE_TONES) as ContractState[];
