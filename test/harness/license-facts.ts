/** Facts of licenses for tests. */
import type { LicenseOfDevice } from '../../domain/license/device';
import type { LicenseFacts } from '../../domain/license/license-facts';

/** Such a license of a program in production, for any number of devices. */
export function buildLicenseInUse(changes: Partial<LicenseOfDevice> = {}): LicenseOfDevice {
  return {
    ...UNUSED_LICENSE,
    is_test: false,
    is_pooled: false,
    environment: 'production',
    product_code: 'pro',
    activation_limit: null,
    other_devices: 0,
    has_place: false,
    is_stored: false,
    issued_licenses: 'keep',
    suspended_by: null,
    ...changes,
  };
}

/** A license that was not used yet and does not expire. */
export const UNUSED_LICENSE: LicenseFacts = {
  customer_id: null,
  assigned_at: null,
  held_until: null,
  activated_at: null,
  suspended_at: null,
  revoked_at: null,
  expires_at: null,
};
