/** Facts of licenses for tests. */
import type { LicenseFacts } from '../../domain/license/license-facts';

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
