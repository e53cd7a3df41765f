/** What the public interface shows of a license to a program that knows its key. */
import { CERTIFICATE_BYTES_MAX } from '../../domain/license/certificate';
import { DEVICE_ID_CHARS_MAX, DEVICE_NAME_CHARS_MAX } from '../../domain/license/device';
import { licenseIdText } from '../../domain/license/license';
import { LICENSE_STATUSES, licenseStatus } from '../../domain/license/license-facts';
import type { Instant } from '../../domain/base/instant';
import type { LicenseInUse } from '../../domain/license/validation';
import { EnvironmentShape, InstantShape, plainText } from '../http/shapes';
import { z } from '../http/zod';

const PRODUCT_CODE_CHARS_MAX = 200;

export const LicenseKeyShape = plainText(z.string().trim().min(1).max(CERTIFICATE_BYTES_MAX)).describe(
  'The license key, or a certificate of the license, whose signature is verified and whose claim `jti` is the key',
);
/** The code of the product of the program. */
export const AskedProductShape = plainText(z.string().min(1).max(PRODUCT_CODE_CHARS_MAX));
export const DeviceIdShape = plainText(z.string().min(1).max(DEVICE_ID_CHARS_MAX)).describe(
  'What identifies the device for the program, always the same text',
);
export const DeviceNameShape = plainText(z.string().min(1).max(DEVICE_NAME_CHARS_MAX));

export const LicenseInUseShape = z
  .object({
    id: z.string().describe('An opaque id'),
    status: z.enum(LICENSE_STATUSES),
    product_code: z.string(),
    environment: EnvironmentShape,
    is_test: z.boolean(),
    expires_at: InstantShape.nullable().describe('The end of its validity; null: none'),
    activated_at: InstantShape.nullable().describe('The first activation on a device'),
    activations: z.int().describe('Devices on which it is active'),
    activation_limit: z.int().nullable().describe('Devices on which it can be active; null: unlimited'),
  })
  .openapi('LicenseInUse');

/** Presents a license at the time of its contract. */
export function presentLicenseInUse(license: LicenseInUse & { id: string }, at: Instant, activations: number) {
  return {
    id: licenseIdText(license.id),
    status: licenseStatus(license, at),
    product_code: license.product_code,
    environment: license.environment,
    is_test: license.is_test,
    expires_at: license.expires_at,
    activated_at: license.activated_at,
    activations,
    activation_limit: license.activation_limit,
  };
}
