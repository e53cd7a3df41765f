/** What the devices of a license may do: activate, deactivate, report that they are in use. */
import type { Instant } from '../base/instant';
import { refuse } from '../base/refusal';
import type { Refusal } from '../base/refusal';
import { licenseStatus } from './license-facts';
import { reasonsAgainst } from './validation';
import type { LicenseInUse, LicenseQuestion, ReasonCode } from './validation';

export const DEVICE_ACTIONS = ['activate', 'deactivate', 'heartbeat'] as const;
export type DeviceAction = (typeof DEVICE_ACTIONS)[number];

export const DEVICE_ID_CHARS_MAX = 200;
export const DEVICE_NAME_CHARS_MAX = 200;

/** A license as a device finds it, under the lock of its facts. */
export interface LicenseOfDevice extends LicenseInUse {
  /** Whether the device is stored, also when its lease is over. */
  is_stored: boolean;
}

/** What a device asks of a license. */
export interface DeviceQuestion extends LicenseQuestion {
  action: DeviceAction;
  device_id: string;
}

/**
 * Why a device is refused; null when it is not. `use_device` in db/schema.sql decides the same under the lock; a test compares both.
 * A device can always be deactivated. A device that has a place can be activated again, and takes no further one. A device whose lease
 * is over returns by a heartbeat while there is a place.
 */
export function deviceRefusal(
  { action, ...question }: DeviceQuestion,
  license: LicenseOfDevice,
  now: Instant,
): Refusal | null {
  if (action === 'deactivate') return null;
  const reasons = reasonsAgainst(license, question, now);
  const [first] = reasons.filter((code) => code !== 'NOT_ACTIVATED' && (code !== 'TOO_MANY_DEVICES' || mayTakePlace(action, license)));
  if (first !== undefined) return refusalOfReason(first, license, now);
  if (action === 'heartbeat' && !license.is_stored) return refuse('DEVICE_NOT_ACTIVATED');
  const is_blocked = !license.has_place && license.suspended_by !== null;
  return is_blocked ? contractRefusal() : null;
}

/** Whether the device takes a place if there is one. */
function mayTakePlace(action: DeviceAction, { is_stored }: LicenseOfDevice): boolean {
  return action === 'activate' || is_stored;
}

/** The refusal for a reason why a license is not valid. */
export function refusalOfReason(code: ReasonCode, license: LicenseInUse, now: Instant): Refusal {
  const { revoked_at, suspended_at, expires_at, activation_limit, other_devices } = license;
  switch (code) {
    case 'ENVIRONMENT_MISMATCH':
    case 'WRONG_PRODUCT':
      return refuse(code);
    case 'REVOKED':
      return refuse('LICENSE_REVOKED', { revoked_at });
    case 'SUSPENDED':
      return refuse('LICENSE_SUSPENDED', { suspended_at });
    case 'EXPIRED':
    case 'TEST_LICENSE_EXPIRED':
      return refuse('LICENSE_EXPIRED', { expires_at });
    case 'NOT_ASSIGNED':
      return refuse('LICENSE_NOT_ASSIGNED', {
        status: licenseStatus(license, now),
        remedy: 'Its seller takes it from the pool for an order, or assigns it to a customer.',
      });
    case 'TOO_MANY_DEVICES':
      return refuse('TOO_MANY_DEVICES', { activation_limit, activations: other_devices });
    case 'NOT_ACTIVATED':
      return refuse('DEVICE_NOT_ACTIVATED');
    default:
      return contractRefusal();
  }
}

/** The answer does not say why: whether invoices of the contract are unpaid is between its customer and the vendor. */
function contractRefusal(): Refusal {
  return refuse('CONTRACT_INACTIVE', { inactive_reason: 'SUSPENDED', remedy: 'Ask the seller of the license.' });
}

/** Refuses an activation whose own expiry is over at once, because the contract of the license has ended. */
export function ownExpiryRefusal(expires_at: Instant | null, now: Instant): Refusal | null {
  return expires_at !== null && expires_at <= now ? refuse('LICENSE_EXPIRED', { expires_at }) : null;
}
