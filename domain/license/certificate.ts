/**
 * The signed form of a license: claims (RFC 7519) that a program verifies without a connection, by the public keys of the product.
 *
 * It names the customer by id and holds no name and no address: a certificate cannot be erased from the devices that it is on.
 */
import { addPeriodToInstant } from '../base/calendar';
import { earlierOf, millisOf } from '../base/instant';
import type { Instant } from '../base/instant';
import type { JsonObject } from '../base/json';
import { refuse } from '../base/refusal';
import type { Refusal } from '../base/refusal';
import { refusalOfReason } from './device';
import { licenseIdText } from './license';
import type { OwnExpiryRule } from './license-expiry';
import { reasonsAgainst } from './validation';
import type { LicenseInUse } from './validation';

/** The type in the header of a certificate (RFC 8725, 3.11). */
export const CERTIFICATE_TYPE = 'license+jwt';

/** A certificate fits into a QR code, a text field and a header field. Features take most of it. */
export const CERTIFICATE_BYTES_MAX = 2_048;

/** A license with what its certificate says and what decides whether there is one. */
export interface CertifiableLicense extends LicenseInUse {
  /** The stored id. */
  id: string;
  key: string;
  product_id: string;
  features: JsonObject;
  created_at: Instant;
  own_expiry: OwnExpiryRule | null;
}

/** What a certificate is issued for. */
export interface CertificateRequest {
  /** How long the certificate is valid at most; null: as long as the license. */
  valid_for: string | null;
  /** The only device on which it is valid; null: every device. */
  device_id: string | null;
}

/** The time of a certificate. */
export interface CertificateTerm {
  issued_at: Instant;
  /** Null: it is valid without an end. */
  expires_at: Instant | null;
}

/**
 * Why a license has no certificate at an instant of its contract's time: what makes it invalid for a program, a device that has no place, or an
 * expiry that is not known yet. A certificate without an end would outlive a license whose expiry begins later.
 */
export function certificateRefusal(
  license: CertifiableLicense,
  { device_id }: Pick<CertificateRequest, 'device_id'>,
  now: Instant,
): Refusal | null {
  const asked = device_id === null ? {} : { device_id };
  const [first] = reasonsAgainst(license, asked, now).filter((code) => code !== 'TOO_MANY_DEVICES');
  if (first !== undefined) return refusalOfReason(first, license, now);
  const { own_expiry, expires_at } = license;
  if (own_expiry === null || expires_at !== null) return null;
  return refuse('EXPIRY_NOT_KNOWN', { basis: own_expiry.basis });
}

/** The form of a license that is the same at every reading: issued when the license was generated, valid as long as the license. */
export function derivedTerm({ created_at, expires_at }: CertifiableLicense): CertificateTerm {
  return { issued_at: created_at, expires_at };
}

/**
 * The term of a certificate that is issued at an instant: it ends with the license, after `valid_for` on the clock of UTC, and with the lease of
 * its device, whichever is first.
 */
export function issuedTerm(
  { expires_at }: CertifiableLicense,
  { valid_for }: Pick<CertificateRequest, 'valid_for'>,
  leased_until: Instant | null,
  now: Instant,
): CertificateTerm {
  const ends = [
    expires_at,
    valid_for === null ? null : addPeriodToInstant(now, valid_for, 'UTC'),
    leased_until,
  ].filter((end) => end !== null);
  return { issued_at: now, expires_at: ends.length === 0 ? null : ends.reduce(earlierOf) };
}

/** The claims of a certificate. Claims without a value are left out; null limits nothing. */
export function certificateClaims(
  license: CertifiableLicense,
  term: CertificateTerm,
  { issuer, device_id }: { issuer: string; device_id: string | null },
): JsonObject {
  return {
    iss: issuer,
    // The id and not the code, which can be edited.
    aud: license.product_id,
    sub: licenseIdText(license.id),
    jti: license.key,
    iat: secondsOf(term.issued_at),
    ...(term.expires_at === null ? {} : { exp: secondsOf(term.expires_at) }),
    product: license.product_code,
    environment: license.environment,
    ...(license.customer_id === null ? {} : { customer: license.customer_id }),
    features: license.features,
    activation_limit: license.activation_limit,
    ...(license.is_test ? { test: true } : {}),
    ...(device_id === null ? {} : { device_id }),
  };
}

/** Refuses a certificate that is too large. */
export function certificateSizeRefusal(certificate: string): Refusal | null {
  const bytes = Buffer.byteLength(certificate);
  return bytes <= CERTIFICATE_BYTES_MAX ? null : refuse('CERTIFICATE_TOO_LARGE', { bytes, max: CERTIFICATE_BYTES_MAX });
}

/** An instant in the whole seconds of a JWT, rounded down: a certificate never outlives its license. */
function secondsOf(instant: Instant): number {
  return Math.floor(millisOf(instant) / 1_000);
}
