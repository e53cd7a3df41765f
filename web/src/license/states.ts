/** The statuses of a license as colours. Their names come from the texts. */
import type { Tone } from '../base/status-badge';
import type { LicenseStatus } from './license-query';

export const STATUS_TONES: Readonly<Record<LicenseStatus, Tone>> = {
  available: 'neutral',
  held: 'waiting',
  assigned: 'good',
  active: 'good',
  suspended: 'bad',
  expired: 'neutral',
  revoked: 'bad',
};

export const STATUSES = Object.keys(STATUS_TONES) as LicenseStatus[];
export const ENVIRONMENTS = ['production', 'staging', 'development'] as const;
