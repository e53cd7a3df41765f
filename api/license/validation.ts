/** Validates license keys for programs in the field. */
import { VALIDATION_CODES, validate } from '../../domain/license/validation';
import { readKey } from '../../transactions/license/certified-key';
import { route } from '../http/route';
import type { Route } from '../http/route';
import { EnvironmentShape } from '../http/shapes';
import { z } from '../http/zod';
import { startAnswerTime } from './answer-time';
import {
  AskedProductShape,
  DeviceIdShape,
  LicenseInUseShape,
  LicenseKeyShape,
  presentLicenseInUse,
} from './license-in-use-presenter';

const ValidationBody = z
  .strictObject({
    key: LicenseKeyShape,
    product_code: AskedProductShape.optional()
      .describe('The code of the product that asks; another one is WRONG_PRODUCT'),
    environment: EnvironmentShape.optional().describe('The environment of the program; another one is ENVIRONMENT_MISMATCH'),
    device_id: DeviceIdShape.optional().describe(
      'The device; without an activation on it, the license is NOT_ACTIVATED or TOO_MANY_DEVICES',
    ),
  })
  .openapi('LicenseValidate');

const CodeShape = z.enum(VALIDATION_CODES);

const ValidationShape = z
  .object({
    valid: z.boolean(),
    code: CodeShape.describe('VALID, or the first of the reasons'),
    reasons: z.array(CodeShape).describe('Every reason why it is not valid, in the order of precedence'),
    license: LicenseInUseShape.nullable().describe('null: no license of this product and environment has the key'),
    features: z.record(z.string(), z.unknown()).nullable().describe('What the license grants while it is valid'),
  })
  .openapi('LicenseValidation');

export const validationRoutes: Route[] = [
  route({
    operation_id: 'validateLicense',
    method: 'post',
    path: '/api/v1/licenses/validate',
    tag: 'Licenses in use',
    summary: 'Validate a license key',
    description: [
      'For programs in the field; needs no API key. The answer is 200 for every key, and says by its code why a key is not valid.',
      'A license of a pool is NOT_ASSIGNED until an order or an assignment gives it to a customer, and after its return.',
      'A key of another product or environment is answered like an unknown one, apart from the code.',
      'After too many wrong keys from one address in a minute, no key from it is looked up until the next minute.',
    ].join(' '),
    body: ValidationBody,
    examples: {
      'For a product and a device': { key: 'PRO-7K2MW-9QXHD', product_code: 'pro', device_id: 'd2f1c3' },
    },
    answers: { 200: { description: 'Whether the key is valid', schema: ValidationShape } },
    refusals: ['TOO_MANY_WRONG_KEYS'],
    audit: [],
    async handle({ api, body, client, now, request_id }) {
      const from = client();
      api.wrongKeys.refuseLimited(from);
      const time = startAnswerTime();
      try {
        const key = await readKey(api.db, body.key);
        const license = await api.lookUpLicense({ key, device_id: body.device_id ?? null, now });
        const at = license?.clock_now ?? now;
        const { code, reasons, shows_license } = validate(license, body, at);
        if (license === undefined || !shows_license) {
          await api.wrongKeys.count(from, request_id);
          await time.reached();
          return { status: 200, body: { valid: false, code, reasons, license: null, features: null } };
        }
        const activations = license.other_devices + (license.has_place ? 1 : 0);
        const shown = presentLicenseInUse(license, at, activations);
        return {
          status: 200,
          body: { valid: code === 'VALID', code, reasons, license: shown, features: license.features },
        };
      } finally {
        time.end();
      }
    },
  }),
];
