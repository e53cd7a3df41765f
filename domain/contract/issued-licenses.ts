/** What a suspension of a contract does to the licenses that it issued (domain.md 2.2, note **). */

/**
 * `keep`: nothing. `no_new_activations`: they stay valid, and no further device is activated. `suspend`: they are not valid until the
 * contract is reinstated. A suspension is that of billing or compliance; a pause never affects issued licenses.
 */
export const ISSUED_LICENSES_POLICIES = ['keep', 'no_new_activations', 'suspend'] as const;
export type IssuedLicensesPolicy = (typeof ISSUED_LICENSES_POLICIES)[number];

export interface OnSuspend {
  issued_licenses: IssuedLicensesPolicy;
}

export const DEFAULT_ON_SUSPEND: OnSuspend = { issued_licenses: 'keep' };

/** The longest lease of a device, in minutes: 400 days. */
export const DEVICE_LEASE_MINUTES_MAX = 400 * 24 * 60;
