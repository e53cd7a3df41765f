/** The states of notifications and recipients as colours. Their names come from the texts. */
import type { components } from '../base/interface';
import type { Tone } from '../base/status-badge';

export type Notification = components['schemas']['Notification'];
export type Recipient = components['schemas']['NotificationRecipient'];
export type KindName = keyof components['schemas']['NotificationSettings']['kinds'];
export type Role = components['schemas']['NotificationKindSettings']['roles'][number];

export const STATE_TONES: Readonly<Record<Notification['state'], Tone>> = {
  waiting: 'waiting',
  owed: 'waiting',
  sent: 'good',
  included: 'good',
  failed: 'bad',
  suppressed: 'neutral',
};

export const RECIPIENT_TONES: Readonly<Record<Recipient['status'], Tone>> = {
  ok: 'good',
  bounced: 'bad',
  complained: 'bad',
  erased: 'neutral',
};

const NAMES: Readonly<Record<Notification['kind'], true>> = {
  licenses_ready: true,
  order_licenses: true,
  past_due: true,
  suspended: true,
  reinstated: true,
  terminated: true,
  renewal_reminder: true,
  renewed: true,
  will_not_renew: true,
  expired: true,
  quota_80: true,
  quota_100: true,
  quota_raised: true,
  limit_exceeded: true,
  low_water: true,
  replenish_blocked: true,
  webhook_disabled: true,
  job_failed: true,
  api_key_revealed: true,
  api_key_rotated: true,
  report: true,
  digest: true,
};

export const KINDS = Object.keys(NAMES) as Notification['kind'][];
export const ROLES = [
  'customer',
  'billing_contact',
  'responsible_person',
  'account_manager',
  'operator',
] as const satisfies readonly Role[];
