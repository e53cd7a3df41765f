/**
 * Whether a license is valid for the program that asks, and every reason why not.
 *
 * One table has the codes in the order of their precedence: what is final comes before what can be undone, and what concerns the
 * license before what concerns its contract and the device. So NOT_ASSIGNED stands after what makes a license useless for every customer,
 * and before everything that only matters to the customer who has it.
 */
import type { Environment } from '../base/environment';
import type { Instant } from '../base/instant';
import type { HoldSource } from '../contract/facts';
import type { IssuedLicensesPolicy } from '../contract/issued-licenses';
import { isUnassigned } from './license-facts';
import type { LicenseFacts } from './license-facts';

/** A license with what decides its validity. */
export interface LicenseInUse extends LicenseFacts {
  is_test: boolean;
  /** Whether it is given to customers from a pool. Until then it is for sale, and cannot be used. Test licenses are in no pool. */
  is_pooled: boolean;
  environment: Environment;
  product_code: string;
  /** Devices that can have a place; null: any number. */
  activation_limit: number | null;
  /** The devices that have a place, without the one that asks. */
  other_devices: number;
  /** Whether the device that asks has a place. */
  has_place: boolean;
  /** What a suspension of its contract means for it. */
  issued_licenses: IssuedLicensesPolicy;
  /** Who suspends its contract; null: it is not suspended, or the policy is `keep`. */
  suspended_by: HoldSource | null;
}

/** What a program asks. A field that is left out is not checked. */
export interface LicenseQuestion {
  product_code?: string | undefined;
  environment?: Environment | undefined;
  device_id?: string | undefined;
}

type Holds = (license: LicenseInUse, question: LicenseQuestion, now: Instant) => boolean;

/** Why a license is not valid, by code, in the order of precedence. */
const REASONS = {
  ENVIRONMENT_MISMATCH: (license, { environment }) => environment !== undefined && environment !== license.environment,
  WRONG_PRODUCT: (license, { product_code }) => product_code !== undefined && product_code !== license.product_code,
  REVOKED: ({ revoked_at }) => revoked_at !== null,
  SUSPENDED: ({ suspended_at }) => suspended_at !== null,
  TEST_LICENSE_EXPIRED: (license, _, now) => license.is_test && isExpired(license, now),
  EXPIRED: (license, _, now) => !license.is_test && isExpired(license, now),
  NOT_ASSIGNED: (license) => license.is_pooled && isUnassigned(license),
  BILLING_SUSPENDED: (license) => suspendsIssued(license) && license.suspended_by === 'billing',
  CONTRACT_INACTIVE: (license) => suspendsIssued(license) && license.suspended_by !== 'billing',
  TOO_MANY_DEVICES: (license, { device_id }) => device_id !== undefined && hasNoPlaceFor(license),
  NOT_ACTIVATED: ({ has_place }, { device_id }) => device_id !== undefined && !has_place,
} as const satisfies Record<string, Holds>;

export type ReasonCode = keyof typeof REASONS;
const REASON_CODES = Object.keys(REASONS) as ReasonCode[];

/** Codes of keys that belong to another product or environment. Nothing else is said about such a license. */
const FOREIGN_CODES: readonly ReasonCode[] = ['ENVIRONMENT_MISMATCH', 'WRONG_PRODUCT'];

export function isForeign(code: string): boolean {
  return (FOREIGN_CODES as readonly string[]).includes(code);
}

export const VALIDATION_CODES = ['VALID', 'NOT_FOUND', ...REASON_CODES] as const;
export type ValidationCode = (typeof VALIDATION_CODES)[number];

export interface Validation {
  code: ValidationCode;
  /** Every code that applies, in the order of precedence; empty for a valid license. */
  reasons: ValidationCode[];
  /** Whether the answer shows the license. */
  shows_license: boolean;
}

/**
 * The answer about a key. Undefined: there is no license with this key. A foreign key has no further reasons, so a program learns
 * nothing about licenses of other products; that the key exists, it would learn without a product code too.
 */
export function validate(license: LicenseInUse | undefined, question: LicenseQuestion, now: Instant): Validation {
  if (license === undefined) return { code: 'NOT_FOUND', reasons: ['NOT_FOUND'], shows_license: false };
  const reasons = reasonsAgainst(license, question, now);
  const foreign = reasons.filter(isForeign);
  if (foreign[0] !== undefined) return { code: foreign[0], reasons: foreign, shows_license: false };
  return { code: reasons[0] ?? 'VALID', reasons, shows_license: true };
}

/** Every reason why a license is not valid, in the order of precedence. */
export function reasonsAgainst(license: LicenseInUse, question: LicenseQuestion, now: Instant): ReasonCode[] {
  return REASON_CODES.filter((code) => REASONS[code](license, question, now));
}

/** Whether the suspension of its contract makes the license invalid. */
function suspendsIssued({ suspended_by, issued_licenses }: LicenseInUse): boolean {
  return suspended_by !== null && issued_licenses === 'suspend';
}

function isExpired({ expires_at }: LicenseFacts, now: Instant): boolean {
  return expires_at !== null && expires_at <= now;
}

function hasNoPlaceFor({ has_place, activation_limit, other_devices }: LicenseInUse): boolean {
  return !has_place && activation_limit !== null && other_devices >= activation_limit;
}
